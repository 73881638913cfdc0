package stripe

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// pageSize is the most that a page may hold.
const pageSize = "100"

// list goes through a list, newest first. read reads the element that is next and
// returns its id. Elements that come while it is walked do not disturb it.
func (s *source) list(ctx context.Context, path string, query url.Values, read func(*httpkit.Scanner) (string, error)) error {
	query.Set("limit", pageSize)
	for {
		response, err := s.client.Do(ctx, &httpkit.Request{Path: path, Query: query})
		if err != nil {
			return err
		}
		last, more, err := page(s.client.Scan(response), read)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
		if last == "" || last == query.Get("starting_after") {
			return sources.Errorf(sources.Malformed, "%s: a page of %s is empty, but says that another one follows", platform, path)
		}
		query.Set("starting_after", last)
	}
}

// page reads one page and returns the id of its last element.
func page(scan *httpkit.Scanner, read func(*httpkit.Scanner) (string, error)) (last string, more bool, err error) {
	listed := false
	for key := range scan.Object() {
		switch string(key) {
		case "has_more":
			more, _ = scan.Bool()
		case "data":
			listed = scan.Peek() == '['
			for range scan.Array() {
				id, err := read(scan)
				if scanErr := scan.Err(); scanErr != nil {
					return "", false, scanErr
				}
				if err != nil {
					return "", false, err
				}
				last = id
			}
		}
	}
	if err := scan.End(); err != nil {
		return "", false, err
	}
	if !listed {
		return "", false, sources.Errorf(sources.Malformed, "%s: answer is no list", platform)
	}
	return last, more, nil
}

// payments hands over what was charged from an instant until before another; zero
// is open. A page is read whole before any of it is handed over.
func (p *poll) payments(ctx context.Context, from, to time.Time) error {
	if p.options.UTM == "checkout" {
		if err := p.readSessions(ctx, from, to); err != nil {
			return err
		}
	}
	query := created(from, to)
	query.Set("expand[]", "data.balance_transaction")
	return p.list(ctx, "v1/charges", query, func(scan *httpkit.Scanner) (string, error) {
		c := readCharge(scan, &p.options.Metadata)
		if scan.Err() != nil {
			return "", nil
		}
		return c.id, p.hand(ctx, c)
	})
}

// changed hands over the payments that were refunded or disputed from an instant on.
func (p *poll) changed(ctx context.Context, path string, from time.Time) error {
	query := created(from, time.Time{})
	query.Set("expand[]", "data.charge.balance_transaction")
	return p.list(ctx, path, query, func(scan *httpkit.Scanner) (id string, err error) {
		var at int64
		var c charge
		for key := range scan.Object() {
			switch string(key) {
			case "id":
				id = string(scan.Text())
			case "created":
				at = scan.Integer().Value
			case "charge":
				if scan.Peek() == '{' { // a refund of something else has none
					c = readCharge(scan, &p.options.Metadata)
				}
			}
		}
		p.newest = max(p.newest, at)
		if scan.Err() != nil || c.id == "" {
			return id, nil
		}
		return id, p.hand(ctx, c)
	})
}

// created is the filter of a span of creations.
func created(from, to time.Time) url.Values {
	query := url.Values{}
	if !from.IsZero() {
		query.Set("created[gte]", strconv.FormatInt(from.Unix(), 10))
	}
	if !to.IsZero() {
		query.Set("created[lt]", strconv.FormatInt(to.Unix(), 10))
	}
	return query
}

// withholds says whether a dispute of a status takes its money off: an open and a
// lost one do, and one that is not known.
func withholds(status string) bool {
	switch status {
	case "won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed":
		return false
	}
	return true
}

// withheld sums the money of a payment that its disputes hold back.
func (p *poll) withheld(ctx context.Context, c charge) (sum int64, err error) {
	if !c.disputed {
		return 0, nil
	}
	err = p.list(ctx, "v1/disputes", url.Values{"charge": {c.id}}, func(scan *httpkit.Scanner) (string, error) {
		id, amount, status := readDispute(scan)
		if amount.Value < 0 {
			return id, sources.Errorf(sources.Malformed, "%s: dispute %s is about %d", platform, sources.Clean(id), amount.Value)
		}
		if withholds(status) { // it may be about more than the payment, when a currency has moved
			sum = min(sum+min(amount.Value, c.amount.Value), c.amount.Value)
		}
		return id, nil
	})
	return sum, err
}

func readDispute(scan *httpkit.Scanner) (id string, amount httpkit.Integer, status string) {
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			id = string(scan.Text())
		case "amount":
			amount = scan.Integer()
		case "status":
			status = string(scan.Text())
		}
	}
	return id, amount, status
}
