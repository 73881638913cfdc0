//go:build mysql || clickhouse

package sql

import "net"

// onThisMachine says whether a host is this machine, so that nobody listens on the way.
func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
