package postback

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gate knows who may call.
type gate struct {
	secret [sha256.Size]byte // digest: both sides of a comparison have one length
	closed bool              // there is a secret
	key    []byte            // of signatures, nil without
}

func newGate(o *Options) gate {
	g := gate{closed: o.Secret.IsSet(), secret: sha256.Sum256([]byte(o.Secret.Reveal()))}
	if o.Sign.Secret.IsSet() {
		g.key = []byte(o.Sign.Secret.Reveal())
	}
	return g
}

// tokenParameter may hold the secret in place of the path.
const tokenParameter = "token"

// knows compares a secret in constant time.
func (g gate) knows(said string) bool {
	digest := sha256.Sum256([]byte(said))
	return subtle.ConstantTimeCompare(digest[:], g.secret[:]) == 1
}

// signed compares the signature of a text.
func (g gate) signed(text []byte, signature string) bool {
	said, err := hex.DecodeString(signature)
	mac := hmac.New(sha256.New, g.key)
	mac.Write(text)
	return err == nil && hmac.Equal(said, mac.Sum(nil))
}

// sender is the address that a request comes from: that of the connection, or what
// a configured proxy says. Of several proxies in a row the first unknown one counts.
func (s *source) sender(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	sender := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && holds(s.proxies, sender); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		sender = hop.Unmap()
	}
	return sender
}

func holds(prefixes []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(address) })
}

// admits says whether a request may be read: by its address and its secret. It
// returns why not.
func (s *source) admits(r *http.Request, query url.Values) string {
	if len(s.allow) > 0 && !holds(s.allow, s.sender(r)) {
		return stranger
	}
	path := strings.TrimSuffix(r.URL.Path, "/")
	if !s.gate.closed {
		if path != strings.TrimSuffix(s.options.Path, "/") {
			return forged
		}
		return ""
	}
	said, inPath := strings.CutPrefix(path, strings.TrimSuffix(s.options.Path, "/")+"/")
	if !inPath {
		if path != strings.TrimSuffix(s.options.Path, "/") {
			return forged
		}
		said = query.Get(tokenParameter)
	}
	if !s.gate.knows(said) {
		return forged
	}
	return ""
}

// sealed checks the signature of a message, and its age where it tells one.
// Signed are the parameters in the order of their names, encoded as in a query, the
// signature itself left out; or the body, where a header holds the signature.
func (s *source) sealed(r *http.Request, parameters url.Values, body []byte) string {
	if s.gate.key == nil {
		return ""
	}
	sign := s.options.Sign
	text, signature := body, ""
	if sign.Header != "" {
		signature = strings.TrimPrefix(r.Header.Get(sign.Header), "sha256=")
		if len(body) == 0 {
			text = []byte(r.URL.RawQuery)
		}
	} else {
		rest := url.Values{}
		for name, values := range parameters {
			if name != sign.Parameter && name != tokenParameter {
				rest[name] = values
			}
		}
		text, signature = []byte(rest.Encode()), parameters.Get(sign.Parameter)
	}
	if !s.gate.signed(text, signature) {
		return forged
	}
	if sign.Time != "" {
		at, err := strconv.ParseInt(parameters.Get(sign.Time), 10, 64)
		if err != nil || s.env.Now().Sub(time.Unix(at, 0)).Abs() > sign.MaxAge {
			return tooOld
		}
	}
	return ""
}
