package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"adtop/kpi"
	"adtop/sources/simulator/world"
)

// AwinRegions are where the partners of a publisher are: the first, third and fifth
// in the one, the others in the other.
var AwinRegions = []string{"DE", "GB"}

// awinClicks answers accounts and reports by partner. Each account of the world is an
// advertiser or a publisher, as it is asked for, and its campaigns are its partners.
func (s *Simulator) awinClicks(c *call) answer {
	if refused, ok := s.awinRefusal(c); ok {
		return refused
	}
	if c.r.Method == http.MethodGet && c.path == "/accounts" {
		return s.awinReporting(c.r.URL.Query().Get("type"))
	}
	parts := strings.Split(strings.TrimPrefix(c.path, "/"), "/")
	if c.r.Method != http.MethodGet || len(parts) != 4 || parts[2] != "reports" {
		return awinError(http.StatusNotFound, "Not found", "No such resource")
	}
	account, known := s.world.Account(world.AwinClicks, parts[1])
	switch {
	case parts[0]+" "+parts[3] != "advertisers publisher" && parts[0]+" "+parts[3] != "publishers advertiser":
		return awinError(http.StatusNotFound, "Not found", "No such resource")
	case !known:
		return awinError(http.StatusForbidden, "Forbidden", "User has no access to this account")
	}
	return s.awinReport(c, account, parts[0] == "publishers")
}

// awinReporting lists the accounts of one side, and one of the other: the type is a
// wish that an answer does not have to grant.
func (s *Simulator) awinReporting(side string) answer {
	list := []string{`{"accountId":99,"accountName":"Another side","accountType":"other","userRole":"viewer"}`}
	for _, a := range s.world.Accounts(world.AwinClicks) {
		list = append(list, fmt.Sprintf(`{"accountId":%s,"accountName":%s,"accountType":%q,"userRole":"viewer"}`, a.ID, appendValue(nil, a.Name, true), side))
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"userId":12345,"accounts":[%s]}`, strings.Join(list, ",")))
}

// awinReport adds up a span of days, and says of a row neither the day nor the span.
func (s *Simulator) awinReport(c *call, account world.Account, ofPublisher bool) answer {
	query := c.r.URL.Query()
	for name := range query {
		if !slices.Contains([]string{"startDate", "endDate", "timezone", "dateType"}, name) && !(ofPublisher && name == "region") {
			return awinError(http.StatusBadRequest, "Bad request", "Unknown parameter "+name)
		}
	}
	from, err := kpi.ParseDate(query.Get("startDate"))
	to, err2 := kpi.ParseDate(query.Get("endDate"))
	region := query.Get("region")
	switch {
	case err != nil || err2 != nil || to < from:
		return awinError(http.StatusBadRequest, "Bad request", "startDate and endDate are expected to be days")
	case query.Get("timezone") != account.Zone.String(): // Awin knows others, the world counts its days in this one
		return awinError(http.StatusBadRequest, "Bad request", "timezone is not supported")
	case ofPublisher && region == "":
		return awinError(http.StatusBadRequest, "Bad request", "region is mandatory")
	}
	sums := map[string]kpi.Metrics{}
	for _, f := range s.figures(c, &account, kpi.DateRange{From: from, To: to}, false) {
		sums[f.campaign.ID] = sum(sums[f.campaign.ID], f.metrics)
	}
	var list []string
	for i, partner := range account.Campaigns {
		m, active := sums[partner.ID]
		bonus := (int(from)+i)%5 == 0 && s.world.Day(account.ID, partner.ID, from, c.now).Has != 0 // with or without any click
		if !active && !bonus || ofPublisher && region != AwinRegions[i%len(AwinRegions)] {
			continue
		}
		list = append(list, awinRow(account, partner, m, ofPublisher, bonus))
	}
	return jsonAnswer(http.StatusOK, []byte("["+strings.Join(list, ",")+"]"))
}

func awinRow(account world.Account, partner world.Campaign, m kpi.Metrics, ofPublisher, bonus bool) string {
	ids, names := [2]string{account.ID, partner.ID}, [2]string{account.Name, partner.Name} // of the advertiser and the publisher
	if ofPublisher {
		ids[0], ids[1], names[0], names[1] = ids[1], ids[0], names[1], names[0]
	}
	bonuses := map[bool]int{true: 1}[bonus]
	return fmt.Sprintf(`{"advertiserId":%s,"advertiserName":%s,"publisherId":%s,"publisherName":%s,"region":"GB","currency":%q,"impressions":%d,"clicks":%d,`+
		`"pendingNo":2,"pendingValue":110.5,"pendingComm":11.05,"confirmedNo":1,"confirmedValue":55.96,"confirmedComm":5.59,"bonusNo":%d,"bonusValue":0,"bonusComm":%d,`+
		`"totalNo":%d,"totalValue":166.46,"totalComm":16.64,"declinedNo":0,"declinedValue":0,"declinedComm":0}`,
		ids[0], appendValue(nil, names[0], true), ids[1], appendValue(nil, names[1], true), account.Currency, m.Impressions, m.Clicks, bonuses, 2500*bonuses, 3+bonuses)
}
