package shopify

import (
	"slices"
	"time"

	"adtop/sources/httpkit"
)

// patience is how long Shopify may take to work out an order's visits.
const patience = 48 * time.Hour

// memory is Receipt.State: what the next Fetch needs to know of this one.
type memory struct {
	httpkit.Memory
	Hours []int64 `json:"hours"` // hours since 1970 with orders whose visits are awaited: updatedAt does not move when they come
}

// await remembers the hour of an order whose visits are not known yet.
func (m *memory) await(created time.Time) {
	hour := created.Unix() / 3600
	if at, found := slices.BinarySearch(m.Hours, hour); !found {
		m.Hours = slices.Insert(m.Hours, at, hour)
	}
}

// awaited returns the spans of time whose orders are to be read again,
// neighbouring hours as one.
func (m memory) awaited(now time.Time) [][2]time.Time {
	var spans [][2]time.Time
	for _, hour := range m.Hours {
		from := time.Unix(hour*3600, 0)
		if now.Sub(from) > patience+time.Hour {
			continue
		}
		to := from.Add(time.Hour)
		if last := len(spans) - 1; last >= 0 && spans[last][1].Equal(from) {
			spans[last][1] = to
			continue
		}
		spans = append(spans, [2]time.Time{from, to})
	}
	return spans
}
