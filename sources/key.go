package sources

import "net/url"

// Key is how a result without a platform's campaign finds its channel.
type Key struct {
	Source, Medium, Campaign string // UTM parameters
	Promo                    string // promotion code
	Dialled                  string // telephone number that was called
}

var keyNames = [...]string{"utm_source", "utm_medium", "utm_campaign", "promo", "dialled"}

func (k *Key) fields() [5]*string {
	return [5]*string{&k.Source, &k.Medium, &k.Campaign, &k.Promo, &k.Dialled}
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
