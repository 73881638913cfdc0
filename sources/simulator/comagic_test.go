package simulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// comagic calls a method; pairs of a name and JSON change the parameters, and no value
// leaves one out.
func (r *rig) comagic(method string, pairs ...string) (int, string) {
	r.t.Helper()
	params := map[string]json.RawMessage{"access_token": json.RawMessage(`"` + ComagicToken + `"`)}
	if method == "get.calls_report" {
		params["date_from"], params["date_till"] = json.RawMessage(`"2026-10-20 00:00:00"`), json.RawMessage(`"2026-10-21 23:59:59"`)
		params["limit"], params["fields"] = json.RawMessage(`100`), json.RawMessage(`["id","start_time","direction"]`)
	}
	for i := 0; i < len(pairs); i += 2 {
		params[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		r.t.Fatal(err)
	}
	status, _, answer := r.do("POST", "/comagic/v2.0", string(body), "Content-Type", "application/json; charset=UTF-8")
	return status, string(answer)
}

func TestComagicAnswersAsRecorded(t *testing.T) {
	r := rigFor(t, world.CoMagic)
	_, account := r.comagic("getobj.account")
	sameShape(t, []byte(account), fixture(t, "comagic/getobj_account.json"), ".jsonrpc", ".id", ".result.data.app_id", ".result.data.app_name", ".result.data.timezone", ".result.data.report_currency")
	_, calls := r.comagic("get.calls_report")
	sameShape(t, []byte(calls), fixture(t, "comagic/get_source_costs.json"), ".jsonrpc", ".result.metadata.total_items")
}

func TestComagicRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.CoMagic)
	for mnemonic, pairs := range map[string][]string{
		"access_token_invalid":        {"access_token", `"x"`},
		"forbidden":                   {"user_id", "1"},
		"invalid_parameter_value":     {"limit", "10001"},
		"date_interval_limit_reached": {"date_from", `"2026-06-01 00:00:00"`},
		"filter_prohibited":           {"filter", `{"field":"start_time","operator":"=","value":"x"}`},
		"sort_prohibited":             {"sort", `[{"field":"id","order":"asc"}]`},
		"unexpected_parameters":       {"fields", `["wish"]`},
	} {
		if status, body := r.comagic("get.calls_report", pairs...); status != 200 || !strings.Contains(body, mnemonic) {
			t.Errorf("%v: %d %.200s, want %s", pairs, status, body, mnemonic)
		}
	}
	if _, body := r.comagic("get.wishes"); !strings.Contains(body, "method_not_found") {
		t.Errorf("another method: %s", body)
	}
	for body, mnemonic := range map[string]string{`{`: "parse_error", `{"jsonrpc":"2.0","method":"get.account"}`: "notifications_not_supported"} {
		if _, _, got := r.do("POST", "/comagic/v2.0", body, "Content-Type", "application/json; charset=UTF-8"); !strings.Contains(string(got), mnemonic) {
			t.Errorf("%s: %s", body, got)
		}
	}
	for kind, want := range map[FaultKind]int{Throttle: 200, Outage: 503, ExpiredToken: 200, RevokedToken: 200, Denied: 200, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.CoMagic, Times: 1, Wait: time.Minute})
		if status, body := r.comagic("get.calls_report"); status != want || strings.Contains(body, "start_time") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}

func TestComagicListsOutgoingCallsUnlessTheyAreFilteredOut(t *testing.T) {
	r := rigFor(t, world.CoMagic)
	r.PageSize = 10_000
	_, all := r.comagic("get.calls_report", "limit", "10000")
	_, incoming := r.comagic("get.calls_report", "limit", "10000", "filter", `{"field":"direction","operator":"=","value":"in"}`)
	if !strings.Contains(all, `"out"`) || strings.Contains(incoming, `"out"`) || !strings.Contains(incoming, `"in"`) {
		t.Errorf("all %.200s, incoming %.200s", all, incoming)
	}
}
