package simulator

import (
	"strings"
	"testing"
	"time"

	"adtop/sources/simulator/world"
)

// awin asks for transactions of the publisher; pairs change the parameters.
func (r *rig) awin(pairs ...string) (int, string) {
	r.t.Helper()
	q := map[string]string{"startDate": "2026-03-10T00:00:00", "endDate": "2026-03-12T23:59:59", "timezone": "UTC", "dateType": "transaction"}
	for i := 0; i < len(pairs); i += 2 {
		q[pairs[i]] = pairs[i+1]
	}
	var parts []string
	for name, value := range q {
		parts = append(parts, name+"="+value)
	}
	status, _, body := r.do("GET", "/awin/publishers/45628/transactions/?"+strings.Join(parts, "&"), "", "Authorization", "Bearer "+AwinToken)
	return status, string(body)
}

func TestAwinAnswersAsDocumented(t *testing.T) {
	r := rigFor(t, world.Awin)
	_, body := r.awin()
	sameShape(t, []byte(body), fixture(t, "awin/transactions.json"), ".id", ".commissionStatus", ".commissionAmount.amount", ".commissionAmount.currency", ".saleAmount.amount",
		".clickRefs.clickRef", ".clickDate", ".transactionDate", ".type", ".amended", ".advertiserId", ".publisherId", ".siteName")
}

func TestAwinRefusesWhatItDocuments(t *testing.T) {
	r := rigFor(t, world.Awin)
	for says, pairs := range map[string][]string{"31 days": {"startDate", "2026-01-01T00:00:00"}, "timezone": {"timezone", ""}, "dateType": {"dateType", "click"}, "status": {"status", "novel"}, "wish": {"wish", "1"}} {
		if status, body := r.awin(pairs...); status != 400 || !strings.Contains(body, says) {
			t.Errorf("%v: %d %s", pairs, status, body)
		}
	}
	if status, _, body := r.do("GET", "/awin/accounts", ""); status != 401 {
		t.Errorf("without a token: %d %s", status, body)
	}
	if status, _, body := r.do("GET", "/awin/publishers/1/transactions/", "", "Authorization", "Bearer "+AwinToken); status != 403 {
		t.Errorf("somebody else's account: %d %s", status, body)
	}
	for kind, want := range map[FaultKind]int{Throttle: 429, Outage: 503, ExpiredToken: 401, RevokedToken: 401, Denied: 403, WrongType: 200} {
		r.Faults().Set(Fault{Kind: kind, Platform: world.Awin, Times: 1, Wait: time.Minute})
		if status, body := r.awin(); status != want || strings.Contains(body, "commissionAmount") {
			t.Errorf("%s: %d %s", kind, status, body)
		}
	}
}

// TestAwinCountsTheCallsOfAMinuteOverTransactionsAndReports refuses the 21st, whatever
// was asked before.
func TestAwinCountsTheCallsOfAMinuteOverTransactionsAndReports(t *testing.T) {
	r := rigFor(t, world.Awin)
	r.AwinCalls = 20
	ask := func(part string) int {
		status, _, _ := r.do("GET", "/"+part+"/accounts", "", "Authorization", "Bearer "+AwinToken)
		return status
	}
	for i := range 20 {
		if status := ask([]string{"awin", "awin_clicks"}[i%2]); status != 200 {
			t.Fatalf("call %d: %d", i+1, status)
		}
	}
	if status := ask("awin_clicks"); status != 429 {
		t.Errorf("the 21st call: %d", status)
	}
	r.now = r.now.Add(time.Minute)
	if status := ask("awin"); status != 200 {
		t.Errorf("a minute later: %d", status)
	}
}
