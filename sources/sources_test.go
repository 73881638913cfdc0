package sources

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"adtop/kpi"
)

func TestEveryHourOfADayIsASlotOfItsOwn(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []kpi.Date{kpi.NewDate(2026, 3, 29), kpi.NewDate(2026, 10, 25), kpi.NewDate(2026, 6, 1)} {
		at := d.Start(zone)
		for hour := range d.Hours(zone) {
			slot := Slot{Date: d, Grain: Hour, Hour: hour}
			if !slot.Start(zone).Equal(at) {
				t.Fatalf("%s hour %d begins at %s, want %s", d, hour, slot.Start(zone), at)
			}
			at = slot.End(zone)
		}
		if day := (Slot{Date: d, Grain: Day}); !at.Equal(day.End(zone)) {
			t.Fatalf("the hours of %s end at %s, the day at %s", d, at, day.End(zone))
		}
	}
}

func FuzzKeyIsReadBackFromItsID(f *testing.F) {
	f.Add("google", "cpc", "spring sale & more", "", "+49 30", "news.example", "gclid", "new")
	f.Add("", "", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, source, medium, campaign, promo, dialled, referrer, click, customer string) {
		k := Key{source, medium, campaign, promo, dialled, referrer, click, customer}
		if got := ParseKey(k.ID()); got != k {
			t.Fatalf("%+v has the id %q, which reads %+v", k, k.ID(), got)
		}
	})
}

func FuzzCleanTextIsSafeForATerminal(f *testing.F) {
	f.Add("a\x1b[31mred\x9b31m")
	f.Add("line\nbreak\u202eevil\u2028")
	f.Add(strings.Repeat("ü", 600))
	f.Fuzz(func(t *testing.T, text string) {
		got := Clean(text)
		if len(got) > maxText || !utf8.ValidString(got) {
			t.Fatalf("%q became %d bytes, valid: %v", text, len(got), utf8.ValidString(got))
		}
		for _, r := range got {
			if unicode.IsControl(r) || r == '\u202e' || r == '\u2028' {
				t.Fatalf("%q kept %U", text, r)
			}
		}
		if Clean(got) != got {
			t.Fatalf("cleaning %q twice gives another text", text)
		}
	})
}

type signIn struct {
	Token Secret `yaml:"token"`
	Inner struct {
		Password Secret `yaml:"password"`
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	var s signIn
	for _, secret := range []*Secret{&s.Token, &s.Inner.Password} {
		if err := secret.UnmarshalYAML(func(v any) error { *v.(*string) = "env:X"; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := ResolveSecrets(&s, func(string) (string, error) { return "hunter2", nil }); err != nil {
		t.Fatal(err)
	}
	if s.Token.Reveal() != "hunter2" || s.Inner.Password.Reveal() != "hunter2" {
		t.Fatal("a secret was not resolved")
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if out := fmt.Sprintf(format, s); strings.Contains(out, "hunter2") {
			t.Errorf("%s prints the secret: %s", format, out)
		}
	}
}

func TestUnexportedFieldsOfOptionsAreLeftAlone(t *testing.T) {
	s := struct {
		zone   *time.Location
		inner  struct{ Token Secret }
		hidden Secret
		Token  Secret `yaml:"token"`
	}{zone: time.UTC, hidden: Secret{Ref: "env:HIDDEN"}, Token: Secret{Ref: "env:X"}}
	s.inner.Token.Ref = "env:INNER"
	if err := ResolveSecrets(&s, func(ref string) (string, error) { return "value of " + ref, nil }); err != nil {
		t.Fatal(err)
	}
	if s.Token.Reveal() != "value of env:X" || s.hidden.Reveal() != "" || s.inner.Token.Reveal() != "" || s.zone != time.UTC {
		t.Errorf("token %q, hidden %q, inner %q: want the exported one alone resolved", s.Token.Reveal(), s.hidden.Reveal(), s.inner.Token.Reveal())
	}
}

func TestALiteralSecretIsRefusedAndNotRepeated(t *testing.T) {
	var s Secret
	err := s.UnmarshalYAML(func(v any) error { *v.(*string) = "hunter2"; return nil })
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

func TestAMissingSecretNamesItsOption(t *testing.T) {
	s := signIn{Token: Secret{Ref: "env:NOPE"}}
	err := ResolveSecrets(&s, func(string) (string, error) { return "", errors.New("NOPE is not set") })
	if err == nil || !strings.HasPrefix(err.Error(), "token: ") {
		t.Fatalf("got %v", err)
	}
}

func TestErrorsKeepTheirKindWhenWrapped(t *testing.T) {
	err := fmt.Errorf("fetch: %w", Errorf(Auth, "token expired"))
	for _, c := range []struct {
		err  error
		want Kind
	}{{err, Auth}, {errors.New("dial"), Unavailable}, {nil, 0}, {context.Canceled, 0}} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v is of kind %v, want %v", c.err, got, c.want)
		}
	}
}
