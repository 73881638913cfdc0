package stripe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// charge is a payment, money in the smallest units of its currency.
type charge struct {
	id, intent                 string
	created                    int64 // Unix seconds
	amount, captured, refunded httpkit.Integer
	currency                   kpi.Currency
	status                     string
	paid, taken, disputed      bool
	live                       bool
	origin                     origin

	settled         httpkit.Integer // what amount was worth in settledCurrency
	settledCurrency kpi.Currency
}

// origin is what metadata tells of where the customer came from.
type origin struct {
	key     sources.Key
	clickID string
}

// readCharge reads a charge. Whatever tells of who paid is passed over.
func readCharge(scan *httpkit.Scanner, names *Metadata) (c charge) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			c.id = sources.Clean(string(scan.Text()))
		case "payment_intent":
			c.intent = readID(scan)
		case "created":
			c.created = scan.Integer().Value
		case "amount":
			c.amount = scan.Integer()
		case "amount_captured":
			c.captured = scan.Integer()
		case "amount_refunded":
			c.refunded = scan.Integer()
		case "currency":
			c.currency = currencyOf(string(scan.Text()))
		case "status":
			c.status = string(scan.Text())
		case "paid":
			c.paid, _ = scan.Bool()
		case "captured":
			c.taken, _ = scan.Bool()
		case "disputed":
			c.disputed, _ = scan.Bool()
		case "livemode":
			c.live, _ = scan.Bool()
		case "metadata":
			c.origin = readOrigin(scan, names)
		case "balance_transaction":
			if scan.Peek() != '{' {
				continue // none yet, or an id: it was not asked for
			}
			for key := range scan.Object() {
				switch string(key) {
				case "amount":
					c.settled = scan.Integer()
				case "currency":
					c.settledCurrency = currencyOf(string(scan.Text()))
				}
			}
		}
	}
	return c
}

// readID reads the id of an object that may stand there whole.
func readID(scan *httpkit.Scanner) (id string) {
	if scan.Peek() != '{' {
		return string(scan.Text())
	}
	for key := range scan.Object() {
		if string(key) == "id" {
			id = string(scan.Text())
		}
	}
	return id
}

func readOrigin(scan *httpkit.Scanner, names *Metadata) (o origin) {
	for key := range scan.Object() {
		var into *string
		switch string(key) {
		case "":
			continue
		case names.Source:
			into = &o.key.Source
		case names.Medium:
			into = &o.key.Medium
		case names.Campaign:
			into = &o.key.Campaign
		case names.Promo:
			into = &o.key.Promo
		case names.ClickID:
			into = &o.clickID
		default:
			continue
		}
		*into = sources.Clean(string(scan.Text()))
	}
	if kind := strings.ToLower(names.ClickID); o.clickID != "" && slices.Contains(sources.ClickKinds, kind) {
		o.key.Click = kind
	}
	return o
}

// whole says whether the charge is fit to be counted.
func (c *charge) whole() error {
	if c.id == "" || c.created <= 0 || !c.amount.Known || c.currency == "" {
		return fmt.Errorf("charge %q lacks its id, created, amount or currency", c.id)
	}
	if c.amount.Value < 0 || c.refunded.Value < 0 || c.refunded.Value > c.amount.Value || c.captured.Value < 0 || c.captured.Value > c.amount.Value {
		return fmt.Errorf("charge %s of %d has %d captured and %d refunded", c.id, c.amount.Value, c.captured.Value, c.refunded.Value)
	}
	return nil
}

// state says whether the charge counts. Authorised money that was released is
// refunded without ever having been captured.
func (c *charge) state() sources.EventStatus {
	released := c.paid && !c.taken && c.refunded.Value == c.amount.Value
	switch {
	case !c.live:
		return sources.Test
	case c.status == "failed", released:
		return sources.Rejected
	case c.status == "pending", c.paid && !c.taken:
		return sources.Pending
	case c.paid:
		return sources.Approved
	}
	return sources.Rejected
}

// kept returns what the shop charged and what is left of it after refunds. What a
// partial capture released is among the refunds, as far as is known; where they
// are less than that, it is not.
func (c *charge) kept() (charged, kept int64) {
	if !c.taken {
		return c.amount.Value, c.amount.Value - c.refunded.Value
	}
	charged = c.captured.Value
	if released := c.amount.Value - charged; c.refunded.Value >= released {
		return charged, c.amount.Value - c.refunded.Value
	}
	return charged, max(charged-c.refunded.Value, 0)
}

// event makes an Event of a whole charge of which disputes hold back some money. ok is
// false when its money is in a currency that says nothing of the account's.
func (c *charge) event(account kpi.Currency, basis kpi.Basis, withheld int64) (e sources.Event, ok bool, err error) {
	charged, left := c.kept()
	left = max(left-withheld, 0)
	e = sources.Event{ID: c.id, Kind: "order", Time: time.Unix(c.created, 0).UTC(), Status: c.state(), Currency: account, Key: c.origin.key, ClickID: c.origin.clickID}
	first, err := c.in(account, charged)
	if err != nil {
		return e, false, err
	}
	kept, err := c.in(account, left)
	if err != nil {
		return e, false, err
	}
	if !first.Known || !kept.Known {
		if e.Status.Counts() {
			return e, false, nil
		}
		return e, true, nil // it has no value anyway
	}
	e.Refunded = first.Micros - kept.Micros
	if e.Status.Counts() {
		e.Value = kept.Micros
		if basis == kpi.Ordered {
			e.Value = first.Micros
		}
	}
	return e, true, nil
}

// in returns an amount of the charge in the account's currency, unknown where it
// cannot be told.
func (c *charge) in(account kpi.Currency, amount int64) (kpi.Amount, error) {
	if c.currency != account {
		if !c.settled.Known || c.settledCurrency != account {
			return kpi.Amount{}, nil
		}
		var ok bool
		if amount, ok = scaled(c.settled.Value, amount, c.amount.Value); !ok {
			return kpi.Amount{}, fmt.Errorf("charge %s settles for %d of %d: %w", c.id, c.settled.Value, c.amount.Value, kpi.ErrOverflow)
		}
	}
	m, err := micros(amount, account)
	if err != nil {
		return kpi.Amount{}, fmt.Errorf("charge %s: %w", c.id, err)
	}
	return kpi.Amount{Micros: m, Known: true}, nil
}
