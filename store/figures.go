package store

import (
	"database/sql"
	"database/sql/driver"
	"fmt"

	"adtop/kpi"
)

// figure is what is stored of a slot.
type figure struct {
	kpi.Metrics
	whole bool // of a day: reported as such, not a sum of its hours
}

// version is one version of a slot as it is stored.
type version struct {
	key slotKey
	stamped[figure]
}

func (v version) public() Version {
	return Version{v.at.time(), v.key.id(), v.key.slot(), v.value.Metrics}
}

// table is one kind of slots: its newest versions and, in name_past, those
// that they superseded.
type table struct {
	name  string
	whole string // the column, or what stands for it in a SELECT
}

var (
	hourTable = &table{"hour", "0"}
	dayTable  = &table{"day", "whole"}
	partTable = &table{"part_sum", "0"}
)

// tableOf returns the table of an entity's slot.
func tableOf(k slotKey) *table {
	if k.ordinal() == dayOrdinal {
		return dayTable
	}
	return hourTable
}

// metricColumns are the last columns of every table of figures.
const metricColumns = "has, impressions, clicks, cost, conversions, revenue, view_through"

// versionColumns is the number of columns that a version is read from.
const versionColumns = 10

// columns are those that a version is read from.
func (t *table) columns() string { return "k, at, " + t.whole + ", " + metricColumns }

// row returns the values of a row of name; pastRow those of name_past.
func (t *table) row(args []driver.Value, v version) []driver.Value {
	args = append(args, int64(v.key), int64(v.at))
	if t == dayTable {
		args = append(args, v.value.whole)
	}
	return metricArgs(args, v.value.Metrics)
}

func (t *table) pastRow(args []driver.Value, p past) []driver.Value {
	if t != hourTable {
		return t.row(args, p.version)
	}
	args = append(args, int64(p.key.date()), int64(p.until), int64(p.key&slotInDate), int64(p.at))
	return metricArgs(args, p.value.Metrics)
}

// past is a version that was superseded.
type past struct {
	version
	until instant
}

func metricArgs(args []driver.Value, m kpi.Metrics) []driver.Value {
	return append(args, int64(m.Has), m.Impressions, m.Clicks, int64(m.Cost), int64(m.Conversions), int64(m.Revenue), int64(m.ViewThrough))
}

// scanVersion reads the columns of a version: what the driver or database/sql
// hand over.
func scanVersion[T any](values []T) (version, error) {
	var n [versionColumns]int64
	for i := range n {
		var ok bool
		if n[i], ok = any(values[i]).(int64); !ok {
			return version{}, fmt.Errorf("%w: column %d of the figures is %v", ErrCorrupt, i, values[i])
		}
	}
	return version{slotKey(n[0]), stamped[figure]{instant(n[1]), figure{kpi.Metrics{
		Has: kpi.Fields(n[3]), Impressions: n[4], Clicks: n[5], Cost: kpi.Micros(n[6]), Conversions: kpi.Micros(n[7]), Revenue: kpi.Micros(n[8]), ViewThrough: kpi.Micros(n[9]),
	}, n[2] != 0}}}, nil
}

// versionScanner reads versions through database/sql. Scanning into interfaces
// spares the reflection that typed destinations cost.
type versionScanner struct{ values, dests []any }

func newVersionScanner() *versionScanner {
	s := &versionScanner{make([]any, versionColumns), make([]any, versionColumns)}
	for i := range s.values {
		s.dests[i] = &s.values[i]
	}
	return s
}

func (s *versionScanner) scan(rows *sql.Rows) (version, error) {
	if err := rows.Scan(s.dests...); err != nil {
		return version{}, err
	}
	return scanVersion(s.values)
}
