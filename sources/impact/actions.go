package impact

import (
	"fmt"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// money is an amount in major units; partners get it as a text, "" for none.
type money struct {
	kpi.Micros
	known bool
}

// action is an element of the list.
type action struct {
	id, state                             string
	at                                    time.Time
	currency                              kpi.Currency
	payout, intendedPayout                money
	amount, intendedAmount                money
	cost                                  money  // a brand's
	customer                              string // a Key.Customer
	subs                                  [3]string
	shared, program, programName          string
	tracker, partner, partnerName, coupon string
	referring                             string // how the customer came: CLICK_COOKIE and the like
	wrong                                 string // a field that holds no number
}

func readAction(scan *httpkit.Scanner) (a action) {
	for key := range scan.Object() {
		switch string(key) {
		case "Id":
			a.id = string(scan.Text())
		case "State":
			a.state = string(scan.Text())
		case "EventDate":
			a.at = readTime(scan)
		case "Currency":
			a.currency = kpi.Currency(scan.Text())
		case "Payout":
			a.payout = a.money(scan, "Payout")
		case "IntendedPayout":
			a.intendedPayout = a.money(scan, "IntendedPayout")
		case "Amount":
			a.amount = a.money(scan, "Amount")
		case "IntendedAmount":
			a.intendedAmount = a.money(scan, "IntendedAmount")
		case "ClientCost":
			a.cost = a.money(scan, "ClientCost")
		case "CustomerStatus":
			a.customer = customers[string(scan.Text())]
		default:
			if field := a.named(string(key)); field != nil {
				*field = string(scan.Text())
			}
		}
	}
	return a
}

// customers are the words of CustomerStatus. Where the brand tells neither, nobody knows.
var customers = map[string]string{"NEW": sources.NewCustomer, "RETURNING": sources.ReturningCustomer}

// named is where a field that Keys can name is kept; nil for others.
func (a *action) named(field string) *string {
	switch field {
	case "SubId1":
		return &a.subs[0]
	case "SubId2":
		return &a.subs[1]
	case "SubId3":
		return &a.subs[2]
	case "SharedId":
		return &a.shared
	case "CampaignId":
		return &a.program
	case "CampaignName":
		return &a.programName
	case "ActionTrackerName":
		return &a.tracker
	case "MediaPartnerId":
		return &a.partner
	case "MediaPartnerName":
		return &a.partnerName
	case "PromoCode":
		return &a.coupon
	case "ReferringType":
		return &a.referring
	}
	return nil
}

func (a *action) money(scan *httpkit.Scanner, field string) money {
	text := scan.Text()
	if len(text) == 0 {
		return money{}
	}
	m, err := kpi.ParseMicros(string(text))
	if err != nil {
		a.wrong = field
	}
	return money{m, err == nil}
}

// readTime reads an instant with its offset; the zero time is none.
func readTime(scan *httpkit.Scanner) time.Time {
	at, err := time.Parse(time.RFC3339, string(scan.Text()))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// whole says whether the action is fit to be counted.
func (a *action) whole() error {
	switch {
	case a.wrong != "":
		return fmt.Errorf("action %s: %s is no number", sources.Clean(a.id), a.wrong)
	case a.id == "" || a.at.IsZero() || a.state == "" || !a.payout.known || a.currency == "":
		return fmt.Errorf("action %q lacks its Id, EventDate, State, Payout or Currency", sources.Clean(a.id))
	}
	return nil
}

// status says whether an action counts, and whether its state is a known one.
func (a *action) status() (status sources.EventStatus, known bool) {
	switch a.state {
	case "PENDING":
		return sources.Pending, true
	case "APPROVED":
		return sources.Approved, true
	case "REVERSED":
		return sources.Rejected, true
	}
	return sources.Rejected, false
}

// event makes an Event of a whole action.
func (a *action) event(o *Options) sources.Event {
	status, _ := a.status()
	k := &o.Keys
	e := sources.Event{ID: sources.Clean(a.id), Kind: "order", Time: a.at, Status: status, Currency: a.currency, New: a.customer == sources.NewCustomer, ClickID: a.field(k.ClickID),
		Key: sources.Key{Source: a.field(k.Source), Medium: a.field(k.Medium), Campaign: a.field(k.Campaign), Promo: a.field(k.Promo), Customer: a.customer}}
	if !status.Counts() {
		return e
	}
	now, intended := a.payout, a.intendedPayout
	if o.Side == brand {
		now, intended, e.Cost = a.amount, a.intendedAmount, a.payout.Micros
		if a.cost.known {
			e.Cost = a.cost.Micros
		}
	}
	e.Value = now.Micros
	if intended.known && intended.Micros > now.Micros && now.Micros >= 0 {
		e.Refunded = intended.Micros - now.Micros
	}
	return e
}

// field is what a name in Keys stands for.
func (a *action) field(name string) string {
	if literal, found := strings.CutPrefix(name, "="); found {
		return sources.Clean(literal)
	}
	if field := a.named(name); field != nil {
		return sources.Clean(*field)
	}
	return ""
}
