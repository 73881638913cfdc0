package csv

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"adtop/sources"
)

// in writes text in an encoding.
func in(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	written, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func TestNamesReadTheSameInEveryEncoding(t *testing.T) {
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	for name, c := range map[string]struct {
		option, campaign string
		written          encoding.Encoding
	}{
		"utf-8":                    {"utf-8", "Größe 🧦", encoding.Nop},
		"utf-8 with a mark":        {"utf-8", "Größe 🧦", unicode.UTF8BOM},
		"auto, utf-8 with a mark":  {"auto", "Größe 🧦", unicode.UTF8BOM},
		"utf-16":                   {"utf-16", "Größe 🧦", little},
		"utf-16, big end first":    {"utf-16", "Größe 🧦", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
		"auto, utf-16":             {"auto", "Größe 🧦", little},
		"windows-1251":             {"windows-1251", "Весна «Ёлка» №1", charmap.Windows1251},
		"windows-1252":             {"windows-1252", "Größe – 5 €", charmap.Windows1252},
		"iso-8859-15, with a euro": {"iso-8859-15", "Œuvre 5 €", charmap.ISO8859_15},
		"windows-1252, no accents": {"windows-1252", "Plain", charmap.Windows1252},
		"iso-8859-15, beyond -1":   {"iso-8859-15", "Žž", charmap.ISO8859_15},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "export.csv", in(t, c.written, header+"2026-11-19,7,"+c.campaign+",on,1,1,1,1,1\r\n"), noon.Add(-time.Hour))
			rows, _, err := fetch(t, dir, usual+"encoding: "+c.option+"\n")
			if err != nil || len(rows) != 1 || rows[0].Entity.Name != c.campaign {
				t.Errorf("%+v, %v: want the name %q", rows, err, c.campaign)
			}
		})
	}
}

func TestBytesOfAnotherEncodingNameTheLine(t *testing.T) {
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	const row = "2026-11-19,7,n,on,1,1,1,1,1\n"
	for name, c := range map[string]struct {
		option, text string
		says         []string
	}{
		"windows-1252 as utf-8":    {"utf-8", header + row + "2026-11-19,7,Fr\xfchling,on,1,1,1,1,1\n", []string{"line 3", "UTF-8"}},
		"none of windows-1251":     {"windows-1251", header + "2026-11-19,7,\x98,on,1,1,1,1,1\n" + row, []string{"line 2", "0x98", "windows-1251"}},
		"none of windows-1252":     {"windows-1252", header + row + row + "2026-11-19,7,\x81,on,1,1,1,1,1\n", []string{"line 4", "0x81"}},
		"windows-1252's euro":      {"iso-8859-15", header + "2026-11-19,7,5 \x80,on,1,1,1,1,1\n", []string{"line 2", "0x80", "iso-8859-15"}},
		"half a pair":              {"utf-16", in(t, little, header) + "\x00\xd8" + strings.TrimPrefix(in(t, little, "\n"), "\xff\xfe"), []string{"line 2", "UTF-16"}},
		"half a character":         {"auto", in(t, little, header+row) + "2", []string{"line 3", "half a character"}},
		"utf-16 without a mark":    {"utf-16", header + row, []string{"byte-order mark"}},
		"utf-16 as utf-8":          {"utf-8", in(t, little, header+row), []string{"byte-order mark of UTF-16"}},
		"utf-8 as windows-1251":    {"windows-1251", "\ufeff" + header + row, []string{"byte-order mark", "windows-1251"}},
		"binary as windows-1251":   {"windows-1251", "PK\x03\x04\x00", []string{"not a text file"}},
		"zeros in utf-16":          {"auto", in(t, little, header+"\x00"), []string{"not a text file"}},
		"zeros in utf-8 with mark": {"auto", "\ufeff" + header + "\x00", []string{"not a text file"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "export.csv", c.text, noon.Add(-time.Hour))
			rows, _, err := fetch(t, dir, usual+"encoding: "+c.option+"\n")
			if sources.KindOf(err) != sources.Malformed || len(rows) != 0 {
				t.Fatalf("%d rows, error %v", len(rows), err)
			}
			for _, part := range append(c.says, "export.csv") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error does not say %s: %v", part, err)
				}
			}
		})
	}
}

func TestCharacterCutInHalfMayStillBeWritten(t *testing.T) {
	little := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	for name, text := range map[string]string{
		"utf-8":  header + "2026-11-19,7,Fr\xc3",
		"utf-16": in(t, little, header+"2026-11-19,7,F") + "r",
		"a pair": in(t, little, header+"2026-11-19,7,F") + "\x3d\xd8",
	} {
		dir := t.TempDir()
		for age, kind := range map[time.Duration]sources.Kind{time.Minute: sources.Unavailable, time.Hour: sources.Malformed} {
			write(t, dir, "export.csv", text, noon.Add(-age))
			if _, _, err := fetch(t, dir, usual); sources.KindOf(err) != kind {
				t.Errorf("%s, %s old: got %v, want %s", name, age, err, kind)
			}
		}
	}
}
