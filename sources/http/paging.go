package http

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
	"adtop/sources/record"
)

const (
	maxPages = 10_000
	maxBytes = 1 << 30 // of all pages of one answer
)

// Paging says how further pages are asked for.
type Paging struct {
	Style     string `yaml:"style"`     // none, page, offset, cursor or link
	Parameter string `yaml:"parameter"` // of the query that holds page, offset or cursor; without it a placeholder does
	First     int    `yaml:"first"`     // number of the first page
	Size      int    `yaml:"size"`      // rows of a full page: a shorter one is the last
	Next      string `yaml:"next"`      // jq from the answer to the next cursor or URL; for page and offset, to whether there is more
}

func (p *Paging) check() error {
	styles := []string{"none", "page", "offset", "cursor", "link"}
	switch {
	case !slices.Contains(styles, p.Style):
		return fmt.Errorf("paging.style: %q: expected one of %s", p.Style, strings.Join(styles, ", "))
	case p.Style == "cursor" && p.Next == "":
		return fmt.Errorf("paging.next: required: the jq expression of the next cursor or page's URL, such as .paging.next")
	case p.Style == "link" && p.Next != "", p.Style == "none" && p.Next != "":
		return fmt.Errorf("paging.next: is for the styles cursor, page and offset")
	case p.First < 0 || p.Size < 0:
		return fmt.Errorf("paging.size: expected a number of rows")
	}
	return nil
}

// pages reads the pages of one answer.
type pages struct {
	*source
	query  sources.Query
	book   *record.Book
	number int // of the page under way, from 1
	offset int // rows of the pages before
	cursor string
	link   string   // of the page under way, when the one before named it
	at     *url.URL // where the page under way is
	size   int      // bytes so far
	last   [sha256.Size]byte
}

func (p *pages) read(ctx context.Context) error {
	for p.number = 1; ; p.number++ {
		if p.number > maxPages {
			return p.unreadable("more than %d pages: expected an end; is paging right?", maxPages)
		}
		request, err := p.request()
		if err != nil {
			return err
		}
		if p.at, err = url.Parse(request.Link); err != nil {
			return sources.Errorf(sources.Invalid, "%s: at page %d: its address is no URL", p.env.Name, p.number)
		}
		response, err := p.client.Do(ctx, request)
		if err != nil {
			return err
		}
		more, err := p.page(ctx, response)
		if err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// page reads the rows of one answer and says whether another one follows.
func (p *pages) page(ctx context.Context, response *httpkit.Response) (bool, error) {
	if p.size += len(response.Body); p.size > maxBytes {
		return false, p.unreadable("more than %d MiB in all pages", maxBytes>>20)
	}
	answer, err := p.decode(response)
	if err != nil {
		return false, err
	}
	rows, err := p.reader.read(ctx, p, answer)
	if err != nil {
		return false, err
	}
	p.offset += rows
	more, err := p.next(ctx, response, answer, rows)
	sum := sha256.Sum256(response.Body)
	if more && sum == p.last {
		return false, p.unreadable("at page %d: it is the same as the one before; is paging right?", p.number)
	}
	p.last = sum
	return more, err
}

// next finds out what follows a page.
func (p *pages) next(ctx context.Context, response *httpkit.Response, answer any, rows int) (bool, error) {
	style := p.options.Paging.Style
	switch style {
	case "none":
		return false, nil
	case "link":
		p.link = relNext(response.Header)
		return p.link != "", p.absolute()
	case "cursor":
		next, err := p.reader.cursor(ctx, p, answer)
		if p.cursor, p.link = next, ""; strings.HasPrefix(next, "https://") || strings.HasPrefix(next, "http://") {
			p.cursor, p.link = "", next
		}
		return next != "", err
	}
	if rows == 0 || rows < p.options.Paging.Size {
		return false, nil
	}
	if p.options.Paging.Next != "" {
		more, err := p.reader.more(ctx, p, answer)
		return more, err
	}
	return true, nil
}

// absolute completes a link of the Link header, which may be relative to the page
// that it came with.
func (p *pages) absolute() error {
	if p.link == "" {
		return nil
	}
	link, err := url.Parse(p.link)
	if err != nil {
		return p.unreadable("at page %d: its Link header is no URL", p.number)
	}
	p.link = p.at.ResolveReference(link).String()
	return nil
}

// relNext reads the next page out of a Link header (RFC 8288).
func relNext(h http.Header) string {
	for _, value := range h.Values("Link") {
		for rest := value; ; {
			_, after, ok := strings.Cut(rest, "<")
			target, parameters, closed := strings.Cut(after, ">")
			if !ok || !closed {
				break
			}
			end := strings.IndexByte(parameters, '<')
			if end < 0 {
				end = len(parameters)
			}
			for _, parameter := range strings.Split(parameters[:end], ";") {
				name, rel, _ := strings.Cut(strings.Trim(parameter, " ,"), "=")
				if strings.EqualFold(strings.TrimSpace(name), "rel") && slices.Contains(strings.Fields(strings.ToLower(strings.Trim(rel, `" `))), "next") {
					return target
				}
			}
			rest = parameters
		}
	}
	return ""
}

// request fills the template in.
func (p *pages) request() (*httpkit.Request, error) {
	o := &p.options
	address := p.link
	if address == "" {
		address = p.fill(url.QueryEscape).Replace(o.URL)
		parameter := ""
		switch {
		case o.Paging.Parameter == "":
		case o.Paging.Style == "page":
			parameter = p.pageNumber()
		case o.Paging.Style == "offset":
			parameter = strconv.Itoa(p.offset)
		case o.Paging.Style == "cursor":
			parameter = p.cursor
		}
		if parameter != "" {
			mark := "?"
			if strings.Contains(address, "?") {
				mark = "&"
			}
			address += mark + url.QueryEscape(o.Paging.Parameter) + "=" + url.QueryEscape(parameter)
		}
	}
	request := &httpkit.Request{Method: o.Method, Link: address, Header: http.Header{}}
	for name, value := range o.Headers {
		filled := p.fill(nil).Replace(value)
		if strings.ContainsAny(filled, "\r\n") {
			return nil, sources.Errorf(sources.Invalid, "%s: headers.%s: has a line break", p.env.Name, name)
		}
		request.Header.Set(name, filled)
	}
	if o.Method == http.MethodPost {
		escape := url.QueryEscape
		if start := strings.TrimSpace(o.Body); strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[") {
			escape = inJSON
		}
		request.Plain = []byte(p.fill(escape).Replace(o.Body))
		if request.Header.Get("Content-Type") == "" {
			kind := "application/x-www-form-urlencoded"
			if json.Valid(request.Plain) {
				kind = "application/json"
			}
			request.Header.Set("Content-Type", kind)
		}
	}
	return request, nil
}

func (p *pages) pageNumber() string { return strconv.Itoa(p.options.Paging.First + p.number - 1) }

// fill replaces all placeholders.
func (p *pages) fill(escape func(string) string) filling {
	if escape == nil {
		escape = func(text string) string { return text }
	}
	pairs := []string{"{page}", p.pageNumber(), "{offset}", strconv.Itoa(p.offset), "{cursor}", escape(p.cursor), "{size}", strconv.Itoa(p.options.Paging.Size)}
	for name, secret := range p.options.Secrets {
		pairs = append(pairs, "{secret."+name+"}", escape(secret.Reveal()))
	}
	return filling{strings.NewReplacer(pairs...), record.Fillings(p.query, escape)}
}

// filling applies the days and the account first: what they bring is no
// placeholder.
type filling struct{ own, days *strings.Replacer }

func (f filling) Replace(text string) string {
	var filled strings.Builder
	for rest := text; ; {
		at := placeholder.FindStringIndex(rest)
		if at == nil {
			filled.WriteString(rest)
			return filled.String()
		}
		name := rest[at[0]:at[1]]
		value := f.own.Replace(name)
		if value == name {
			value = f.days.Replace(name)
		}
		filled.WriteString(rest[:at[0]])
		filled.WriteString(value)
		rest = rest[at[1]:]
	}
}

func inJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil { // a string always encodes
		return ""
	}
	return string(bytes.Trim(encoded, `"`))
}

// unreadable is the error of an answer that cannot be.
func (p *pages) unreadable(format string, args ...any) error {
	return sources.Errorf(sources.Malformed, "%s: %s", p.env.Name, p.client.Redacted(fmt.Sprintf(format, args...)))
}
