package ssh

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// connection is one that has logged in.
type connection struct {
	Person
	server   *Server
	conn     *gossh.ServerConn
	public   gossh.PublicKey
	channels <-chan gossh.NewChannel
	requests <-chan *gossh.Request
	busy     atomic.Bool // it has a session
}

// logIn shakes hands. Who has one of the keys and finds a seat is logged in; a
// failure is told in the log.
func (s *Server) logIn(ctx context.Context, raw net.Conn) (*connection, error) {
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	if err := raw.SetDeadline(time.Now().Add(s.limits.handshake)); err != nil {
		return nil, err
	}
	c := &connection{server: s, Person: Person{From: raw.RemoteAddr().String()}}
	var tried []string
	conn, channels, requests, err := gossh.NewServerConn(raw, c.config(&tried))
	if err == nil {
		err = raw.SetDeadline(time.Time{})
	}
	if err != nil {
		if c.Name != "" {
			s.seats.leave(c.Name)
		}
		s.o.Log.Warn("log-in refused", "from", c.From, "keys", strings.Join(tried, " "), "why", err)
		return nil, err
	}
	c.conn, c.channels, c.requests = conn, channels, requests
	return c, nil
}

// config lets in who has one of the keys and finds a seat. The fingerprints of
// keys that are not among them are added to tried.
func (c *connection) config(tried *[]string) *gossh.ServerConfig {
	s, unknown := c.server, errors.New("not an authorized key")
	config := &gossh.ServerConfig{
		ServerVersion: "SSH-2.0-adtop",
		PublicKeyCallback: func(_ gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
			if s.o.Keys.name(key) == "" {
				*tried = append(*tried, gossh.FingerprintSHA256(key))
				return nil, unknown
			}
			return nil, nil
		},
		VerifiedPublicKeyCallback: func(_ gossh.ConnMetadata, key gossh.PublicKey, p *gossh.Permissions, _ string) (*gossh.Permissions, error) {
			name := s.o.Keys.name(key)
			if name == "" { // it was removed meanwhile
				return nil, unknown
			}
			if why := s.seats.take(name); why != "" {
				return nil, &gossh.BannerError{Err: errors.New(why), Message: "adtop: " + why + ".\r\n"}
			}
			c.Name, c.Key, c.public = name, gossh.FingerprintSHA256(key), key
			return p, nil
		},
	}
	config.AddHostKey(s.o.HostKey)
	return config
}

// Why a connection is ended from here, as people read it.
var (
	errRevoked = errors.New("your key may not log in any more")
	errIdle    = errors.New("the screen was left alone for too long")
)

// serve serves the connection until it closes or ctx ends.
func (c *connection) serve(ctx context.Context) {
	log, came := c.server.o.Log.With("user", c.Name, "key", c.Key, "from", c.From), time.Now()
	log.Info("logged in", "role", string(c.server.o.Role(c.Name)), "client", short(string(c.conn.ClientVersion())))
	defer func() { log.Info("left", "after", time.Since(came).Round(time.Second).String()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer c.conn.Close()
	defer cancel(nil)
	work.Go(func() { gossh.DiscardRequests(c.requests) })
	work.Go(func() { c.watch(ctx, cancel) })
	var sessions sync.WaitGroup
	for {
		select {
		case <-ctx.Done():
			// The session says good-bye, unless the client does not listen.
			late := time.AfterFunc(c.server.limits.farewell, func() { c.conn.Close() })
			sessions.Wait()
			late.Stop()
			return
		case asked, open := <-c.channels:
			if !open {
				cancel(nil)
				sessions.Wait()
				return
			}
			c.open(asked, func(channel gossh.Channel, requests <-chan *gossh.Request) {
				sessions.Go(func() {
					defer c.busy.Store(false)
					defer c.server.survive(c.From)
					newSession(c, channel, log).serve(ctx, requests)
				})
			})
		}
	}
}

// barred says why the person may only look, "" for who may act. A role that has
// changed counts at once.
func (c *connection) barred() string {
	if c.server.o.Role(c.Name) == Operator {
		return ""
	}
	return c.Name + " may look, not act: roles stand in the server's config"
}

// open answers the wish for a channel. There is one kind, and one at a time.
func (c *connection) open(asked gossh.NewChannel, start func(gossh.Channel, <-chan *gossh.Request)) {
	switch {
	case asked.ChannelType() != "session":
		c.server.o.Log.Warn("channel refused", "user", c.Name, "from", c.From, "type", short(asked.ChannelType()))
		_ = asked.Reject(gossh.Prohibited, "adtop forwards nothing")
	case !c.busy.CompareAndSwap(false, true):
		_ = asked.Reject(gossh.ResourceShortage, "adtop has one session a connection: connect again")
	default:
		channel, requests, err := asked.Accept()
		if err != nil {
			c.busy.Store(false)
			return
		}
		start(channel, requests)
	}
}

// watch asks the client for a sign of life, and drops it when none comes: it is
// gone, stopped, or does not read. It ends the connection too when its key may
// not log in any more.
func (c *connection) watch(ctx context.Context, end context.CancelCauseFunc) {
	ticker := time.NewTicker(c.server.limits.asks)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if c.server.o.Keys.name(c.public) != c.Name {
			c.server.o.Log.Warn("key withdrawn", "user", c.Name, "key", c.Key, "from", c.From)
			end(errRevoked)
			return
		}
		late := time.AfterFunc(c.server.limits.silence, func() {
			c.server.o.Log.Warn("dropped: no sign of life", "user", c.Name, "key", c.Key, "from", c.From)
			c.conn.Close()
		})
		_, _, err := c.conn.SendRequest("keepalive@openssh.com", true, nil)
		late.Stop()
		if err != nil {
			return
		}
	}
}

// short bounds what a client says of itself in the log.
func short(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 60)])
}
