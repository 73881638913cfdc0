//go:build !clickhouse

package sql

func clickHouse() driver { return driver{tag: "clickhouse"} }
