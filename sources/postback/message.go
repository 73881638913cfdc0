package postback

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// fields are what a message may say, and what trackers and networks call that:
// Voluum, Keitaro, Binom, RedTrack and the macros of affiliate networks. The first
// that is not empty counts. A tracker's own click goes before the platform's.
var fields = map[string][]string{
	"click_id": append([]string{"clickid", "click_id", "cid", "subid", "sub_id", "aff_sub", "cnv_id", "s2sclickid", "externalid"}, sources.ClickKinds...),
	"tx_id":    {"txid", "tid", "tx_id", "transaction_id", "transactionid", "order_id", "conversion_id", "event_id"},
	"payout":   {"payout", "revenue", "sum", "amount", "commission"},
	"currency": {"currency", "cur", "cnv_currency"},
	"status":   {"status", "cnv_status", "state", "goal_status"},
	"type":     {"type", "et", "event", "goal", "goal_id"},
	"time":     {"ts", "time", "datetime", "conversion_time"},
}

func fieldNames() string { return strings.Join(slices.Sorted(maps.Keys(fields)), ", ") }

// statuses are the words of the senders, unless the options say otherwise.
var statuses = map[string][]string{
	"pending":  {"lead", "hold", "pending", "new", "waiting", "0", "processing"},
	"approved": {"sale", "approved", "confirmed", "accepted", "paid", "1", "success"},
	"rejected": {"rejected", "declined", "trash", "cancelled", "canceled", "fraud", "2", "reversed", "chargeback"},
	"rebill":   {"rebill", "recurring", "upsell"},
}

// words turns the statuses around, those of the options over the usual ones.
func words(own map[string]string) map[string]string {
	all := map[string]string{}
	for status, known := range statuses {
		for _, word := range known {
			all[word] = status
		}
	}
	for word, status := range own {
		all[strings.ToLower(word)] = status
	}
	return all
}

// macro is a placeholder that a sender forgot to replace.
var macro = regexp.MustCompile(`(?i)^(\$?\{.*\}|%7B.*%7D|\[.*\]|#.*#)$`)

// refusal says why a message is not taken.
type refusal struct {
	reason, detail string
	status         int // of HTTP
}

func (r *refusal) Error() string { return r.reason + ": " + r.detail }

// message reads parameters, whose names are in small letters.
type message map[string]string

// lowered takes the first value of each parameter.
func lowered(parameters url.Values) message {
	m := message{}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		value := strings.TrimSpace(parameters.Get(name))
		if key := strings.ToLower(name); m[key] == "" && !macro.MatchString(value) {
			m[key] = value
		}
	}
	return m
}

// field finds a field by the option, or by its usual names.
func (s *source) field(m message, name string) string {
	if own := s.options.Parameters[name]; own != "" {
		return m[strings.ToLower(own)]
	}
	for _, known := range fields[name] {
		if m[known] != "" {
			return m[known]
		}
	}
	return ""
}

// clickKind is the kind of click id that the visit carried, "" where no parameter's
// name tells: a tracker's own ids are of no kind.
func (m message) clickKind() string {
	for _, kind := range sources.ClickKinds {
		if m[kind] != "" {
			return kind
		}
	}
	return ""
}

// event makes an event of a message. An amount that it does not name leaves the
// currency empty: Merge then keeps the known one.
func (s *source) event(parameters url.Values) (sources.Event, *refusal) {
	m, now := lowered(parameters), s.env.Now()
	e := sources.Event{Kind: sources.Clean(s.field(m, "type")), Time: now, ClickID: sources.Clean(s.field(m, "click_id"))}
	status, known := s.status(s.field(m, "status"))
	tx := s.field(m, "tx_id")
	switch {
	case tx == "" && e.ClickID == "":
		return e, &refusal{nameless, "", 400}
	case tx == "" && status == "rebill":
		return e, &refusal{rebills, "", 422}
	case tx != "":
		e.ID = identity("tx", tx)
	default:
		e.ID = identity("click", s.field(m, "click_id")+"\x00"+s.field(m, "type"))
	}
	if e.Kind == "" {
		e.Kind = "conversion"
	}
	e.Status = map[string]sources.EventStatus{"pending": sources.Pending, "approved": sources.Approved, "rejected": sources.Rejected, "rebill": sources.Approved}[status]
	if refused := s.pay(&e, m); refused != nil {
		return e, refused
	}
	if text := s.field(m, "time"); text != "" {
		at, err := moment(text, s.account.Zone)
		if err != nil || at.Before(now.AddDate(0, 0, -400)) || at.After(now.Add(24*time.Hour)) {
			return e, &refusal{unread, fmt.Sprintf("time %q: expected seconds since 1970 or 2026-11-20T14:00:00Z", short(text)), 422}
		}
		if at.Before(now) {
			e.Time = at
		}
	}
	utm := s.options.UTM
	at := func(name string) string { return sources.Clean(m[strings.ToLower(name)]) }
	e.Key = sources.Key{Source: at(utm.Source), Medium: at(utm.Medium), Campaign: at(utm.Campaign), Promo: at(utm.Promo), Click: m.clickKind()}
	if !known {
		s.word(s.field(m, "status"))
	}
	return e, nil
}

// status finds what a word means; without one it is a sale, and an unknown one is
// pending.
func (s *source) status(word string) (status string, known bool) {
	if word == "" {
		return "approved", true
	}
	if status, known = s.words[strings.ToLower(word)]; known {
		return status, true
	}
	return "pending", false
}

// identity makes an id that fits into the store, whatever was sent.
func identity(kind, text string) string {
	if len(text) > 200 || sources.Clean(text) != text {
		digest := sha256.Sum256([]byte(text))
		text = "sha256-" + hex.EncodeToString(digest[:])
	}
	return kind + ":" + text
}

// most bounds an amount, so that no sum of an hour overflows.
const most = 1_000_000_000 * kpi.MicrosPerUnit

// pay reads the amount. Rejected conversions are worth nothing.
func (s *source) pay(e *sources.Event, m message) *refusal {
	amount, code, err := money(s.field(m, "payout"))
	if said := strings.ToUpper(s.field(m, "currency")); said != "" {
		code = said
	}
	switch {
	case err != nil || amount.Micros > most || amount.Micros < -most:
		return &refusal{unread, fmt.Sprintf("payout %q: expected an amount such as 12.50", short(s.field(m, "payout"))), 422}
	case !amount.Known:
		return nil
	}
	e.Currency = s.account.Currency
	if code != "" && code != string(e.Currency) {
		if e.Currency = kpi.Currency(code); !slices.Contains(s.options.Currencies, e.Currency) {
			return &refusal{foreign, fmt.Sprintf("%q: name it under currencies", short(code)), 422}
		}
	}
	if e.Status.Counts() {
		e.Value = amount.Micros
	}
	return nil
}

var signs = map[string]string{"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₽": "RUB"}

var amountPattern = regexp.MustCompile(`^([A-Za-z]{3}|[$€£¥₽])?\s*([-+]?)\s*([$€£¥₽]?)([0-9]{1,15})(?:[.,]([0-9]{1,6}))?\s*([A-Za-z]{3}|[$€£¥₽])?$`)

// money reads "12.50", "12,5", "$12.50" or "12.50 USD", exactly. A mark with three
// digits behind it could be of thousands, and is refused.
func money(text string) (amount kpi.Amount, currency string, err error) {
	if text == "" {
		return kpi.Amount{}, "", nil
	}
	found := amountPattern.FindStringSubmatch(text)
	if found == nil || len(found[5]) == 3 && strings.Contains(text, ",") {
		return kpi.Amount{}, "", errors.New("no amount")
	}
	for _, code := range []string{found[1], found[3], found[6]} {
		if code == "" {
			continue
		}
		if name, sign := signs[code]; sign {
			code = name
		}
		if code = strings.ToUpper(code); currency != "" && currency != code {
			return kpi.Amount{}, "", errors.New("two currencies")
		}
		currency = code
	}
	micros, err := kpi.ParseMicros(found[2] + found[4] + "." + found[5] + "0")
	return kpi.Amount{Micros: micros, Known: err == nil}, currency, err
}

// moment reads an instant: seconds or milliseconds since 1970, or a date with a time
// that is the account's where it names no offset.
func moment(text string, zone *time.Location) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n > 1e11 {
			return time.UnixMilli(n), nil
		}
		return time.Unix(n, 0), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("no time")
}

func short(text string) string { return sources.Clean(text[:min(len(text), 40)]) }

// rank orders statuses: what is rejected stays so, and what is approved is not
// pending any more.
func rank(s sources.EventStatus) int {
	return map[sources.EventStatus]int{sources.Pending: 1, sources.Approved: 2, sources.Rejected: 3}[s]
}

// Merge implements sources.Listener. A conversion stays at the time of its first
// message; its origin and its click are the first ones that were named. A status never
// goes backwards, whatever order messages come in.
func (s *source) Merge(known, reported sources.Event) (sources.Event, bool) {
	if rank(reported.Status) < rank(known.Status) {
		s.note(backwards, "")
		return known, false
	}
	now := known
	now.Status = reported.Status
	if reported.Currency != "" {
		now.Value, now.Currency = reported.Value, reported.Currency
	}
	if !now.Status.Counts() {
		now.Value = 0
	}
	if known.Key.Sent() == (sources.Key{}) {
		now.Key = reported.Key
		now.Key.Click = known.Key.Click
	}
	if known.Key.Click == "" {
		now.Key.Click = reported.Key.Click
	}
	if known.ClickID == "" {
		now.ClickID = reported.ClickID
	}
	if now == known {
		s.note(repeated, "")
		return known, false
	}
	return now, true
}
