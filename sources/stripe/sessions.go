package stripe

import (
	"context"
	"net/url"
	"time"

	"adtop/sources/httpkit"
)

// sessionLives is how long a checkout may stay open before it is paid.
const sessionLives = 24 * time.Hour

// sessions are checkouts, whose metadata is not that of the payment.
type sessions struct {
	byIntent map[string]origin // those that tell an origin, by payment intent
	spans    [][2]time.Time    // payments of these spans have their session among them, if there is one
}

// readSessions reads the checkouts that payments of a span may have come from.
func (p *poll) readSessions(ctx context.Context, from, to time.Time) error {
	if p.sessions.byIntent == nil {
		p.sessions.byIntent = map[string]origin{}
	}
	err := p.list(ctx, "v1/checkout/sessions", created(from.Add(-sessionLives), to), p.readSession)
	p.sessions.spans = append(p.sessions.spans, [2]time.Time{from, to})
	return err
}

func (p *poll) readSession(scan *httpkit.Scanner) (string, error) {
	var id, intent string
	var o origin
	for key := range scan.Object() {
		switch string(key) {
		case "id":
			id = string(scan.Text())
		case "payment_intent":
			intent = readID(scan)
		case "metadata":
			o = readOrigin(scan, &p.options.Metadata)
		}
	}
	if intent != "" && o != (origin{}) {
		p.sessions.byIntent[intent] = o
	}
	return id, nil
}

// sessionOf finds the origin of a payment. For one that lies outside the spans
// that were read, its session is asked for.
func (p *poll) sessionOf(ctx context.Context, c charge) (origin, error) {
	if c.intent == "" {
		return origin{}, nil
	}
	if o, known := p.sessions.byIntent[c.intent]; known {
		return o, nil
	}
	at := time.Unix(c.created, 0)
	for _, span := range p.sessions.spans {
		if !at.Before(span[0]) && (span[1].IsZero() || at.Before(span[1])) {
			return origin{}, nil
		}
	}
	err := p.list(ctx, "v1/checkout/sessions", url.Values{"payment_intent": {c.intent}}, p.readSession)
	return p.sessions.byIntent[c.intent], err
}
