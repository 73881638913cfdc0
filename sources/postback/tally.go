package postback

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"adtop/sources"
)

// The reasons for which messages are refused or passed over.
const (
	forged    = "had a wrong secret or signature"
	stranger  = "came from an address that may not call"
	tooOld    = "were sent too long ago: replayed, or the clocks differ"
	unread    = "could not be read"
	foreign   = "were in another currency than the account and currencies"
	nameless  = "had neither a transaction nor a click id"
	rebills   = "were rebills without a transaction id, which cannot be told from repeats"
	crowded   = "came when too many were waiting, and were told to come again"
	hasty     = "came too fast from one address, and were told to come again"
	unstored  = "could not be stored, and were told to come again"
	repeated  = "came again and changed nothing"
	backwards = "came late: a newer status was known"
)

// maxWords bounds the unknown words that are remembered.
const maxWords = 20

// tally counts what went wrong since the source was opened.
type tally struct {
	counts map[string]*count
	words  map[string]bool // unknown statuses
}

type count struct {
	n      int
	last   time.Time
	detail string // of the last one
}

func newTally() tally { return tally{map[string]*count{}, map[string]bool{}} }

// note counts one message. It is for every goroutine.
func (s *source) note(reason, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.tally.counts[reason]
	if c == nil {
		c = &count{}
		s.tally.counts[reason] = c
	}
	c.n++
	c.last, c.detail = s.env.Now(), sources.Clean(detail)
}

// word remembers a status that nobody has explained.
func (s *source) word(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tally.words) < maxWords {
		s.tally.words[sources.Clean(text[:min(len(text), 40)])] = true
	}
}

// warnings are sentences for the user.
func (t tally) warnings(zone *time.Location) []string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(t.counts)) {
		c := t.counts[reason]
		text := fmt.Sprintf("%d messages %s, last at %s", c.n, reason, c.last.In(zone).Format("2006-01-02 15:04"))
		if c.detail != "" {
			text += ": " + c.detail
		}
		all = append(all, text)
	}
	if len(t.words) > 0 {
		all = append(all, fmt.Sprintf("unknown statuses count as pending: %s; explain them in statuses", strings.Join(slices.Sorted(maps.Keys(t.words)), ", ")))
	}
	return all
}

// short counts what was refused, for an error.
func (t tally) short() string {
	n, last := 0, ""
	for _, reason := range slices.Sorted(maps.Keys(t.counts)) {
		n, last = n+t.counts[reason].n, reason
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" but %d that were refused, such as some that %s", n, last)
}
