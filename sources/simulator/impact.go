package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// The only credential that Impact.com's part accepts, for the shop as a partner and
// for its brand, and the brand's program.
const (
	ImpactToken   = "5imulated-impact-auth-token"
	ImpactBrand   = "IRbrand1"
	ImpactProgram = "1000"
	ImpactPartner = "189069"
)

// ImpactCustomer is whose actions these are: nothing of them may be kept.
const ImpactCustomer = "BCZ2WVSH674563PDPYOTM3AXDQ"

const impactLongest = 45 * 24 * time.Hour // that a question may span

// ImpactAction is an action of an order as it stands.
type ImpactAction struct {
	State                       string
	Amount, Payout              kpi.Micros
	IntendedAmount, IntendedPay kpi.Micros
	Updates                     []time.Time // in the journal
}

// ImpactOf makes the action of an order: a tenth of it is the payout. A cancelled order
// and one that was given back whole are reversed, one that was given back in part pays
// less, and what is left is approved after two weeks.
func ImpactOf(o world.Order, now time.Time) ImpactAction {
	payout := func(sale kpi.Micros) kpi.Micros { return sale / 100_000 * 10_000 }
	a := ImpactAction{State: "PENDING", Amount: o.Total, Payout: payout(o.Total), IntendedAmount: o.Total, IntendedPay: payout(o.Total), Updates: []time.Time{o.Created}}
	if locked := o.Created.Add(awinApproval); !now.Before(locked) {
		a.State, a.Updates = "APPROVED", append(a.Updates, locked)
	}
	if o.Updated.After(o.Created) {
		a.Updates = append(a.Updates, o.Updated)
	}
	if refunded := o.Refunded(); refunded > 0 && refunded < o.Total {
		a.Amount -= refunded
		a.Payout = payout(a.Amount)
	}
	if !o.Cancelled.IsZero() || o.Refunded() == o.Total {
		a.State, a.Amount, a.Payout = "REVERSED", 0, 0
	}
	return a
}

// ImpactID is the id of an order's action.
func ImpactID(o world.Order) string { return "1000.4636." + strconv.FormatInt(o.ID, 10) }

// impact answers the actions of a partner and of a brand, and the journal of their
// changes. Without the header that wants JSON it answers XML, as some of it does.
func (s *Simulator) impact(c *call) answer {
	root, ofBrand := "/Mediapartners/"+s.world.Spec().Shop.ID, false
	sid := s.world.Spec().Shop.ID
	if strings.HasPrefix(c.path, "/Advertisers/") {
		root, sid, ofBrand = "/Advertisers/"+ImpactBrand, ImpactBrand, true
	}
	version := map[bool]string{false: "16", true: "14"}[ofBrand]
	query := c.r.URL.Query()
	switch {
	case !equalSecret(c.r.Header.Get("Authorization"), "Basic "+base64.StdEncoding.EncodeToString([]byte(sid+":"+ImpactToken))):
		return impactError(http.StatusUnauthorized, "Authentication failed", "")
	case c.r.Header.Get("Accept") != "application/json":
		return answer{http.StatusOK, http.Header{"Content-Type": {"application/xml"}}, []byte(`<?xml version="1.0"?><ImpactRadiusResponse/>`)}
	case c.r.Header.Get("Ir-Version") != version:
		return impactError(http.StatusBadRequest, "Validation Failed", "IrVersion")
	case ofBrand && query.Get("CampaignId") != ImpactProgram:
		return impactError(http.StatusBadRequest, "Validation Failed", "CampaignId")
	case c.r.Method == http.MethodGet && c.path == root+"/Actions":
		return s.impactList(c, query, "ActionDateStart", "ActionDateEnd", "Actions", func(from, until time.Time) (list []string) {
			for _, o := range s.world.Orders(from, until, c.now) {
				if !o.Test {
					list = append(list, s.impactAction(o, c.now, ofBrand))
				}
			}
			return list
		})
	case c.r.Method == http.MethodGet && c.path == root+"/ActionUpdates":
		return s.impactList(c, query, "StartDate", "EndDate", "ActionUpdates", func(from, until time.Time) (list []string) {
			for _, o := range s.world.Orders(from.Add(-awinChanges), until, c.now) {
				for n, at := range ImpactOf(o, c.now).Updates {
					if !o.Test && !at.Before(from) && at.Before(until) {
						list = append(list, s.impactUpdate(o, c.now, n, at))
					}
				}
			}
			return list
		})
	}
	return impactError(http.StatusNotFound, "Not found", "")
}

func impactError(status int, message, field string) answer {
	errors := ""
	if field != "" {
		errors = fmt.Sprintf(`{"Field":%q,"Message":"is not valid"}`, field)
	}
	return jsonAnswer(status, fmt.Appendf(nil, `{"Status":"ERROR","Message":%q,"Errors":[%s]}`, message, errors))
}

// impactFailure answers a fault in Impact.com's form.
func (*Simulator) impactFailure(c *call) answer {
	switch c.fault.Kind {
	case Throttle:
		a := impactError(http.StatusTooManyRequests, "Too many requests", "")
		a.header.Set("X-RateLimit-Reset", seconds(c.fault.Wait))
		return a
	case Outage:
		return impactError(http.StatusServiceUnavailable, "Service unavailable", "")
	case ExpiredToken, RevokedToken:
		return impactError(http.StatusUnauthorized, "Authentication failed", "")
	case Denied:
		return impactError(http.StatusForbidden, "Token lacks the scope", "")
	}
	return jsonAnswer(http.StatusOK, []byte(`{"@page":"1","Actions":7,"ActionUpdates":7}`))
}

// impactList answers a page of a list of a span, whose end belongs to it.
func (s *Simulator) impactList(c *call, query url.Values, start, end, name string, find func(from, until time.Time) []string) answer {
	for parameter := range query {
		if !slices.Contains([]string{start, end, "PageSize", "Page", "CampaignId"}, parameter) {
			return impactError(http.StatusBadRequest, "Validation Failed", parameter)
		}
	}
	from, err := time.Parse(time.RFC3339, query.Get(start))
	to, err2 := time.Parse(time.RFC3339, query.Get(end))
	size, err3 := strconv.Atoi(query.Get("PageSize"))
	if err != nil || err2 != nil || to.Before(from) || to.Sub(from) > impactLongest {
		return impactError(http.StatusBadRequest, "Validation Failed", start)
	}
	if err3 != nil || size < 2000 || size > 20000 {
		return impactError(http.StatusBadRequest, "Validation Failed", "PageSize")
	}
	page, err := strconv.Atoi(query.Get("Page"))
	if err != nil || page < 1 {
		page = 1
	}
	size = min(size, s.PageSize)
	all := find(from, to.Add(time.Second))
	pages, next := max(1, (len(all)+size-1)/size), ""
	if page < pages {
		query.Set("Page", strconv.Itoa(page+1))
		next = c.path + "?" + query.Encode()
	}
	shown := all[min((page-1)*size, len(all)):min(page*size, len(all))]
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"@page":"%d","@numpages":"%d","@pagesize":"%d","@total":"%d","@uri":%q,"@nextpageuri":%q,%q:[%s]}`,
		page, pages, size, len(all), c.path, next, name, strings.Join(shown, ",")))
}

// impactTime writes an instant with the offset of the account, which is not UTC's.
func impactTime(at time.Time) string {
	return at.In(time.FixedZone("", -7*3600)).Format(time.RFC3339)
}

// impactAction writes an action: all values are texts for a partner, while a brand gets
// ids and money as numbers.
func (s *Simulator) impactAction(o world.Order, now time.Time, ofBrand bool) string {
	a, currency, quote := ImpactOf(o, now), string(s.world.Spec().Shop.Currency), `"`
	if o.ID%29 == 0 {
		currency = "CHF"
	}
	sub := ""
	if o.Journey {
		sub = o.Last.Campaign
	}
	more := ""
	if ofBrand {
		quote = ""
		more = fmt.Sprintf(`"MediaPartnerId":%s,"MediaPartnerName":"Acme Partner","ClientCost":%s,"CustomerStatus":"RETURNING","CustomerId":%q,`, ImpactPartner, (a.Payout * 2).Decimal(2), ImpactCustomer)
	}
	number := func(m kpi.Micros) string { return quote + m.Decimal(2) + quote }
	return fmt.Sprintf(`{"Id":%q,"CampaignId":%s,"CampaignName":"Acme Campaign","ActionTrackerId":%s,"ActionTrackerName":"Sale",%s"State":%q,"AdId":%s,"Payout":%s,"Amount":%s,"Currency":%q,`+
		`"EventDate":%q,"LockingDate":%q,"Oid":%q,"EventCode":"","SharedId":"","SubId1":%s,"SubId2":"","SubId3":"","DeltaPayout":%s,"IntendedPayout":%s,"DeltaAmount":%s,"IntendedAmount":%s,`+
		`"ReferringDate":%q,"CreationDate":%q,"ClearedDate":"","ReferringType":"CLICK_COOKIE","ReferringDomain":"","PromoCode":"","CustomerArea":"855","CustomerCity":%q,"CustomerRegion":"California","CustomerCountry":"US","Uri":""}`,
		ImpactID(o), quote+ImpactProgram+quote, quote+"2240"+quote, more, a.State, quote+"506720"+quote, number(a.Payout), number(a.Amount), currency,
		impactTime(o.Created), impactTime(o.Created.Add(awinApproval)), o.Name(), appendValue(nil, sub, true), number(a.Payout), number(a.IntendedPay), number(a.Amount), number(a.IntendedAmount),
		impactTime(o.Clicked), impactTime(o.Created), ImpactCustomer)
}

func (s *Simulator) impactUpdate(o world.Order, now time.Time, n int, at time.Time) string {
	a := ImpactOf(o, now)
	return fmt.Sprintf(`{"Id":"%s.%d","ActionId":%q,"CampaignId":"1000","ActionTrackerId":"2240","State":%q,"DeltaPayout":%q,"DeltaAmount":%q,"Currency":%q,"UpdateDate":%q,"ActionDate":%q,"Oid":%q}`,
		ImpactID(o), n, ImpactID(o), a.State, a.Payout.Decimal(2), a.Amount.Decimal(2), s.world.Spec().Shop.Currency, impactTime(at), impactTime(o.Created), o.Name())
}
