package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

// amSilence is a silence as Alertmanager lists it (api/v2/openapi.yaml).
type amSilence struct {
	ID        string    `json:"id"`
	EndsAt    time.Time `json:"endsAt"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`
	Status    struct {
		State string `json:"state"` // pending, active or expired
	} `json:"status"`
	Matchers []matcher `json:"matchers"`
}

// matcher is one condition of a silence. A regular expression has to match the
// whole value; a label that is missing is empty.
type matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual"` // nil is true
}

// expression returns the condition on the value as a regular expression.
func (m matcher) expression() (*regexp.Regexp, error) {
	value := m.Value
	if !m.IsRegex {
		value = regexp.QuoteMeta(value)
	}
	return regexp.Compile("^(?:" + value + ")$")
}

func (m matcher) negative() bool { return m.IsEqual != nil && !*m.IsEqual }

// Answers tells of the active silences that cover an alert which stands there, of
// another end of one that was told, and of one that was ended there before its
// time. The state lists what was told: the ids here, which begin with that of the
// silence there, and until when.
func (m *alertmanager) Answers(ctx context.Context, state []byte) (answers []notify.Answer, next []byte, err error) {
	told := []string{}
	if len(state) > 0 {
		if err := json.Unmarshal(state, &told); err != nil {
			return nil, nil, m.fail(fmt.Errorf("what is kept of its silences: %w", err))
		}
	}
	known := map[string]string{} // until, by the id here
	for _, t := range told {
		if id, until, ok := strings.Cut(t, " "); ok && strings.HasPrefix(id, "alertmanager/") {
			known[id] = until
		}
	}
	silences, err := m.silences(ctx)
	if err != nil {
		return nil, nil, err
	}
	stand := map[string]string{}
	for _, s := range silences {
		if s.Status.State != "active" || !s.EndsAt.After(m.now()) {
			continue
		}
		until := s.EndsAt.UTC().Format(time.RFC3339)
		say := func(id string, match map[string]string) {
			if _, twice := stand[id]; !twice && known[id] != until {
				answers = append(answers, notify.Answer{Command: snapshot.Command{Verb: "silence", ID: id, Match: match,
					Until: until, By: sources.Clean(s.CreatedBy), Note: sources.Clean(s.Comment)}})
			}
			stand[id] = until
		}
		there := "alertmanager/" + short("silence", s.ID) + "/"
		for _, match := range m.covered(s) {
			text, err := json.Marshal(match) // its keys in order
			if err != nil {
				return nil, nil, err
			}
			say(there+short("match", string(text)), match)
		}
		for _, id := range slices.Sorted(maps.Keys(known)) { // also while nothing of ours stands there, as after a start
			if strings.HasPrefix(id, there) {
				say(id, nil)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		until, err := time.Parse(time.RFC3339, known[id])
		if _, stands := stand[id]; !stands && err == nil && until.After(m.now()) {
			answers = append(answers, notify.Answer{Command: snapshot.Command{Verb: "unsilence", ID: id, By: "Alertmanager"}})
		}
	}
	keep := []string{}
	for _, id := range slices.Sorted(maps.Keys(stand)) {
		keep = append(keep, id+" "+stand[id])
	}
	next, err = json.Marshal(keep)
	return answers, next, err
}

// silences asks the members until one answers.
func (m *alertmanager) silences(ctx context.Context) (all []amSilence, err error) {
	for _, url := range m.urls {
		var a answer
		if a, err = m.do(ctx, request{method: http.MethodGet, url: url + "/api/v2/silences", header: m.header}); err != nil {
			continue
		}
		if json.Unmarshal(a.body, &all) == nil {
			return all, nil
		}
		err = m.odd(a)
	}
	return nil, err
}

// covered returns the labels of ours that mean what a silence covers; none when
// it covers no alert that stands there. Where ours cannot say the same, each alert
// that it covers is named.
func (m *alertmanager) covered(s amSilence) (matches []map[string]string) {
	for _, group := range slices.Sorted(maps.Keys(m.told)) {
		for _, a := range m.told[group] {
			if !s.covers(a.labels) {
				continue
			}
			if same, ok := s.translate(a.names); ok {
				return []map[string]string{same}
			}
			matches = append(matches, map[string]string{"rule": exactly(a.labels[labelName]), labelSubject: exactly(a.labels[labelSubject])})
		}
	}
	return matches
}

func (s amSilence) covers(labels map[string]string) bool {
	for _, m := range s.Matchers {
		e, err := m.expression()
		if err != nil || e.MatchString(labels[m.Name]) == m.negative() {
			return false
		}
	}
	return len(s.Matchers) > 0
}

// translate says a silence by our labels, whose names are given by those there.
// Ours have no negation, ask for a value that is there, and take the sources of a
// channel one by one.
func (s amSilence) translate(names map[string]string) (map[string]string, bool) {
	match := map[string]string{}
	for _, m := range s.Matchers {
		e, err := m.expression()
		name, known := names[m.Name]
		if _, twice := match[name]; err != nil || !known || twice || m.negative() || m.Name == labelSource || e.MatchString("") || len(e.String()) > 500 {
			return nil, false
		}
		match[name] = "/" + e.String() + "/"
	}
	return match, true
}

// exactly is the pattern of one value alone.
func exactly(value string) string { return "/^" + regexp.QuoteMeta(value) + "$/" }
