// Package postback receives conversions that trackers and affiliate networks
// report by calling an address (server-to-server postbacks), in real time.
//
// It listens on an address of the user's choice and answers a sender with OK once
// the conversion is in the store. A conversion is known by its transaction, so
// that a message which comes twice, late or out of order changes nothing that it
// should not. Everything that comes is taken for hostile: it is bounded in size,
// time and number, and who does not know the secret learns nothing.
//
// Unconfirmed: what the numeric statuses of senders mean, and when each of them sends
// again what was not answered with OK.
package postback

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/record"
)

const platform = "postback"

// Definition describes the type "postback". Conversions are booked on their first
// message, so they are dated by the event; a status may change for weeks. There is
// no history to be asked for. Approval is assumed.
func Definition() sources.Definition {
	return sources.Definition{
		Type:        "postback",
		Summary:     "Conversions that trackers and affiliate networks report by calling adtop (S2S postbacks)",
		Docs:        "https://docs.keitaro.io/en/campaigns-and-conversions/s2s-postback.html",
		Gives:       kpi.Conversions | kpi.Revenue,
		Events:      true,
		Grain:       sources.Hour,
		Dating:      sources.ByEvent,
		Basis:       kpi.Reported,
		Restates:    60,
		Approval:    850_000,
		MinInterval: time.Minute,
		Credentials: []string{
			"Make a secret with `openssl rand -hex 16`, and enter the address with it in the tracker or network.",
			"Where the sender can sign its calls or has fixed addresses, set `signature` or `allow` too.",
		},
		Options: func() any { return defaults() },
		Open:    open,
	}
}

// Options are the settings of one source of type postback.
type Options struct {
	Listen string         `yaml:"listen"` // address and port
	Path   string         `yaml:"path"`   // of the URL; the secret follows it
	Secret sources.Secret `yaml:"secret"` // in the path or in the parameter token
	Sign   Signature      `yaml:"signature"`
	Allow  []string       `yaml:"allow"`   // addresses and networks that may call; all when empty
	Proxy  []string       `yaml:"proxies"` // whose X-Forwarded-For is believed
	Rate   int            `yaml:"rate"`    // messages a second from one address, on average

	Parameters map[string]string `yaml:"parameters"` // of ours, what the sender calls it; see fields
	UTM        UTM               `yaml:"utm"`        // which parameters say where a conversion comes from
	Statuses   map[string]string `yaml:"statuses"`   // the sender's word: pending, approved, rejected or rebill
	Lag        time.Duration     `yaml:"lag"`        // how late postbacks are usually

	Account    record.Account `yaml:"account"`
	Currencies []kpi.Currency `yaml:"currencies"` // further ones of payouts, beside the account's
}

// Signature says how messages are signed: HMAC-SHA256 in hexadecimal digits.
type Signature struct {
	Secret    sources.Secret `yaml:"secret"`
	Parameter string         `yaml:"parameter"` // that holds it, in the query or the form
	Header    string         `yaml:"header"`    // that holds it, in place of the parameter: then the body is signed
	Time      string         `yaml:"time"`      // parameter with the time of sending, in seconds since 1970
	MaxAge    time.Duration  `yaml:"max_age"`   // of that time
}

// UTM names the parameters of which the key of a result is made.
type UTM struct {
	Source   string `yaml:"source"`
	Medium   string `yaml:"medium"`
	Campaign string `yaml:"campaign"`
	Promo    string `yaml:"promo"`
}

func defaults() *Options {
	return &Options{
		Listen: "127.0.0.1:8090", Path: "/pb", Rate: 200, Lag: 5 * time.Minute, Sign: Signature{Parameter: "sig", MaxAge: 5 * time.Minute},
		UTM: UTM{"utm_source", "utm_medium", "utm_campaign", "promo"},
	}
}

var code = regexp.MustCompile(`^[A-Z]{3}$`)

// shortest is how long a secret has to be: whoever knows it can make up revenue.
const shortest = 16

func (o *Options) check() error {
	host, port, err := net.SplitHostPort(o.Listen)
	switch {
	case err != nil || port == "":
		return fmt.Errorf("listen: %q: expected an address and a port, such as 127.0.0.1:8090", o.Listen)
	case host != "" && net.ParseIP(host) == nil && host != "localhost":
		return fmt.Errorf("listen: %q: expected an address of this machine in numbers, or localhost", o.Listen)
	case !strings.HasPrefix(o.Path, "/") || len(o.Path) > 1 && strings.HasSuffix(o.Path, "/") || strings.ContainsAny(o.Path, "?#%"):
		return fmt.Errorf("path: %q: expected a path such as /pb", o.Path)
	case !o.Secret.IsSet() && !o.Sign.Secret.IsSet() && len(o.Allow) == 0:
		return fmt.Errorf("secret: required, unless signature or allow says who may call")
	case o.Secret.IsSet() && (len(o.Secret.Reveal()) < shortest || strings.ContainsAny(o.Secret.Reveal(), "/?#% \t")):
		return fmt.Errorf("secret: expected %d letters and digits at least: it guards your figures (try: openssl rand -hex 16)", shortest)
	case o.Sign.Secret.IsSet() && len(o.Sign.Secret.Reveal()) < shortest:
		return fmt.Errorf("signature.secret: expected %d characters at least", shortest)
	case o.Sign.Secret.IsSet() && o.Sign.Parameter == "" && o.Sign.Header == "":
		return fmt.Errorf("signature.parameter: required: what holds the signature")
	case o.Sign.Time != "" && o.Sign.MaxAge < time.Second:
		return fmt.Errorf("signature.max_age: %s: expected 1s at least", o.Sign.MaxAge)
	case o.Rate < 1 || o.Rate > 1_000_000:
		return fmt.Errorf("rate: %d: expected messages a second from one address, 1 to 1000000", o.Rate)
	case o.Lag < 0 || o.Lag > 7*24*time.Hour:
		return fmt.Errorf("lag: %s: expected a time up to 7d", o.Lag)
	}
	for i, currency := range o.Currencies {
		if !code.MatchString(string(currency)) || slices.Contains(o.Currencies[:i], currency) || string(currency) == o.Account.Currency {
			return fmt.Errorf("currencies: %q: expected ISO 4217 codes such as USD, each once, besides the account's", sources.Clean(string(currency)))
		}
	}
	for field := range o.Parameters {
		if _, known := fields[field]; !known {
			return fmt.Errorf("parameters: %q: expected one of %s", field, fieldNames())
		}
	}
	for word, status := range o.Statuses {
		if !slices.Contains([]string{"pending", "approved", "rejected", "rebill"}, status) {
			return fmt.Errorf("statuses.%s: %q: expected pending, approved, rejected or rebill", word, status)
		}
	}
	return nil
}

type source struct {
	options Options
	env     sources.Env
	account sources.Account   // of what names no currency
	others  []sources.Account // of the further currencies
	allow   []netip.Prefix
	proxies []netip.Prefix
	words   map[string]string // statuses, in small letters
	reads   map[string]bool   // names of the parameters that are read, in small letters
	gate    gate
	limits  limits
	pace    *pace
	tried   chan struct{} // closes when the address was tried for the first time
	once    sync.Once

	mu      sync.Mutex
	open    bool      // it listens
	address net.Addr  // on this
	problem error     // why it does not
	came    time.Time // newest message that was accepted
	tally   tally
}

func open(options any, env sources.Env) (sources.Source, error) {
	o := *options.(*Options)
	if err := o.check(); err != nil {
		return nil, err
	}
	accounts, err := record.Accounts([]record.Account{o.Account}, env.Name)
	if err != nil {
		return nil, fmt.Errorf("account: %w", errors.Unwrap(err))
	}
	s := &source{options: o, env: env, account: accounts[0], words: words(o.Statuses), reads: o.readNames(), limits: usual, pace: newPace(o.Rate), tried: make(chan struct{}), tally: newTally()}
	for _, currency := range o.Currencies {
		other := s.account
		other.ID, other.Name, other.Currency = other.ID+" "+string(currency), other.Name+" "+string(currency), currency
		s.others = append(s.others, other)
	}
	s.gate = newGate(&o)
	if s.allow, err = prefixes("allow", o.Allow); err == nil {
		s.proxies, err = prefixes("proxies", o.Proxy)
	}
	return s, err
}

// prefixes reads addresses and networks.
func prefixes(key string, texts []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if address, single := netip.ParseAddr(text); single == nil {
			prefix, err = address.Unmap().Prefix(address.Unmap().BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q: expected an address or a network such as 203.0.113.0/24", key, text)
		}
		all = append(all, prefix.Masked())
	}
	return all, nil
}

// Accounts returns the account of the options, and one for each further currency: sums
// are kept as they were paid, and converted at the rates of their days.
func (s *source) Accounts(ctx context.Context) ([]sources.Account, error) {
	return append([]sources.Account{s.account}, s.others...), ctx.Err()
}

// startup is how long the first question waits for the address to be tried.
const startup = 2 * time.Second

// memory is Receipt.State.
type memory struct {
	Came int64 `json:"came"` // newest message, Unix seconds
}

// Fetch says whether the source listens. As long as nothing has ever come it says
// so rather than call every hour empty.
func (s *source) Fetch(ctx context.Context, q sources.Query, _ func(sources.Record) error) (sources.Receipt, error) {
	start := time.NewTimer(startup)
	defer start.Stop()
	select {
	case <-s.tried:
	case <-start.C:
	case <-ctx.Done():
		return sources.Receipt{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.problem != nil:
		refusal := sources.Errorf(sources.Unavailable, "%s: not listening on %s: %w", platform, s.options.Listen, s.problem)
		refusal.Next = "Another program, or another source, may use this port: give each a port of its own."
		return sources.Receipt{}, refusal
	case !s.open:
		refusal := sources.Errorf(sources.Unavailable, "%s: not listening yet", platform)
		refusal.RetryAfter = time.Second
		return sources.Receipt{}, refusal
	}
	var before memory
	known := len(q.State) > 0 && json.Unmarshal(q.State, &before) == nil && before.Came > 0
	if s.came.IsZero() && !known {
		refusal := sources.Errorf(sources.Unavailable, "%s: listening on %s, and nothing has come yet%s", platform, s.options.Listen, s.tally.short())
		refusal.Next = "Send a test conversion from the tracker; the README shows how to try the address with curl."
		return sources.Receipt{}, refusal
	}
	state, err := json.Marshal(memory{max(before.Came, s.came.Unix())})
	if err != nil {
		return sources.Receipt{}, sources.Errorf(sources.Malformed, "%s: state: %w", platform, err)
	}
	return sources.Receipt{CompleteThrough: s.env.Now().Add(-s.options.Lag), State: state, Warnings: s.tally.warnings(s.account.Zone)}, nil
}

var _ sources.Listener = (*source)(nil)
