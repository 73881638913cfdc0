package sql

import (
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"adtop/sources"
)

// query is a statement with its placeholders turned into parameters.
type query struct {
	text  string
	names []string // what each parameter is
	named bool     // parameters are told apart by their name
}

var placeholders = []string{"{from}", "{to}", "{until}", "{account}"}

// parse turns placeholders into parameters of the database. Text in quotes and
// comments stays as it is; a placeholder there is an error, and so is a second
// statement.
func parse(text string, d driver) (query, error) {
	q := query{named: d.named}
	text = strings.TrimSpace(text)
	if text == "" {
		return q, fmt.Errorf("required: a SELECT whose columns are named date, campaign, cost and so on")
	}
	var out strings.Builder
	for rest := text; rest != ""; {
		if skip := quoted(rest, d); skip > 0 {
			for _, name := range placeholders {
				if strings.Contains(rest[:skip], name) && !strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "/*") && rest[0] != '#' {
					return q, fmt.Errorf("%s stands in quotes: write it without them, it is a parameter", name)
				}
			}
			out.WriteString(rest[:skip])
			rest = rest[skip:]
			continue
		}
		if rest[0] == ';' && strings.TrimSpace(rest[1:]) != "" {
			return q, fmt.Errorf("expected one statement, and something follows the semicolon")
		}
		at := slices.IndexFunc(placeholders, func(name string) bool { return strings.HasPrefix(rest, name) })
		if at < 0 {
			if rest[0] != ';' {
				out.WriteByte(rest[0])
			}
			rest = rest[1:]
			continue
		}
		n := slices.Index(q.names, placeholders[at])
		if n < 0 || d.positional {
			n = len(q.names)
			q.names = append(q.names, placeholders[at])
		}
		out.WriteString(d.parameter(n+1, strings.Trim(placeholders[at], "{}")))
		rest = rest[len(placeholders[at]):]
	}
	q.text = out.String()
	word := strings.ToUpper(strings.Fields(strings.TrimLeft(q.text, "( \n\t") + " .")[0])
	if !slices.Contains([]string{"SELECT", "WITH", "VALUES"}, word) && !strings.HasPrefix(word, "--") && !strings.HasPrefix(word, "/*") {
		return q, fmt.Errorf("begins with %s: expected SELECT or WITH; nothing is ever written", sources.Clean(word))
	}
	return q, nil
}

// quoted is the length of the quoted text or the comment that a text begins with, 0
// where it begins with neither.
func quoted(text string, d driver) int {
	until := func(start int, end string) int {
		if i := strings.Index(text[start:], end); i >= 0 {
			return start + i + len(end)
		}
		return len(text)
	}
	switch {
	case strings.HasPrefix(text, "--"), d.slashes && text[0] == '#':
		return until(1, "\n")
	case strings.HasPrefix(text, "/*"):
		return until(2, "*/")
	case d.slashes && (text[0] == '\'' || text[0] == '"'):
		return escaped(text)
	case text[0] == '\'' || text[0] == '"' || text[0] == '`':
		return until(1, text[:1])
	case d.dollars && text[0] == '$':
		tag, _, ended := strings.Cut(text[1:], "$")
		if ended && strings.Trim(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && (tag == "" || tag[0] > '9') {
			return until(len(tag)+2, "$"+tag+"$")
		}
	}
	return 0
}

// escaped is the length of quoted text in which a backslash takes the next character as
// it is.
func escaped(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}

// arguments are the values of the parameters.
func (q query) arguments(asked sources.Query) []any {
	values := map[string]any{
		"{from}": asked.Days.From.String(), "{to}": asked.Days.To.String(), "{until}": (asked.Days.To + 1).String(), "{account}": asked.Account.ID,
	}
	var all []any
	for _, name := range q.names {
		value := values[name]
		if q.named {
			value = sql.Named(strings.Trim(name, "{}"), value)
		}
		all = append(all, value)
	}
	return all
}

// secretsOf are the parts of an address of a database that must not be written.
func secretsOf(address string) []string {
	all := []string{address}
	if u, err := url.Parse(address); err == nil {
		if password, has := u.User.Password(); has {
			all = append(all, password)
		}
		all = append(all, u.Query().Get("password"))
	}
	for _, pair := range strings.Fields(address) {
		if password, ok := strings.CutPrefix(pair, "password="); ok {
			all = append(all, strings.Trim(password, "'"))
		}
	}
	return all
}
