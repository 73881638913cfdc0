package sources

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ClickKinds are the parameters in which platforms pass a click on, in small
// letters: of Google (gclid, gbraid, wbraid, dclid), Meta, Microsoft, TikTok,
// Yandex, X, LinkedIn, Snapchat, Pinterest, Reddit, Awin and Impact.com. The first
// of them that a visit carries counts.
var ClickKinds = []string{"gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "yclid", "ymclid", "twclid", "li_fat_id", "sccid", "epik", "rdt_cid", "awc", "irclickid", "dclid"}

// Visit is what a shop tells of the visit that led to a result.
type Visit struct {
	Source, Medium, Campaign string // UTM parameters
	Landing                  string // the address that it began with, or its path
	Referrer                 string // the address before it
}

// Key is what the visit is known by, and the click id that its address carried.
// Nothing else of the addresses is kept. The referrer stands in for missing UTM
// parameters: where there are some, it says nothing more, and keys stay few.
func (v Visit) Key() (k Key, clickID string) {
	k = Key{Source: v.Source, Medium: v.Medium, Campaign: v.Campaign}.Cleaned()
	if k == (Key{}) {
		k.Referrer = Host(v.Referrer)
	}
	k.Click, clickID = click(v.Landing)
	return k, clickID
}

// maxAddress bounds an address that is looked into, in bytes.
const maxAddress = 16 << 10

// click finds the click id among the parameters of an address.
func click(address string) (kind, id string) {
	_, query, found := strings.Cut(address, "?")
	if !found || len(query) > maxAddress {
		return "", ""
	}
	query, _, _ = strings.Cut(query, "#")
	values, _ := url.ParseQuery(query) // what of it cannot be read holds no click
	at := len(ClickKinds)
	for name := range values {
		i := slices.Index(ClickKinds, strings.ToLower(name))
		if text := Clean(values.Get(name)); i >= 0 && i < at && text != "" {
			at, kind, id = i, ClickKinds[i], text
		}
	}
	return kind, id
}

var hostPattern = regexp.MustCompile(`^[a-z0-9_.-]{1,253}$`)

// Host is the host of an address, in small letters and without "www."; "" where
// there is none. An app's address, as in android-app://com.google.android.gm, has its
// name as the host.
func Host(address string) string {
	if len(address) > maxAddress {
		return ""
	}
	if !strings.Contains(address, "//") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	host := strings.TrimPrefix(strings.Trim(strings.ToLower(u.Hostname()), "."), "www.")
	if !hostPattern.MatchString(host) {
		return ""
	}
	return host
}
