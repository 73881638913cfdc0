package comagic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// fields is all that is asked of a call: nothing that tells who called.
var fields = []string{"id", "start_time", "direction", "is_lost", "virtual_phone_number", "utm_source", "utm_medium", "utm_campaign", "gclid", "yclid", "ymclid", "sale_cost", "attributes"}

const timeLayout = "2006-01-02 15:04:05" // on the clock of the account

// clickKinds are the clicks that a call may carry: of Google, Yandex and Yandex Market.
var clickKinds = [...]string{"gclid", "yclid", "ymclid"}

// call is an element of the report.
type call struct {
	id                       int64
	start                    string // as it is written
	outgoing                 bool
	lost, told               bool // told: it says whether it was lost
	wanted                   bool // it has one of the attributes in question
	dialled                  string
	source, medium, campaign string
	clicks                   [len(clickKinds)]string
	sale                     kpi.Micros
}

// readCall reads a call and looks for one of some attributes.
func readCall(scan *httpkit.Scanner, wanted []string) (c call) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			c.id = scan.Integer().Value
		case "start_time":
			c.start = string(scan.Text())
		case "direction":
			c.outgoing = string(scan.Text()) == "out"
		case "is_lost":
			c.lost, c.told = scan.Bool()
		case "virtual_phone_number":
			c.dialled = string(scan.Text())
		case "utm_source":
			c.source = string(scan.Text())
		case "utm_medium":
			c.medium = string(scan.Text())
		case "utm_campaign":
			c.campaign = string(scan.Text())
		case "gclid", "yclid", "ymclid":
			c.clicks[slices.Index(clickKinds[:], string(key))] = string(scan.Text())
		case "sale_cost":
			c.sale = scan.Decimal().Micros
		case "attributes":
			for range scan.Array() {
				c.wanted = slices.Contains(wanted, string(scan.Text())) || c.wanted
			}
		}
	}
	return c
}

// at is when the call began: the earlier of two instants that the clock shows alike.
func (c *call) at(zone *time.Location) (time.Time, error) {
	at, err := time.ParseInLocation(timeLayout, c.start, zone)
	if err != nil {
		return at, err
	}
	if before := at.Add(-time.Hour); before.Hour() == at.Hour() {
		at = before
	}
	return at.UTC(), nil
}

// date is the day on which the call began, as it is written.
func (c *call) date() string { return c.start[:min(len(c.start), len(time.DateOnly))] }

// whole says whether the call is fit to be counted.
func (c *call) whole() error {
	switch {
	case c.id <= 0 || c.start == "" || !c.told:
		return fmt.Errorf("call %d lacks its id, start_time or is_lost", c.id)
	case len(c.start) != len(timeLayout):
		return c.undated()
	}
	return nil
}

func (c *call) undated() error {
	return fmt.Errorf("call %d has a start_time that cannot be read: expected one such as 2026-11-02 14:36:31", c.id)
}

// status says whether a call counts.
func (c *call) status(o *Options) sources.EventStatus {
	if c.lost && !o.Lost || len(o.Attributes) > 0 && !c.wanted {
		return sources.Rejected
	}
	return sources.Approved
}

// event makes an Event of a whole call.
func (c *call) event(o *Options, account sources.Account) (sources.Event, error) {
	at, err := c.at(account.Zone)
	if err != nil {
		return sources.Event{}, c.undated()
	}
	e := sources.Event{ID: strconv.FormatInt(c.id, 10), Kind: "call", Time: at, Status: c.status(o), Currency: account.Currency,
		Key: sources.Key{Source: sources.Clean(c.source), Medium: sources.Clean(c.medium), Campaign: sources.Clean(c.campaign), Dialled: dialled(c.dialled)}}
	for i, click := range c.clicks {
		if click = sources.Clean(click); click != "" && e.ClickID == "" {
			e.Key.Click, e.ClickID = clickKinds[i], click
		}
	}
	if e.Status.Counts() {
		e.Value = c.sale
	}
	return e, nil
}

// dialled is a number in its international form: the platform writes it without the
// plus. What is no such number, as that of a SIP line, stays as it is.
func dialled(number string) string {
	number = sources.Clean(number)
	if len(number) >= 11 && len(number) <= 15 && strings.Trim(number, "0123456789") == "" {
		return "+" + number
	}
	return number
}
