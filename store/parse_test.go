package store

import (
	"reflect"
	"testing"
)

func FuzzParsedLinesAreWrittenAsTheSame(f *testing.F) {
	for _, line := range []string{
		`{"table":"resolution","width":"1h0m0s","until":"2026-03-02T09:00:00Z"}`,
		`{"table":"account","account":1,"source":"ads","platform_id":"act_1"}`,
		`{"table":"entity","entity":1,"account":1,"level":"campaign","platform_id":"7"}`,
		`{"table":"hour","entity":1,"date":"2026-03-02","hour":9,"at":"2026-03-02T09:00:00.123Z","cost":"-12.5","clicks":0}`,
		`{"table":"day","entity":1,"date":"2026-03-02","summed":true,"at":"2026-03-02T09:00:00Z","until":"2026-03-02T09:05:00Z"}`,
		`{"table":"poll","account":1,"at":"2026-03-02T09:00:00Z","from":"2026-03-01","to":"2026-03-02","failure":"quota","retry_after":"1m0s","warnings":["late"],"quota_used":0.25}`,
		`{"table":"rate","from":"USD","to":"EUR","date":"2026-03-02","at":"2026-03-02T09:00:00Z","rate":"1.08"}`,
		`{"table":"evaluation","channel":"TikTok","at":"2026-03-02T09:00:00Z","p":0.91,"known":true,"detail":{"n":1}}`,
		`{"table":"silence","silence":"s","at":"2026-03-02T09:00:00Z","matchers":{"channel":"T*"},"starts":"2026-03-02T09:00:00Z","ends":"2262-04-11T23:47:16.854775807Z"}`,
		`{"table":"cursor","account":1,"at":"2026-03-02T09:00:00Z","state":"AAH/"}`,
		`{"table":"end","lines":1}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := parser{line: 1}
		p.accounts.add(1)
		p.entities.add(1)
		r, err := p.parse(text)
		if err != nil || r == nil {
			return
		}
		line, err := r.fact.encode(nil, r.values)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", text, err)
		}
		p.line, p.open = 1, nil
		again, err := p.parse(append(line, '}'))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%s\nis written as\n%s}\nand read as %+v, not %+v (%v)", text, line, again, r, err)
		}
	})
}
