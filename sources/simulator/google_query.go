package simulator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
)

// googleResult is the answer to a query before it is written.
type googleResult struct {
	query *gaqlQuery
	rows  []googleRow
}

// googleQuery runs a query for a customer. Its errors are *gaqlError.
func (s *Simulator) googleQuery(c *call, who customer, text string) (*googleResult, error) {
	q, err := parseGAQL(text)
	if err != nil {
		return nil, err
	}
	if err := q.check(who); err != nil {
		return nil, err
	}
	var rows []googleRow
	switch {
	case q.from == "customer_client":
		rows = s.clients(&who)
	case !q.selects("segments") && !q.selects("metrics"):
		rows = entities(q, &who)
	default:
		days, err := q.days(who, s.world.Spec().Epoch, c.now)
		if err != nil {
			return nil, err
		}
		rows = s.googleMetrics(c, q, &who, days)
	}
	rows = slices.DeleteFunc(rows, func(r googleRow) bool { return !q.matches(&r) })
	q.sort(rows)
	if q.limit > 0 && len(rows) > q.limit {
		rows = rows[:q.limit]
	}
	return &googleResult{q, rows}, nil
}

// check refuses what the resource does not have.
func (q *gaqlQuery) check(who customer) error {
	families, known := googleResources[q.from]
	if !known {
		return gaqlErrorf("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", "Error in query: unrecognized resource in FROM clause: '%s'.", q.from)
	}
	named := slices.Clone(q.fields)
	for _, c := range q.where {
		named = append(named, c.field)
	}
	for _, o := range q.order {
		named = append(named, o.field)
	}
	for _, name := range named {
		if _, exists := googleFields[name]; !exists {
			return gaqlErrorf("UNRECOGNIZED_FIELD", "Unrecognized field in the query: '%s'.", name)
		}
		if family, _, _ := strings.Cut(name, "."); !slices.Contains(families, family) {
			return gaqlErrorf("PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE", "The field '%s' cannot be used with the resource '%s'.", name, q.from)
		}
	}
	if who.isManager && q.selects("metrics") {
		return gaqlErrorf("REQUESTED_METRICS_FOR_MANAGER", "Metrics cannot be requested for a manager account. To retrieve metrics, issue separate requests against each client account under the manager account.")
	}
	return nil
}

// selects says whether a field of the family is in SELECT.
func (q *gaqlQuery) selects(family string) bool {
	return slices.ContainsFunc(q.fields, func(f string) bool { return strings.HasPrefix(f, family+".") })
}

// days is the range that the conditions leave, within the account's history.
func (q *gaqlQuery) days(who customer, epoch, now time.Time) (kpi.DateRange, error) {
	days := kpi.DateRange{From: kpi.DateOf(epoch, who.Zone), To: kpi.DateOf(now, who.Zone)}
	var from, to bool
	for _, c := range q.where {
		if c.field != googleDate {
			continue
		}
		for _, value := range c.values {
			if _, err := kpi.ParseDate(value); err != nil {
				return days, gaqlErrorf("INVALID_VALUE", "Invalid date '%s': expected yyyy-MM-dd.", value)
			}
		}
		first, _ := kpi.ParseDate(c.values[0])
		last, _ := kpi.ParseDate(c.values[len(c.values)-1])
		switch c.op {
		case "BETWEEN", "=":
			from, to = true, true
			days.From, days.To = max(days.From, first), min(days.To, last)
		case ">=":
			from, days.From = true, max(days.From, first)
		case ">":
			from, days.From = true, max(days.From, first+1)
		case "<=":
			to, days.To = true, min(days.To, first)
		case "<":
			to, days.To = true, min(days.To, first-1)
		default:
			return days, gaqlErrorf("INVALID_OPERATOR", "The operator '%s' cannot be used with '%s'.", c.op, googleDate)
		}
	}
	if q.selects("segments") && (!from || !to) {
		// That it is refused is documented; under which code is unconfirmed.
		return days, gaqlErrorf("QUERY_ERROR", "A finite date range must be specified in the WHERE clause when a date segment is selected.")
	}
	return days, nil
}

// entities lists customers, campaigns, ad groups or ads without figures.
func entities(q *gaqlQuery, who *customer) []googleRow {
	if q.from == "customer" {
		return []googleRow{{customer: who}}
	}
	var rows []googleRow
	for i := range who.Campaigns {
		campaign := &who.Campaigns[i]
		if q.from == "campaign" {
			rows = append(rows, googleRow{customer: who, campaign: campaign})
			continue
		}
		for g := range campaign.Groups {
			group := &campaign.Groups[g]
			if q.from == fromAdGroups {
				rows = append(rows, googleRow{customer: who, campaign: campaign, group: group})
				continue
			}
			for a := range group.Ads {
				rows = append(rows, googleRow{customer: who, campaign: campaign, group: group, ad: &group.Ads[a]})
			}
		}
	}
	return rows
}

// clients lists the accounts below a manager, itself first.
func (s *Simulator) clients(who *customer) []googleRow {
	rows := []googleRow{{customer: who, client: &googleClient{who.Account, 0, who.isManager}}}
	for _, a := range s.world.Accounts(who.Platform) {
		if a.Manager == who.ID {
			rows = append(rows, googleRow{customer: who, client: &googleClient{a, 1, false}})
		}
	}
	return rows
}

// matches says whether the row meets all conditions but that on the date, which
// has decided already what the row sums up.
func (q *gaqlQuery) matches(r *googleRow) bool {
	for _, c := range q.where {
		if c.field != googleDate && !c.holds(googleFields[c.field].text(r)) {
			return false
		}
	}
	return true
}

func (c gaqlCondition) holds(value string) bool {
	against := compareValues(value, c.values[0])
	switch c.op {
	case "=":
		return against == 0
	case "!=":
		return against != 0
	case "<":
		return against < 0
	case "<=":
		return against <= 0
	case ">":
		return against > 0
	case ">=":
		return against >= 0
	case "BETWEEN":
		return against >= 0 && compareValues(value, c.values[1]) <= 0
	}
	return slices.Contains(c.values, value) == (c.op == "IN")
}

// compareValues compares numbers as such, anything else as text.
func compareValues(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

func (q *gaqlQuery) sort(rows []googleRow) {
	slices.SortStableFunc(rows, func(a, b googleRow) int {
		for _, o := range q.order {
			field := googleFields[o.field]
			if c := compareValues(field.text(&a), field.text(&b)); c != 0 {
				if o.descending {
					return -c
				}
				return c
			}
		}
		return 0
	})
}
