package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// AwinToken is the only credential that Awin's part accepts.
const AwinToken = "5imulated-awin-user-token"

// AwinAdvertiser is the advertiser of every transaction. The publisher is the shop.
const AwinAdvertiser = "7052"

const (
	awinTime     = "2006-01-02T15:04:05"
	awinLongest  = 31 * 24 * time.Hour // that a question may span
	awinApproval = 14 * 24 * time.Hour // after which a transaction is approved
	awinDeletion = 10 * 24 * time.Hour // after which one in 37 is deleted
	awinChanges  = 40 * 24 * time.Hour // within which everything has happened
)

// AwinTransaction is a transaction of an order as it stands.
type AwinTransaction struct {
	Status           string
	Sale, Commission kpi.Micros
	OldSale, OldComm kpi.Micros // before the amendment
	Validated        time.Time  // zero while it is pending
	Amended          time.Time  // zero when it was not
}

// AwinOf makes the transaction of an order: a tenth of it is commission. A cancelled
// order and one that was given back whole are declined, one that was given back in
// part is amended, and what is left is approved after two weeks.
func AwinOf(o world.Order, now time.Time) AwinTransaction {
	commission := func(sale kpi.Micros) kpi.Micros { return sale / 100_000 * 10_000 }
	t := AwinTransaction{Status: "pending", Sale: o.Total, Commission: commission(o.Total)}
	approved := o.Created.Add(awinApproval)
	if !now.Before(approved) {
		t.Status, t.Validated = "approved", approved
	}
	if refunded := o.Refunded(); refunded > 0 && refunded < o.Total {
		t.OldSale, t.OldComm, t.Amended = t.Sale, t.Commission, o.Updated
		t.Sale -= refunded
		t.Commission = commission(t.Sale)
	}
	if !o.Cancelled.IsZero() || o.Refunded() == o.Total {
		t.Status, t.Validated = "declined", o.Updated
	}
	if o.ID%37 == 0 && !now.Before(o.Created.Add(awinDeletion)) {
		t.Status = "deleted"
	}
	return t
}

// awinPace counts the calls of the last minute.
type awinPace struct {
	mu   sync.Mutex
	made []time.Time
}

// take counts one; false is that the minute before now has had as many as are allowed.
func (p *awinPace) take(now time.Time, allowed int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = slices.DeleteFunc(p.made, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	p.made = append(p.made, now)
	return allowed == 0 || len(p.made) <= allowed
}

// awinRefusal is what a call gets whose token is wrong, or whose minute is spent; false
// for a good one.
func (s *Simulator) awinRefusal(c *call) (answer, bool) {
	switch {
	case !equalSecret(c.r.Header.Get("Authorization"), "Bearer "+AwinToken):
		return awinError(http.StatusUnauthorized, "Unauthorized", "Token is not valid"), true
	case !s.awinPace.take(c.now, s.AwinCalls):
		return awinError(http.StatusTooManyRequests, "Too many requests", "20 calls per minute are allowed"), true
	}
	return answer{}, false
}

// awin answers the accounts of the token and the transactions of a publisher or an
// advertiser.
func (s *Simulator) awin(c *call) answer {
	if refused, ok := s.awinRefusal(c); ok {
		return refused
	}
	publisher := s.world.Spec().Shop.ID
	switch {
	case c.r.Method != http.MethodGet:
	case c.path == "/accounts":
		return s.awinAccounts(c)
	case c.path == "/publishers/"+publisher+"/transactions/", c.path == "/advertisers/"+AwinAdvertiser+"/transactions/":
		return s.awinTransactions(c)
	case strings.HasPrefix(c.path, "/publishers/"), strings.HasPrefix(c.path, "/advertisers/"):
		return awinError(http.StatusForbidden, "Forbidden", "User has no access to this account")
	}
	return awinError(http.StatusNotFound, "Not found", "No such resource")
}

func awinError(status int, title, description string) answer {
	return jsonAnswer(status, fmt.Appendf(nil, `{"error":%q,"description":%q}`, title, description))
}

// awinFailure answers a fault in Awin's form. No header tells how long a throttle
// lasts.
func (*Simulator) awinFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		return awinError(http.StatusTooManyRequests, "Too many requests", "20 calls per minute are allowed")
	case Outage:
		return awinError(http.StatusServiceUnavailable, "Service unavailable", "Try again later")
	case ExpiredToken, RevokedToken:
		return awinError(http.StatusUnauthorized, "Unauthorized", "Token is not valid")
	case Denied:
		return awinError(http.StatusForbidden, "Forbidden", "User has no access to this account")
	}
	return jsonAnswer(http.StatusOK, []byte(`7`))
}

func (s *Simulator) awinAccounts(c *call) answer {
	shop := s.world.Spec().Shop
	var list []string
	for _, a := range [][3]string{{shop.ID, shop.Name, "publisher"}, {AwinAdvertiser, "Advertiser", "advertiser"}} {
		if wanted := c.r.URL.Query().Get("type"); wanted == "" || wanted == a[2] {
			list = append(list, fmt.Sprintf(`{"accountId":%s,"accountName":%s,"accountType":%q,"userRole":"viewer"}`, a[0], appendValue(nil, a[1], true), a[2]))
		}
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"userId":12345,"accounts":[%s]}`, strings.Join(list, ",")))
}

// awinTransactions lists those of a span of at most 31 days, whose end belongs to it.
func (s *Simulator) awinTransactions(c *call) answer {
	query := c.r.URL.Query()
	for name := range query {
		switch name {
		case "startDate", "endDate", "timezone", "dateType", "status":
		default:
			return awinError(http.StatusBadRequest, "Bad request", "Unknown parameter "+name)
		}
	}
	from, err := time.Parse(awinTime, query.Get("startDate"))
	to, err2 := time.Parse(awinTime, query.Get("endDate"))
	dated, wanted := query.Get("dateType"), query.Get("status")
	switch {
	case err != nil || err2 != nil || to.Before(from) || to.Sub(from) > awinLongest:
		return awinError(http.StatusBadRequest, "Bad request", "startDate and endDate are expected to be at most 31 days apart")
	case query.Get("timezone") != "UTC": // others are known, but an answer does not say which it is in
		return awinError(http.StatusBadRequest, "Bad request", "timezone is expected")
	case dated != "transaction" && dated != "validation" && dated != "amendment":
		return awinError(http.StatusBadRequest, "Bad request", "dateType is expected to be transaction, validation or amendment")
	case wanted != "" && wanted != "pending" && wanted != "approved" && wanted != "declined" && wanted != "deleted":
		return awinError(http.StatusBadRequest, "Bad request", "status is not known")
	}
	until := to.Add(time.Second)
	earliest := from
	if dated != "transaction" {
		earliest = from.Add(-awinChanges)
	}
	var list []string
	for _, o := range s.world.Orders(earliest, until, c.now) {
		t := AwinOf(o, c.now)
		at := map[string]time.Time{"transaction": o.Created, "validation": t.Validated, "amendment": t.Amended}[dated]
		if o.Test || at.Before(from) || !at.Before(until) || (t.Status == "deleted") != (wanted == "deleted") || wanted != "" && t.Status != wanted {
			continue
		}
		list = append(list, s.awinTransaction(o, t))
	}
	return jsonAnswer(http.StatusOK, []byte("["+strings.Join(list, ",")+"]"))
}

func (s *Simulator) awinTransaction(o world.Order, t AwinTransaction) string {
	currency := s.world.Spec().Shop.Currency
	if o.ID%29 == 0 {
		currency = "CHF" // an advertiser elsewhere
	}
	money := func(m kpi.Micros) string { return fmt.Sprintf(`{"amount":%s,"currency":%q}`, m.Decimal(2), currency) }
	date := func(at time.Time) string {
		if at.IsZero() {
			return "null"
		}
		return strconv.Quote(at.UTC().Format(awinTime))
	}
	refs, oldSale, oldCommission := "null", "null", "null"
	if o.Journey && o.Last.Campaign != "" {
		refs = fmt.Sprintf(`{"clickRef":%s,"clickRef2":"second"}`, appendValue(nil, o.Last.Campaign, true))
	}
	if !t.Amended.IsZero() {
		oldSale, oldCommission = money(t.OldSale), money(t.OldComm)
	}
	return fmt.Sprintf(`{"id":%d,"url":"https://publisher.example","advertiserId":%s,"publisherId":%s,"siteName":"Publisher","commissionStatus":%q,"commissionAmount":%s,"saleAmount":%s,`+
		`"clickRefs":%s,"clickDate":%s,"transactionDate":%s,"validationDate":%s,"type":"Commission group transaction","declineReason":null,"voucherCodeUsed":false,"lapseTime":2454307,`+
		`"amended":%v,"amendReason":null,"oldSaleAmount":%s,"oldCommissionAmount":%s,"clickDevice":"Windows","transactionDevice":"Windows","publisherUrl":"https://publisher.example/","advertiserCountry":"GB",`+
		`"orderRef":%q,"customParameters":[{"key":"1","value":%q}],"transactionParts":[{"commissionGroupId":12345,"amount":%s}],"paidToPublisher":false,"paymentId":0,"transactionQueryId":0,"originalSaleAmount":null}`,
		o.ID, AwinAdvertiser, s.world.Spec().Shop.ID, t.Status, money(t.Commission), money(t.Sale), refs, date(o.Clicked), date(o.Created), date(t.Validated),
		!t.Amended.IsZero(), oldSale, oldCommission, o.Name(), AwinCustomer, t.Sale.Decimal(2))
}

// AwinCustomer stands in a custom parameter: nothing of it may be kept.
const AwinCustomer = "customer-jenny-rosen"
