package httpkit

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"

	"adtop/sources"
)

// byStatus is the error of an answer that carries no error of the platform's
// own form; nil for a success in a form that can be read.
func (c *Client) byStatus(r *Response) *sources.Error {
	what := ""
	if c.looksLikeHTML(r) {
		what = ": answered with an HTML page" + title(r.Body)
	} else if r.Status/100 != 2 {
		what = c.excerpt(r.Body)
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d%s", r.Status, what)
		refusal.Next = next
		return refusal
	}
	switch {
	case r.Status/100 == 2 && what == "":
		return nil
	case r.Status/100 == 2:
		return refused(sources.Malformed, "a proxy or a sign-in page of the network may stand between: check base_url and the connection")
	case r.Status == http.StatusUnauthorized:
		return refused(sources.Auth, "sign in again or check the credentials")
	case r.Status == http.StatusForbidden:
		return refused(sources.Permission, "check what the credentials may read")
	case r.Status == http.StatusProxyAuthRequired:
		return refused(sources.Unavailable, "the network's proxy asks for credentials: set HTTPS_PROXY")
	case r.Status == http.StatusTooManyRequests:
		refusal := refused(sources.QuotaKind, "")
		refusal.RetryAfter = RetryAfter(r.Header)
		return refusal
	case r.Status >= 500, r.Status == http.StatusRequestTimeout, r.Status == http.StatusTooEarly:
		refusal := refused(sources.Unavailable, "")
		refusal.RetryAfter = RetryAfter(r.Header)
		return refusal
	}
	return refused(sources.Invalid, "")
}

// looksLikeHTML says whether the answer is a web page, as proxies, captive
// portals and front ends in trouble send them.
func (c *Client) looksLikeHTML(r *Response) bool {
	start := bytes.TrimLeft(r.Body[:min(len(r.Body), 512)], " \t\r\n\ufeff")
	if c.XML {
		start = bytes.ToLower(start)
		return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
	}
	return bytes.HasPrefix(start, []byte("<")) && !bytes.HasPrefix(start, []byte("<?xml"))
}

var titlePattern = regexp.MustCompile(`(?is)<title[^>]*>([^<]{1,200})`)

// title quotes the title of a web page, " “502 Bad Gateway”", if it has one.
func title(page []byte) string {
	found := titlePattern.FindSubmatch(page[:min(len(page), 4096)])
	if found == nil {
		return ""
	}
	return " “" + strings.TrimSpace(sources.Clean(string(found[1]))) + "”"
}
