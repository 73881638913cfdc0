package httpkit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"adtop/sources"
)

func TestScannerReadsWhatIsAskedForAndSkipsTheRest(t *testing.T) {
	s := NewScanner([]byte(` {"code":0,"more":{"a":[1,{"b":null}],"c":"}"},"rows":[
		{"id":"7","name":"a\"b\u00fc","spend":"12.50","clicks":3},
		{"spend":"-","id":1714125042508817,"clicks":null,"odd":[true,false,-0.5e+2]}],"last":{}} `))
	s.Missing = "-"
	type row struct {
		id, name string
		spend    Decimal
		clicks   Integer
	}
	var got []row
	for key := range s.Object() {
		if string(key) != "rows" {
			continue
		}
		for range s.Array() {
			var r row
			for key := range s.Object() {
				switch string(key) {
				case "id":
					r.id = string(s.Text())
				case "name":
					r.name = string(s.Text())
				case "spend":
					r.spend = s.Decimal()
				case "clicks":
					r.clicks = s.Integer()
				}
			}
			got = append(got, r)
		}
	}
	if err := s.End(); err != nil {
		t.Fatal(err)
	}
	want := []row{{"7", `a"bü`, Decimal{12_500_000, true}, Integer{3, true}}, {id: "1714125042508817"}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestScannerSaysWhereAnAnswerCannotBeRead(t *testing.T) {
	for body, says := range map[string]string{
		``:                        "empty",
		`  `:                      "empty",
		`OK, come back`:           "not JSON from byte 1",
		`{"rows":7}`:              "a number where an array belongs at rows (byte 9)",
		`{"rows":[{"spend":{}}]}`: "an object where a number belongs at rows[0].spend",
		`{"rows":[{"spend":"1"},{"spend":true}]}`: "true or false where a number belongs at rows[1].spend",
		`{"rows":[{"spend":"12,5"}]}`:             `"12,5" where a number belongs at rows[0].spend`,
		`{"rows":[{"spend":"1"},{"spe`:            "breaks off at byte 28",
		`{"rows":[{"spend":1`:                     "breaks off",
		`{"rows":[{"spend":tr`:                    "breaks off",
		`{"rows":[]} {}`:                          "not JSON from byte 13",
		`{"rows":[{},]}`:                          "not JSON",
		`{"rows":[{"spend":01}]}`:                 "not JSON",
		`null`:                                    "null where an object belongs at its top",
		`[]`:                                      "an array where an object belongs at its top",
		`{"x":` + strings.Repeat("[", 100):        "nested deeper",
	} {
		s := NewScanner([]byte(body))
		for key := range s.Object() {
			if string(key) == "rows" {
				for range s.Array() {
					for range s.Object() {
						s.Decimal()
					}
				}
			}
		}
		if err := s.End(); sources.KindOf(err) != sources.Malformed || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", body, err, says)
		}
	}
}

// FuzzScanner holds the scanner to encoding/json: it takes what that takes,
// and nothing else.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"b",null,{"c":-1.5e3}],"d":"\u00fc\n"}`, `[[],{},"",0,true]`, `{"a":01}`, `"\x"`, `nul`, `[1 2]`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := NewScanner(body)
		s.Skip()
		err := s.End()
		if valid := json.Valid(body); (err == nil) != valid && !strings.Contains(string(body), strings.Repeat("[", 10)) {
			t.Errorf("%q: valid %v, scanner says %v", body, valid, err)
		}
		if text := NewScanner(body); utf8.Valid(body) {
			got := text.Text()
			var want string
			if text.End() == nil && json.Unmarshal(body, &want) == nil && sources.Clean(want) != sources.Clean(string(got)) {
				t.Errorf("%q reads %q, want %q", body, got, want)
			}
		}
	})
}

func TestErrorsQuoteNothingOfAPrivateAnswer(t *testing.T) {
	const address = "jenny@rosen.example"
	for _, private := range []bool{false, true} {
		client := &Client{Options: Options{Platform: "Test", Private: private}, secrets: newRedactor(nil)}
		for _, body := range []string{`{"a":"` + address + `"`, `{"a":"` + address + `"}`, address} {
			response := &Response{Body: []byte(body)}
			s := client.Scan(response)
			for range s.Object() {
				s.Decimal()
			}
			var amount struct{ A Decimal }
			var instant struct{ A time.Time }
			for _, err := range []error{s.End(), client.Decode(response, &amount), client.Decode(response, &instant)} {
				if sources.KindOf(err) != sources.Malformed || strings.Contains(err.Error(), address) == private {
					t.Errorf("%s, private %v: %v", body, private, err)
				}
			}
		}
	}
}

func TestWholeNumbersMayComeWithAPoint(t *testing.T) {
	for text, want := range map[string]Integer{
		`15000.0`: {15000, true}, `"3"`: {3, true}, `9223372036854775807.00`: {9223372036854775807, true}, `null`: {}, `-7`: {-7, true},
	} {
		s := NewScanner([]byte(text))
		if got := s.Integer(); s.End() != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, s.Err())
		}
	}
	for _, text := range []string{`1.5`, `"1e3"`, `"x"`, `""`, `true`, `[]`, `9223372036854775808`} {
		s := NewScanner([]byte(text))
		if got := s.Integer(); sources.KindOf(s.Err()) != sources.Malformed {
			t.Errorf("%s is read as %+v", text, got)
		}
	}
}

func TestTrueAndFalseAreNoTextsAndNoNumbers(t *testing.T) {
	for text, want := range map[string][2]bool{`true`: {true, true}, ` false`: {false, true}, `null`: {}} {
		s := NewScanner([]byte(text))
		if value, known := s.Bool(); s.End() != nil || value != want[0] || known != want[1] {
			t.Errorf("%s: %v %v, %v", text, value, known, s.Err())
		}
	}
	for _, text := range []string{`"true"`, `1`, `{}`, `[true]`, ``} {
		s := NewScanner([]byte(text))
		if value, known := s.Bool(); known || value || sources.KindOf(s.Err()) != sources.Malformed {
			t.Errorf("%s is read as %v", text, value)
		}
	}
}

func TestValueThatWasLookedAtIsStillThere(t *testing.T) {
	s := NewScanner([]byte(`{"a": {"b":1}, "c": "x", "d": [ ] }`))
	seen := ""
	for range s.Object() {
		seen += string(s.Peek())
	}
	if s.End() != nil || seen != `{"[` || s.Peek() != 0 {
		t.Errorf("saw %s, %v", seen, s.Err())
	}
}
