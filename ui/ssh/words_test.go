package ssh

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestACommandLineIsSplitAsAShellDoesAndNothingElseOfAShellIsKnown(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                    nil,
		"   ":                                 nil,
		"report --range 7d":                   {"report", "--range", "7d"},
		` report  "a b" 'c "d' e\ f "" x"y"z`: {"report", "a b", `c "d`, "e f", "", "xyz"},
		`"a \" b" '\'`:                        {`a " b`, `\`},
		`"report;"`:                           {"report;"},
		"größe=1":                             {"größe=1"},
	} {
		if got, err := words(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q is %q, %v", line, got, err)
		}
	}
	for _, line := range []string{"report; sh", "report | sh", "report && sh", "report > x", "$(sh)", "`sh`", "report\nsh", "report\tx", "a\x00", `report "`, `report '`, `report \`, "\xff", strings.Repeat("a ", 33), strings.Repeat("a", 2001)} {
		if got, err := words(line); err == nil {
			t.Errorf("%q is taken as %q", line, got)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, line := range []string{"report --range 7d", `a "b c" 'd\' \e`, "x; y", "'", "\\"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := words(line)
		if err != nil {
			return
		}
		total := 0
		for _, word := range got {
			total += len(word)
		}
		if len(got) > maxWords || total > len(line) {
			t.Errorf("%q becomes %q", line, got)
		}
		quoted := ""
		for _, word := range got { // what was understood is understood again
			quoted += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		if again, err := words(quoted); len(quoted) <= maxCommand && (err != nil || !slices.Equal(again, got)) {
			t.Errorf("%q is %q, and again %q, %v", line, got, again, err)
		}
	})
}

func TestATerminalsLineCanBeCorrectedBeforeItIsRead(t *testing.T) {
	for keys, want := range map[string]string{
		"status\r":                            "status\n",
		"stauts\b\b\b\x7fatus\rx\n":           "status\nx\n",
		"\x7f\x7fa\r":                         "a\n",
		"naïvé\x7f\x7f\x7fves\r":              "naves\n",
		"wrong\x15right\r":                    "right\n",
		"half a line\x04\x1b[A\a\r":           "half a line[A\n",
		"ack 1\r\x04more\r":                   "ack 1\nquit\n",
		"\x03":                                "quit\n",
		strings.Repeat("x", 2*maxLine) + "\r": strings.Repeat("x", maxLine) + "\n",
	} {
		var echo bytes.Buffer
		got, err := io.ReadAll(newLineReader(iotest.OneByteReader(strings.NewReader(keys)), &echo))
		if err != nil || string(got) != want {
			t.Errorf("%.40q is read as %.40q, %v", keys, got, err)
		}
		if strings.ContainsAny(echo.String(), "\x1b\a") {
			t.Errorf("%q is echoed as %q", keys, echo.String())
		}
	}
}
