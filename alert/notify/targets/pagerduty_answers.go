package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

// answeringPagerDuty is one whose incidents may be read.
type answeringPagerDuty struct {
	*pagerDuty
	rest, token string
}

// pagerAsked bounds the incidents that are asked for at once: each is a call.
const pagerAsked = 50

// pagerOpen is an incident that may be answered, as the state keeps it.
type pagerOpen struct {
	Group string // the key of its messages
	Told  string `json:",omitempty"` // what was answered already: status and time
}

// incident is one of the REST API v2
// (developer.pagerduty.com/api-reference, list incidents).
type incident struct {
	Status  string `json:"status"` // triggered, acknowledged or resolved
	Changed string `json:"last_status_change_at"`
	By      struct {
		Type    string `json:"type"`
		Summary string `json:"summary"` // a person's name
	} `json:"last_status_change_by"`
}

// Answers tells who acknowledged or resolved an incident. Either is an ack: an
// alert ends when its figures are well again. What was done by an event, such as
// ours, is no answer.
func (p *answeringPagerDuty) Answers(ctx context.Context, state []byte) (answers []notify.Answer, next []byte, err error) {
	var open map[string]pagerOpen
	if len(state) > 0 {
		if err := json.Unmarshal(state, &open); err != nil {
			return nil, nil, p.fail(fmt.Errorf("what is kept of its incidents: %w", err))
		}
	}
	if open == nil {
		open = map[string]pagerOpen{}
	}
	for dedup := range p.ended {
		delete(open, dedup)
	}
	for dedup, group := range p.open {
		if _, known := open[dedup]; !known {
			open[dedup] = pagerOpen{Group: group}
		}
	}
	for i, dedup := range slices.Sorted(maps.Keys(open)) {
		if i == pagerAsked {
			break
		}
		found, err := p.newest(ctx, dedup)
		if err != nil {
			return nil, nil, err
		}
		told := found.Status + " " + found.Changed
		if _, here := p.open[dedup]; !here && (found.Status == "resolved" || found.Status == "") && (found.By.Type != "user_reference" || told == open[dedup].Told) {
			delete(open, dedup) // it is over, though nobody here was there to end it
			continue
		}
		if found.By.Type != "user_reference" || found.Status != "acknowledged" && found.Status != "resolved" || told == open[dedup].Told {
			continue
		}
		open[dedup] = pagerOpen{open[dedup].Group, told}
		answers = append(answers, notify.Answer{Key: open[dedup].Group, Command: snapshot.Command{
			Verb: "ack", By: sources.Clean(found.By.Summary), Note: found.Status + " in PagerDuty"}})
	}
	clear(p.ended)
	next, err = json.Marshal(open)
	return answers, next, err
}

// newest is the newest incident of a key, zero when there is none.
func (p *answeringPagerDuty) newest(ctx context.Context, dedup string) (incident, error) {
	query := url.Values{"incident_key": {dedup}, "statuses[]": {"triggered", "acknowledged", "resolved"},
		"sort_by": {"created_at:desc"}, "limit": {"1"}}
	a, err := p.do(ctx, request{method: http.MethodGet, url: p.rest + "/incidents?" + query.Encode(), header: http.Header{
		"Authorization": {"Token token=" + p.token}, "Accept": {"application/vnd.pagerduty+json;version=2"}}})
	if err != nil {
		return incident{}, err
	}
	var said struct {
		Incidents []incident `json:"incidents"`
	}
	if json.Unmarshal(a.body, &said) != nil || said.Incidents == nil {
		return incident{}, p.odd(a)
	}
	if len(said.Incidents) == 0 {
		return incident{}, nil
	}
	return said.Incidents[0], nil
}
