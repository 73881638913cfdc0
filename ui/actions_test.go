package ui

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"adtop/kpi"
	"adtop/snapshot"
)

// exporting is an app that keeps what it exports.
func exporting(t *testing.T) (a *app, files map[string]string) {
	t.Helper()
	a, files = testApp(120, 32, looks[3]), map[string]string{}
	a.o.Export = func(name string, content []byte) (string, error) {
		files[name] = string(content)
		return "/home/anna/" + name, nil
	}
	return a, files
}

// answer hands what a command says back to the app.
func answer(t *testing.T, a *app, cmd tea.Cmd) {
	t.Helper()
	if cmd == nil {
		t.Fatal("nothing was asked for")
	}
	a.Update(cmd())
}

func TestExportedCSVHasNumbersInFullAndNothingThatRuns(t *testing.T) {
	a, files := exporting(t)
	s := testSnapshot()
	s.Channels[0].Name = `=HYPERLINK("http://evil.example","x")`
	s.Channels[0].Now.Metrics.Cost = 1_234_567_891_234 // micros
	s.Channels[1].Name = "@SUM(A1)"
	s.Channels[2].Name = "TikTok, \"quoted\""
	s.Channels[5].Name = "-5"
	s.Channels[6].Name = "＝1+1"
	a.take(s)
	press(a, "s")
	answer(t, a, press(a, "x", "c"))
	if text := screenText(a); !strings.Contains(text, "written: /home/anna/channels-2026-11-23-1432.csv") {
		t.Errorf("nothing says where the file is:\n%s", text)
	}
	records, err := csv.NewReader(strings.NewReader(files["channels-2026-11-23-1432.csv"])).ReadAll()
	if err != nil || len(records) != 1+len(s.Channels) {
		t.Fatalf("%v in %q", err, files)
	}
	value := map[[2]string]string{}
	for _, r := range records[1:] {
		for i, name := range records[0] {
			value[[2]string{r[0], name}] = r[i]
		}
		for i, cell := range r {
			if strings.IndexAny(cell, "=+@\t\r") == 0 || cell != "" && cell[0] == '-' && strings.Trim(cell, "-0123456789.") != "" {
				t.Errorf("a spreadsheet runs %q in column %s", cell, records[0][i])
			}
		}
	}
	for at, want := range map[[2]string]string{
		{`'=HYPERLINK("http://evil.example","x")`, "spend"}: "1234567.891234",
		{"'@SUM(A1)", "spend"}:                              "3870",
		{`TikTok, "quoted"`, "profit"}:                      "-1195.5",
		{`TikTok, "quoted"`, "verdict"}:                     "unprofitable",
		{"LinkedIn", "revenue"}:                             "", // nobody told
		{"LinkedIn", "spend"}:                               "640",
		{"E-mail", "spend"}:                                 "", // it has none by nature
		{"'＝1+1", "roas"}:                                   "",
		{"-5", "revenue"}:                                   "0",
	} {
		got, there := value[at]
		if !there {
			t.Errorf("no line %q or no column %s: %v", at[0], at[1], records)
		} else if got != want {
			t.Errorf("%s of %s is %q, want %q", at[1], at[0], got, want)
		}
	}
}

func TestTextsOfOthersAreDefusedInEveryColumn(t *testing.T) {
	a, files := exporting(t)
	s := testSnapshot()
	s.Alerts[0].AckNote, s.Alerts[0].AckedBy, s.Alerts[0].Rule = "=1+1", "ops", "+cmd|' /C calc'!A0"
	a.take(s)
	press(a, "2")
	a.list().setColumns([]string{"state", "rule", "note"})
	answer(t, a, press(a, "x", "c"))
	for _, content := range files {
		records, err := csv.NewReader(strings.NewReader(content)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records[1:] {
			if r[3] == "=1+1" || strings.HasPrefix(r[2], "+") {
				t.Errorf("a spreadsheet runs what others wrote: %q", r)
			}
		}
		if !strings.Contains(content, "'=1+1") {
			t.Errorf("the note is lost in %q", content)
		}
	}
}

func TestExportedJSONTellsNumbersFromTexts(t *testing.T) {
	a, files := exporting(t)
	s := testSnapshot()
	for i := range s.Channels[2].Campaigns {
		s.Channels[2].Campaigns[i].Account = fmt.Sprint("90071992547409", 90+i) // more digits than a float has
	}
	s.Channels[2].Campaigns[1].Now.Metrics.Has = kpi.Cost
	a.take(s)
	press(a, "enter")
	a.list().setColumns([]string{"spend", "revenue", "roas", "status", "account"})
	answer(t, a, press(a, "x", "j"))
	var lines []map[string]any
	if err := json.Unmarshal([]byte(files["campaigns-2026-11-23-1432.json"]), &lines); err != nil || len(lines) != 5 {
		t.Fatalf("%v in %v", err, files)
	}
	for i, line := range lines {
		if account, text := line["account"].(string); !text || len(account) != 16 {
			t.Errorf("the account is %v: an id is a text", line["account"])
		}
		if spend, number := line["spend"].(float64); !number || spend <= 0 {
			t.Errorf("the spend is %v", line["spend"])
		}
		if _, text := line["campaign"].(string); !text {
			t.Errorf("line %d has no name: %v", i, line)
		}
	}
	if line := lines[1]; line["revenue"] != nil || line["roas"] != nil {
		t.Errorf("what nobody told is %v, %v instead of null", line["revenue"], line["roas"])
	}
}

func TestExportSaysWhatWentWrongAndCanBeCopiedWithoutADisk(t *testing.T) {
	a, _ := exporting(t)
	a.o.Export = func(string, []byte) (string, error) { return "", errors.New("export: read-only file system") }
	answer(t, a, press(a, "x", "c"))
	if !strings.Contains(screenText(a), "read-only file system") {
		t.Errorf("a failed export is not told:\n%s", screenText(a))
	}
	a.o.Export = nil // over SSH the disk would be the server's
	press(a, "x")
	if text := screenText(a); strings.Contains(text, "CSV file") || !strings.Contains(text, "Copy as text with tabs") {
		t.Errorf("the menu offers:\n%s", text)
	}
	cmd := press(a, "y")
	if got := copied(cmd); strings.Count(got, "\n") != 1+len(a.snap.Channels) || !strings.HasPrefix(got, "channel\tspend\t") {
		t.Errorf("copied %q", got)
	}
}

// copied is the text that a command puts on the terminal's clipboard.
func copied(cmd tea.Cmd) string {
	if cmd == nil {
		return ""
	}
	if msg := cmd(); fmt.Sprintf("%T", msg) == fmt.Sprintf("%T", tea.SetClipboard("")()) {
		return fmt.Sprint(msg)
	}
	return ""
}

func TestCopyGoesThroughTheTerminalOrWhereTheMachineSays(t *testing.T) {
	a := testApp(120, 32, looks[3])
	got := copied(press(a, "y"))
	for _, part := range []string{"TikTok · SPEND 1,920", "ROAS 0.84", "VERDICT UNPROFITABLE"} {
		if !strings.Contains(got, part) {
			t.Errorf("the copied line %q does not say %q", got, part)
		}
	}
	if !strings.Contains(screenText(a), "copied: TikTok") {
		t.Error("nothing says that it was copied")
	}
	press(a, "2")
	got = copied(press(a, "y"))
	for _, part := range []string{"▲ TikTok unprofitable, 97% sure", "[firing, critical]", "3 conversions seen", "23 Nov 12:38 fired, critical", "Acme Shop, as of 23 Nov 14:32 Europe/Berlin"} {
		if !strings.Contains(got, part) {
			t.Errorf("the copied alert %q does not say %q", got, part)
		}
	}
	var there string
	a.o.Copy = func(text string) error { there = text; return nil }
	if cmd := press(a, "y"); copied(cmd) != "" || there == "" {
		t.Errorf("Options.Copy gets %q", there)
	}
	a.o.Copy = func(string) error { return errors.New("no clipboard") }
	if msg := press(a, "y")(); msg == nil {
		t.Error("a copy that failed is not told")
	} else if a.Update(msg); !strings.Contains(screenText(a), "no clipboard") {
		t.Errorf("a copy that failed is not told:\n%s", screenText(a))
	}
	a.snap.Alerts[0].Reason = strings.Repeat("x", maxCopied)
	if cmd := press(a, "y"); cmd != nil || !strings.Contains(screenText(a), "x exports it to a file") {
		t.Error("more than terminals take is sent to the clipboard")
	}
}

func TestPageIsOpenedOrShownAsALink(t *testing.T) {
	a := testApp(120, 32, looks[0])
	url := "https://ads.example.com/campaign?id=1&x=é"
	s := testSnapshot()
	s.Channels[2].Campaigns[0].URL = url
	s.Alerts[0].Runbook = "https://wiki.example.com/losing"
	a.take(s)
	press(a, "enter", "o")
	frame := a.View().Content
	if !strings.Contains(frame, "\x1b]8;;https://ads.example.com/campaign?id=1&x=%C3%A9\a") || !strings.Contains(frame, "\x1b]8;;\a") {
		t.Errorf("no link that the terminal can open:\n%q", frame)
	}
	if !strings.Contains(screenText(a), url) || !strings.Contains(screenText(a), "any key closes") {
		t.Errorf("the address cannot be read:\n%s", screenText(a))
	}
	if press(a, "x"); len(a.dialogs) != 0 {
		t.Error("a key does not close it")
	}
	press(a, "down", "o")
	if !strings.Contains(screenText(a), "no page of this on its platform is known") {
		t.Errorf("without an address nothing says so:\n%s", screenText(a))
	}
	var opened string
	a.o.Open = func(url string) error { opened = url; return nil }
	press(a, "2")
	answer(t, a, press(a, "o"))
	if opened != "https://wiki.example.com/losing" || !strings.Contains(screenText(a), "opened in the browser") {
		t.Errorf("opened %q:\n%s", opened, screenText(a))
	}
	a.o.Open = func(string) error { return errors.New("xdg-open is not there") }
	answer(t, a, press(a, "o"))
	if !strings.Contains(screenText(a), "xdg-open is not there") {
		t.Error("a browser that does not start is not told")
	}
}

func TestNothingToOpenSaysSo(t *testing.T) {
	a := testApp(120, 32, looks[3])
	s := testSnapshot()
	s.Channels, s.Alerts, s.Sources = nil, nil, nil
	a.take(s)
	for _, c := range []struct {
		keys []string
		says string
	}{
		{[]string{"enter"}, "nothing here to open"}, {[]string{"y"}, "nothing here to copy"}, {[]string{"a"}, "no open alert here"}, {[]string{"Z"}, "no alert here"},
		{[]string{"!"}, "no alert asks for attention"}, {[]string{"2", "d"}, "no silence is in force: Z writes one"}, {[]string{"+"}, "no alert here"}, {[]string{"o"}, "names no page"},
		{[]string{"1", "o"}, "on channel, alerts only"}, {[]string{"k", "%"}, "% does nothing here: ? shows the keys"}, {[]string{">"}, "this is the present: < steps back"}, {[]string{"<"}, "nothing earlier is known"},
	} {
		if press(a, c.keys...); !strings.Contains(screenText(a), c.says) {
			t.Errorf("%v does not say %q:\n%s", c.keys, c.says, screenText(a))
		}
	}
	a.snap = nil
	if press(a, "s"); !strings.Contains(screenText(a), "nothing is known yet") {
		t.Errorf("before the first picture, s does not say why it does nothing:\n%s", screenText(a))
	}
}

func TestRecordsOfAnAlertAreThoseInView(t *testing.T) {
	a := testApp(200, 50, looks[3])
	press(a, "2", "/")
	enterText(a, "state:firing")
	press(a, "enter")
	records := a.list().records()
	want := 0
	for i := range a.snap.Alerts {
		if alert := &a.snap.Alerts[i]; alert.Open() && alert.Muted() == "" && alert.State == snapshot.Firing {
			want++
		}
	}
	if len(records) != 1+want {
		t.Errorf("%d lines are exported of %d in view", len(records)-1, want)
	}
}

// TestWhoMayOnlyLookIsToldSoByEveryKeyThatActs: a key of the group Act that is not
// told so shows or copies.
func TestWhoMayOnlyLookIsToldSoByEveryKeyThatActs(t *testing.T) {
	const why = "you may look, not act"
	harmless := map[string]bool{"y": true, "o": true, "x": true}
	for i := range keymap {
		b := &keymap[i]
		if b.group != "Act" || harmless[b.keys[0]] {
			continue
		}
		for _, to := range screensToShow {
			a := testApp(120, 32, looks[3])
			a.snap.Notes = []snapshot.Note{{ID: "n", Date: testDay, Text: "feed changed"}}
			a.o.Barred = func() string { return why }
			press(a, to.keys...)
			if !b.on(a.place.screen) || len(a.dialogs) > 0 {
				continue
			}
			if cmd := press(a, b.keys[0]); cmd != nil || len(a.dialogs) > 0 || a.notice != why {
				t.Errorf("%s on %s: command %v, %d dialogs, says %q", b.label, to.name, cmd, len(a.dialogs), a.notice)
			}
			for _, c := range a.everything() {
				if strings.HasPrefix(c.label, "remove the note") {
					t.Errorf("the palette offers to %s", c.label)
				}
			}
		}
	}
}
