package sources

import (
	"net/url"
	"strings"
)

// Key is how a result without a platform's campaign finds its channel. Rows are
// summed by it, so that it holds nothing of which there is one for each result: of
// a click id the kind alone, of an address the host.
type Key struct {
	Source, Medium, Campaign string // UTM parameters
	Promo                    string // promotion code
	Dialled                  string // telephone number that was called
	Referrer                 string // host of the page that led here, where no UTM parameter tells more
	Click                    string // kind of the click id that the visit carried: one of ClickKinds
	Customer                 string // NewCustomer or ReturningCustomer, "" where nobody knows
}

// What Key.Customer may be.
const (
	NewCustomer       = "new"
	ReturningCustomer = "returning"
)

// keyNames are stored: a field that is empty is left out, so that ids from before a
// field was known read as ever.
var keyNames = [...]string{"utm_source", "utm_medium", "utm_campaign", "promo", "dialled", "referrer", "click_id", "customer"}

func (k *Key) fields() [len(keyNames)]*string {
	return [...]*string{&k.Source, &k.Medium, &k.Campaign, &k.Promo, &k.Dialled, &k.Referrer, &k.Click, &k.Customer}
}

// ID renders the key as an entity id, as in "utm_campaign=spring&utm_source=google";
// the key without any field is "none".
func (k Key) ID() string {
	values := url.Values{}
	for i, field := range k.fields() {
		if *field != "" {
			values.Set(keyNames[i], *field)
		}
	}
	if len(values) == 0 {
		return "none"
	}
	return values.Encode()
}

// ParseKey is the inverse of ID. What is no key gives the empty one.
func ParseKey(id string) Key {
	var k Key
	values, err := url.ParseQuery(id)
	if err != nil {
		return k
	}
	for i, field := range k.fields() {
		*field = values.Get(keyNames[i])
	}
	return k
}

// Name renders the key for people, as in "google / cpc / spring"; the key without
// any field is "none".
func (k Key) Name() string {
	var parts []string
	for _, part := range []string{k.Source, k.Medium, k.Campaign, k.Promo, k.Dialled, k.Referrer, k.Click} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	if k.Customer != "" {
		parts = append(parts, k.Customer+" customers")
	}
	return strings.Join(parts, " / ")
}

// Cleaned is the key with fields as Clean leaves them.
func (k Key) Cleaned() Key {
	for _, field := range k.fields() {
		*field = Clean(*field)
	}
	return k
}

// Sent is what the sender of the visitor has written: the key without what is found
// out of any visit.
func (k Key) Sent() Key {
	k.Referrer, k.Click, k.Customer = "", "", ""
	return k
}
