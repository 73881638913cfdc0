package roistat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// The groups of statuses, whatever the CRM calls a status itself.
const (
	unused   = "unused"
	progress = "progress"
	paid     = "paid"
	canceled = "canceled"
)

var groups = []string{unused, progress, paid, canceled}

// deal is an element of the list.
type deal struct {
	id, group string
	created   time.Time
	revenue   httpkit.Decimal
	visit     visit
}

// visit is where a deal came from.
type visit struct {
	source, medium, campaign string
	marker                   string // Roistat's name of the source, levels joined by "_"
	first                    string // its first level, where they are told apart
	clickKind, clickID       string
}

func readDeal(scan *httpkit.Scanner) (d deal) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			d.id = sources.Clean(string(scan.Text()))
		case "creation_date":
			d.created = readTime(scan)
		case "revenue":
			d.revenue = scan.Decimal()
		case "status":
			if scan.Peek() == '{' {
				d.group = readGroup(scan)
			}
		case "visit":
			if scan.Peek() == '{' { // an empty object may come as an empty list
				d.visit = readVisit(scan)
			}
		}
	}
	return d
}

func readGroup(scan *httpkit.Scanner) (group string) {
	for key := range scan.Object() {
		if string(key) == "type" {
			group = string(scan.Text())
		}
	}
	return group
}

func readVisit(scan *httpkit.Scanner) (v visit) {
	for key := range scan.Object() {
		switch string(key) {
		case "landing_page":
			began, id := sources.Visit{Landing: string(scan.Text())}.Key()
			v.clickKind, v.clickID = began.Click, id
		case "source":
			if scan.Peek() == '{' {
				readSource(scan, &v)
			}
		}
	}
	return v
}

func readSource(scan *httpkit.Scanner, v *visit) {
	for key := range scan.Object() {
		switch string(key) {
		case "utm_source":
			v.source = sources.Clean(string(scan.Text()))
		case "utm_medium":
			v.medium = sources.Clean(string(scan.Text()))
		case "utm_campaign":
			v.campaign = sources.Clean(string(scan.Text()))
		case "system_name":
			v.marker = sources.Clean(string(scan.Text()))
		case "system_name_by_level":
			for level := range scan.Array() {
				if level == 0 {
					v.first = sources.Clean(string(scan.Text()))
				}
			}
		}
	}
}

// readTime reads an instant with its offset; the zero time is none.
func readTime(scan *httpkit.Scanner) time.Time {
	text := string(scan.Text())
	for _, layout := range []string{timeLayout, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// whole says whether the deal is fit to be counted.
func (d *deal) whole(counts []string) error {
	if d.id == "" || d.created.IsZero() || d.group == "" {
		return fmt.Errorf("deal %q lacks its id, creation_date or status", d.id)
	}
	if slices.Contains(counts, d.group) && !d.revenue.Known {
		return fmt.Errorf("deal %q is %s and tells no revenue", d.id, d.group)
	}
	return nil
}

// status says whether a deal counts.
func (d *deal) status(counts []string) sources.EventStatus {
	switch {
	case !slices.Contains(counts, d.group):
		return sources.Rejected
	case d.group == progress:
		return sources.Pending
	}
	return sources.Approved
}

// event makes an Event of a whole deal.
func (d *deal) event(o *Options, currency kpi.Currency) sources.Event {
	e := sources.Event{ID: d.id, Kind: "order", Time: d.created, Status: d.status(o.Counts), Currency: currency, Key: d.visit.key(o.Origins), ClickID: d.visit.clickID}
	if e.Status.Counts() {
		e.Value = d.revenue.Micros
	}
	return e
}

// key is where a deal came from. A visit without UTM parameters has the first level of
// its marker as its source, where these are asked for.
func (v *visit) key(origins string) sources.Key {
	k := sources.Key{Source: v.source, Medium: v.medium, Campaign: v.campaign}
	if k == (sources.Key{}) && origins == "all" {
		if k.Source = v.first; k.Source == "" {
			k.Source, _, _ = strings.Cut(v.marker, "_")
		}
	}
	k.Click = v.clickKind
	return k
}
