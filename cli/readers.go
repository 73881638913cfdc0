package cli

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"adtop/config"
	"adtop/sources"
)

const (
	shortestToken = 16 // characters of a token that cannot be guessed
	maxReaders    = 64 // connections of one listener
)

// listen opens the address of a flag. Without a host it is that of this machine
// alone; others says whether others than this machine reach it.
func listen(flag, address string) (l net.Listener, others bool, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, false, usageError{fmt.Errorf("--%s %q: expected HOST:PORT, or :PORT for this machine alone", flag, address)}
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if l, err = net.Listen("tcp", net.JoinHostPort(host, port)); err != nil {
		return nil, false, fmt.Errorf("--%s: %w", flag, err)
	}
	at, ok := l.Addr().(*net.TCPAddr)
	return netutil.LimitListener(l, maxReaders), !ok || !at.IP.IsLoopback(), nil
}

// serveReaders answers over l until ctx ends and what was asked before is
// answered. It speaks HTTP without TLS: that is left to a proxy before it.
func serveReaders(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler: plainAnswers(handler), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	ended := make(chan struct{})
	end := context.AfterFunc(ctx, func() {
		defer close(ended)
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		if server.Shutdown(patience) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(l)
	if !end() { // answers under way still read from what the caller closes
		<-ended
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	return nil
}

// plainAnswers keeps browsers from taking an answer for anything else, and its
// address, which may have the token in it, from going elsewhere.
func plainAnswers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// readersToken looks up what readers have to give: what the flag refers to, or
// else the config. It is "" where neither names one.
func readersToken(flag string, cfg *config.Config, secrets func(string) (string, error)) (string, error) {
	if flag != "" {
		if !strings.HasPrefix(flag, "env:") && !strings.HasPrefix(flag, "file:") {
			return "", usageError{errors.New("--token: expected where the token is, env:NAME or file:PATH, not the token itself: others see what stands on the command line")}
		}
		token, err := secrets(flag)
		if err == nil {
			err = strong(token)
		}
		if err != nil {
			return "", fmt.Errorf("--token: %w", err)
		}
		return token, nil
	}
	feed := cfg.Feed
	if !feed.Token.IsSet() {
		return "", nil
	}
	err := sources.ResolveSecrets(&feed, secrets)
	if err == nil {
		if weak := strong(feed.Token.Reveal()); weak != nil {
			err = fmt.Errorf("token: %w", weak)
		}
	}
	return feed.Token.Reveal(), feed.Locate(err)
}

// strong refuses a token that can be guessed, or that no header can carry.
func strong(token string) error {
	if len(token) < shortestToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("expected at least %d letters, digits or signs without spaces, such as 'openssl rand -hex 24' prints", shortestToken)
	}
	return nil
}

// sameToken compares in a time that tells nothing of either, their length included.
func sameToken(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// bearer is the token of the Authorization header, "" without one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// wantsToken lets through who gives the token in the Authorization header.
func wantsToken(token func() string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !sameToken(bearer(r), token()) {
				refuseReader(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// byAddress lets through who asks this machine by its address: not the page of
// a browser here, whose name somebody makes lead to this machine.
func byAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if host != "localhost" && net.ParseIP(strings.Trim(host, "[]")) == nil {
			http.Error(w, "ask by the address of this machine, such as 127.0.0.1", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func refuseReader(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="adtop"`)
	http.Error(w, "the token is missing or wrong", http.StatusUnauthorized)
}
