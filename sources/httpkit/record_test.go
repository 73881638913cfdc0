package httpkit

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestLinksOfARecordingLeadToWhoeverPlaysIt holds for both ways in which JSON
// may write a slash.
func TestLinksOfARecordingLeadToWhoeverPlaysIt(t *testing.T) {
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := "http://" + r.Host + "/page?after=2"
		_, _ = io.WriteString(w, `{"next":"`+next+`","escaped":"`+strings.ReplaceAll(next, "/", `\/`)+`"}`)
	}))
	defer platform.Close()
	target, err := url.Parse(platform.URL)
	if err != nil {
		t.Fatal(err)
	}
	var recording bytes.Buffer
	recorder := httptest.NewServer(Record(target, &recording))
	defer recorder.Close()
	check := func(at string) {
		t.Helper()
		answer, err := http.Get(at + "/page")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		next := at + "/page?after=2"
		if want := `{"next":"` + next + `","escaped":"` + strings.ReplaceAll(next, "/", `\/`) + `"}`; err != nil || string(body) != want {
			t.Errorf("got %s (%v), want %s", body, err, want)
		}
	}
	check(recorder.URL)
	played, err := Replay(&recording)
	if err != nil {
		t.Fatal(err)
	}
	player := httptest.NewServer(played)
	defer player.Close()
	check(player.URL)
}

func TestRecordingHidesKeysButNotTheNamesOfFields(t *testing.T) {
	var known redactor
	for body, want := range map[string]string{
		`{"key":"abc"}`: `{"key":"[redacted]"}`,
		`{"key":"_wc_order_attribution_utm_source","value":"google"}`: `{"key":"_wc_order_attribution_utm_source","value":"google"}`,
		`{"token":"_abc","key": "_x"}`:                                `{"token":"[redacted]","key": "_x"}`,
		`consumer_key=ck_1&page=2`:                                    `consumer_key=[redacted]&page=2`,
	} {
		if got := known.hide(body); got != want {
			t.Errorf("%s becomes %s", body, got)
		}
	}
}
