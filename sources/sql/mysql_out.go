//go:build !mysql

package sql

func mySQL() driver { return driver{tag: "mysql"} }
