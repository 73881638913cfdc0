// Package kpi is the ground floor of adtop: money, calendar days, the metrics
// of one slot, the usual key figures and the economics of a channel.
//
// Everything here is a pure value. The package does no I/O, never reads the
// clock and imports nothing of adtop.
package kpi
