package awin

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

const timeLayout = "2006-01-02T15:04:05"

// amount is money with its currency, in major units.
type amount struct {
	httpkit.Decimal
	currency kpi.Currency
}

// transaction is an element of the list.
type transaction struct {
	id                 int64
	status, kind       string
	at                 time.Time
	commission, sale   amount
	amended            bool
	oldCommission      amount
	oldSale            amount
	publisher, partner int64
	site, voucher      string
	refs               [6]string
}

func readTransaction(scan *httpkit.Scanner) (t transaction) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			t.id = scan.Integer().Value
		case "commissionStatus":
			t.status = string(scan.Text())
		case "type":
			t.kind = string(scan.Text())
		case "transactionDate":
			t.at = readTime(scan)
		case "commissionAmount":
			t.commission = readAmount(scan)
		case "saleAmount":
			t.sale = readAmount(scan)
		case "amended":
			t.amended, _ = scan.Bool()
		case "oldCommissionAmount":
			t.oldCommission = readAmount(scan)
		case "oldSaleAmount":
			t.oldSale = readAmount(scan)
		case "advertiserId":
			t.partner = scan.Integer().Value
		case "publisherId":
			t.publisher = scan.Integer().Value
		case "siteName":
			t.site = string(scan.Text())
		case "voucherCode":
			t.voucher = string(scan.Text())
		case "clickRefs":
			readRefs(scan, &t.refs)
		}
	}
	return t
}

// readTime reads a time of the question's zone, UTC; the zero time is none.
func readTime(scan *httpkit.Scanner) time.Time {
	at, err := time.Parse(timeLayout, strings.TrimSuffix(string(scan.Text()), "Z"))
	if err != nil {
		return time.Time{}
	}
	return at
}

func readAmount(scan *httpkit.Scanner) (a amount) {
	for key := range scan.Object() {
		switch string(key) {
		case "amount":
			a.Decimal = scan.Decimal()
		case "currency":
			a.currency = kpi.Currency(scan.Text())
		}
	}
	return a
}

// readRefs reads what the publisher wrote into the link: clickRef, clickRef2 to 6.
func readRefs(scan *httpkit.Scanner, refs *[6]string) {
	for key := range scan.Object() {
		rest, found := strings.CutPrefix(string(key), "clickRef")
		switch {
		case !found || len(rest) > 1:
		case rest == "":
			refs[0] = string(scan.Text())
		case rest[0] >= '2' && rest[0] <= '6':
			refs[rest[0]-'1'] = string(scan.Text())
		}
	}
}

// whole says whether the transaction is fit to be counted.
func (t *transaction) whole() error {
	if t.id <= 0 || t.at.IsZero() || t.status == "" || !t.commission.Known || t.commission.currency == "" {
		return fmt.Errorf("transaction %d lacks its id, transactionDate, commissionStatus or commissionAmount", t.id)
	}
	return nil
}

// state says whether a transaction counts, and whether its status is a known one.
func (t *transaction) state() (status sources.EventStatus, known bool) {
	switch t.status {
	case "pending":
		return sources.Pending, true
	case "approved", "confirmed":
		return sources.Approved, true
	case "declined", "deleted":
		return sources.Rejected, true
	}
	return sources.Rejected, false
}

// value is what a transaction is worth to a side, and costs it, of a commission and a
// sale; false where it is in another currency than the account's. A bonus has no sale.
func value(commission, sale amount, side string, currency kpi.Currency) (worth, cost kpi.Micros, ok bool) {
	inSale := sale.Known && (sale.currency != "" || sale.Micros != 0)
	switch {
	case commission.currency != currency || side == advertiser && inSale && sale.currency != currency:
		return 0, 0, false
	case side == advertiser:
		return sale.Micros, commission.Micros, true
	}
	return commission.Micros, 0, true
}

// event makes an Event of a whole transaction; false where it is in another currency.
func (t *transaction) event(o *Options, currency kpi.Currency) (sources.Event, bool) {
	status, _ := t.state()
	e := sources.Event{ID: strconv.FormatInt(t.id, 10), Kind: "order", Time: t.at, Status: status, Currency: currency, Key: t.key(&o.Keys), ClickID: t.field(o.Keys.ClickID)}
	if strings.EqualFold(t.kind, "bonus") {
		e.Kind = "bonus"
	}
	worth, cost, ok := value(t.commission, t.sale, o.Side, currency)
	if ok && status.Counts() {
		e.Value, e.Cost = worth, cost
		if lost := t.before(o.Side, currency) - worth; worth >= 0 && lost > 0 {
			e.Refunded = lost
		}
	}
	return e, ok
}

// before is what an amended transaction was worth until then; 0 without any.
func (t *transaction) before(side string, currency kpi.Currency) kpi.Micros {
	if !t.amended {
		return 0
	}
	commission, sale := t.commission, t.sale
	if t.oldCommission.Known {
		commission = t.oldCommission
	}
	if t.oldSale.Known {
		sale = t.oldSale
	}
	worth, _, _ := value(commission, sale, side, currency)
	return worth
}

func (t *transaction) key(k *Keys) sources.Key {
	return sources.Key{Source: t.field(k.Source), Medium: t.field(k.Medium), Campaign: t.field(k.Campaign), Promo: t.field(k.Promo)}
}

// field is what a name in Keys stands for.
func (t *transaction) field(name string) string {
	if literal, found := strings.CutPrefix(name, "="); found {
		return sources.Clean(literal)
	}
	switch name {
	case "":
		return ""
	case "advertiserId":
		return strconv.FormatInt(t.partner, 10)
	case "publisherId":
		return strconv.FormatInt(t.publisher, 10)
	case "siteName":
		return sources.Clean(t.site)
	case "voucherCode":
		return sources.Clean(t.voucher)
	case "clickRef":
		return sources.Clean(t.refs[0])
	}
	return sources.Clean(t.refs[name[len(name)-1]-'1'])
}
