package woocommerce

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// classify recognises the errors of WordPress. Those of hosts and firewalls are web
// pages, whose status decides.
func classify(r *httpkit.Response) *sources.Error {
	var e struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if r.Status/100 == 2 || json.Unmarshal(r.Body, &e) != nil || e.Code == "" {
		return nil
	}
	refused := func(kind sources.Kind, next string) *sources.Error {
		refusal := sources.Errorf(kind, "HTTP %d %s: %s", r.Status, sources.Clean(e.Code), sources.Clean(e.Message))
		refusal.Next = next
		return refusal
	}
	switch {
	case r.Status == http.StatusUnauthorized && (e.Code == "woocommerce_rest_cannot_view" || e.Code == "rest_forbidden"):
		return refused(sources.Permission, "give the key read permission, and its user the role of a shop manager; set currency where it may not read the settings, and auth: query if the server drops the header")
	case r.Status == http.StatusUnauthorized:
		return refused(sources.Auth, "make a key under WooCommerce > Settings > Advanced > REST API and replace consumer_key and consumer_secret")
	case r.Status == http.StatusForbidden:
		return refused(sources.Permission, "look for a security plug-in or a firewall that closes the REST API")
	case r.Status == http.StatusNotFound:
		return refused(sources.Invalid, "check site; with plain permalinks set permalinks: plain")
	case r.Status == http.StatusNotImplemented:
		return refused(sources.Invalid, "the server's firewall refuses the request: ask the host")
	case r.Status >= 500, r.Status == http.StatusTooManyRequests:
		return nil // by status
	case e.Code == "rest_post_invalid_page_number":
		refusal := refused(sources.Invalid, "")
		refusal.Err = fmt.Errorf("%w: %w", errBeyond, refusal.Err)
		return refusal
	}
	return refused(sources.Invalid, "")
}

// errBeyond marks the refusal of a page that there is not any more.
var errBeyond = errors.New("page is beyond the last one")

func isBeyond(err error) bool { return errors.Is(err, errBeyond) }
