package config

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Serve says how the dashboard is served over SSH.
type Serve struct {
	Address         string            // host:port to listen at
	AuthorizedKeys  string            // absolute path of the public keys that may log in
	HostKey         string            // absolute path of the server's own key; "" for beside the database
	Roles           map[string]string // one of Roles by a person's name; who is not in it is a viewer
	Idle            time.Duration     // a screen without a key for so long is ended; 0: never
	SessionsPerUser int               // at once, at least 1
}

// Roles are what a person may be over SSH: a viewer only looks, an operator
// acts too.
var Roles = []string{"viewer", "operator"}

type serve struct {
	Address         at[string]            `yaml:"address"`
	AuthorizedKeys  string                `yaml:"authorized_keys"`
	HostKey         string                `yaml:"host_key"`
	Roles           map[string]at[string] `yaml:"roles"`
	Idle            at[duration]          `yaml:"idle"`
	SessionsPerUser at[int]               `yaml:"sessions_per_user"`
}

// Bounds and defaults of serving.
const (
	defaultAddress  = ":2222"
	minIdle         = time.Minute
	defaultSessions = 10
	maxSessions     = 100
)

// serve checks how the dashboard is to be served; nil where the file does not say.
func (d *decoder) serve(s at[serve]) *Serve {
	if s.node == nil { // or without a value, which is noted already
		return nil
	}
	out := &Serve{
		Address: defaultAddress, AuthorizedKeys: d.path(s.Value.AuthorizedKeys), HostKey: d.path(s.Value.HostKey),
		Roles: map[string]string{}, Idle: time.Duration(s.Value.Idle.Value), SessionsPerUser: defaultSessions,
	}
	if out.AuthorizedKeys == "" {
		d.fault(s.node, "serve: authorized_keys is missing: name the file of the public keys that may log in, such as authorized_keys: authorized_keys")
	}
	for name, role := range s.Value.Roles {
		out.Roles[name] = role.Value
		if text, single := scalar(role.node); single && !slices.Contains(Roles, text) {
			d.fault(role.node, "%s: %s is no role: expected %s", name, quote(text), strings.Join(Roles, " or "))
		}
	}
	if given := s.Value.Address; given.node != nil {
		if out.Address = given.Value; !listensAt(given.Value) {
			d.fault(given.node, `address: expected host:port, such as ":2222" for all addresses of the machine or "127.0.0.1:2222"`)
		}
	}
	if given := s.Value.Idle; given.node != nil && out.Idle < minIdle {
		d.fault(given.node, "idle: expected a time of at least 1m; leave it out for sessions that never end by themselves")
	}
	if given := s.Value.SessionsPerUser; given.node != nil {
		if out.SessionsPerUser = given.Value; given.Value < 1 || given.Value > maxSessions {
			d.fault(given.node, "sessions_per_user: expected a number from 1 to %d", maxSessions)
		}
	}
	return out
}

// listensAt says whether text is an address to listen at.
func listensAt(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}
