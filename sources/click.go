package sources

import (
	"net/url"
	"strings"
)

// clickIDs are the parameters in which advertising platforms pass a click on.
var clickIDs = []string{"gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "yclid"}

// maxQuery bounds the query of a page that is looked through, in bytes.
const maxQuery = 16 << 10

// ClickID takes the click out of the address of the page that a visit began with;
// nothing else of it is kept. It is "" where there is none.
func ClickID(page string) string {
	_, query, found := strings.Cut(page, "?")
	if !found || len(query) > maxQuery {
		return ""
	}
	query, _, _ = strings.Cut(query, "#")
	values, _ := url.ParseQuery(query) // what of it cannot be read holds no click
	for _, name := range clickIDs {
		if id := values.Get(name); id != "" {
			return Clean(id)
		}
	}
	return ""
}
