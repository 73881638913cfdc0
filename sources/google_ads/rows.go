package googleads

import (
	"bytes"
	"strings"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// decoder reads the results of queries for figures.
type decoder struct {
	rows  *httpkit.Rows
	query sources.Query
	names map[string][]byte // of ads by id

	batch    []figure   // whose field mask has not been read yet; used again and again
	selected []byte     // the last field mask
	fields   kpi.Fields // that it names
}

// figure is one result.
type figure struct {
	httpkit.Figure
	result int // its place in all answers, from 1
}

func newDecoder(q sources.Query, names map[string][]byte, yield func(sources.Record) error) *decoder {
	d := &decoder{rows: httpkit.RowsOf(platform, q, yield), query: q, names: names}
	if d.names == nil {
		d.names = map[string][]byte{}
	}
	d.rows.Of = "result"
	return d
}

// stream reads the array of batches that searchStream answers with.
func (d *decoder) stream(s *httpkit.Scanner) error {
	for range s.Array() {
		if _, err := d.one(s); err != nil {
			return err
		}
	}
	return s.End()
}

// page reads one answer of search and returns the token of the next, "" after
// the last one.
func (d *decoder) page(s *httpkit.Scanner) (next string, err error) {
	if next, err = d.one(s); err != nil {
		return "", err
	}
	return next, s.End()
}

// one reads one batch or page. Which metrics were selected stands behind its
// results, so that these are handed over at its end.
func (d *decoder) one(s *httpkit.Scanner) (next string, err error) {
	d.batch = d.batch[:0]
	mask := []byte(nil)
	for key := range s.Object() {
		switch string(key) {
		case "results":
			for range s.Array() {
				d.rows.Line++
				f, err := d.result(s)
				if err != nil {
					return "", err
				}
				d.batch = append(d.batch, figure{f, d.rows.Line})
			}
		case "fieldMask":
			mask = s.Text()
		case "nextPageToken":
			next = string(s.Text())
		}
	}
	if err := s.Err(); err != nil {
		return "", err
	}
	if d.fields == 0 || !bytes.Equal(mask, d.selected) {
		d.selected, d.fields = mask, masked(string(mask))
	}
	last := d.rows.Line
	for _, f := range d.batch {
		f.Metrics.Has |= d.fields // a metric that was selected and is absent is zero
		d.rows.Line = f.result
		if d.query.Shares {
			if f.Metrics = f.Metrics.Only(kpi.Impressions); !f.ImpressionShare.Known {
				continue // nothing is told of it
			}
		}
		if err := d.rows.Put(f.Figure); err != nil {
			return "", err
		}
	}
	d.rows.Line = last
	return next, nil
}

// entity is what a result says of one of its resources.
type entity struct{ resource, id, name, status, kind []byte }

// read takes the fields that all resources have. customer has another name for
// its name.
func (e *entity) read(s *httpkit.Scanner) {
	for key := range s.Object() {
		switch string(key) {
		case "resourceName":
			e.resource = s.Text()
		case "id":
			e.id = s.Text()
		case "name", "descriptiveName":
			e.name = s.Text()
		case "status":
			e.status = s.Text()
		case "type":
			e.kind = s.Text()
		case "ad": // of an ad group's ad, whose status and resource name are the ones that count
			var ad entity
			ad.read(s)
			e.id, e.name, e.kind = ad.id, ad.name, ad.kind
		}
	}
}

// in returns the id: the field, or the end of the resource name in a collection.
func (e *entity) in(collection string) []byte {
	if digits(e.id) {
		return e.id
	}
	if end := tail(e.resource, collection); digits(end) {
		return end
	}
	return nil
}

func (d *decoder) result(s *httpkit.Scanner) (httpkit.Figure, error) {
	var customer, campaign, group, ad entity
	var f httpkit.Figure
	var date []byte
	var hour httpkit.Integer
	for key := range s.Object() {
		switch string(key) {
		case "customer":
			customer.read(s)
		case "campaign":
			campaign.read(s)
		case "adGroup":
			group.read(s)
		case "adGroupAd":
			ad.read(s)
		case "segments":
			for key := range s.Object() {
				switch string(key) {
				case "date":
					date = s.Text()
				case "hour":
					hour = s.Integer()
				case "adNetworkType":
					f.Breakdown = s.Text()
				}
			}
		case "metrics":
			share := readMetrics(s, &f.Metrics)
			if d.query.Shares {
				var valid bool
				if f.ImpressionShare, valid = impressionShare(share); !valid {
					return f, d.rows.Malformed("searchImpressionShare is %s: expected a number from 0 to 1", share.Micros.Decimal(0))
				}
			}
		}
	}
	if err := s.Err(); err != nil {
		return f, err
	}
	var err error
	switch d.query.Level {
	case sources.LevelCampaign:
		f.ID, f.Name, f.Status = campaign.in("campaigns"), campaign.name, campaign.status
	case sources.LevelAdGroup:
		f.ID, f.Name, f.Status, f.Parent = group.in("adGroups"), group.name, group.status, campaign.in("campaigns")
	case sources.LevelAd:
		f.ID, f.Parent = adID(&group, &ad)
		f.Name, f.Status = d.adName(f.ID, &ad), ad.status
	default:
		f.ID, f.Name, f.Status = customer.in("customers"), customer.name, customer.status
	}
	switch {
	case f.ID == nil:
		return f, d.rows.Malformed("neither id nor resourceName say what it is about")
	case d.query.Breakdown != "" && len(f.Breakdown) == 0:
		return f, d.rows.Malformed("segments.adNetworkType is missing")
	case d.query.Level > sources.LevelCampaign && f.Parent == nil:
		return f, d.rows.Malformed("it does not say what it belongs to")
	}
	f.Slot, err = d.slot(date, hour)
	return f, err
}

func (d *decoder) slot(date []byte, hour httpkit.Integer) (sources.Slot, error) {
	if d.query.Grain == sources.Day {
		return d.rows.Day(date)
	}
	day, err := d.rows.Date(date)
	if err != nil {
		return sources.Slot{}, err
	}
	if !hour.Known || hour.Value < 0 || hour.Value > 23 {
		return sources.Slot{}, d.rows.Malformed("segments.hour is missing or not within 0 to 23")
	}
	return d.rows.Hour(day, int(hour.Value))
}

// adID is the id of an ad within its ad group, as in 7~8: another ad group may
// show the same ad.
func adID(group, ad *entity) (id, parent []byte) {
	id = tail(ad.resource, "adGroupAds")
	parent, own, both := bytes.Cut(id, []byte("~"))
	if both && digits(parent) && digits(own) {
		return id, parent
	}
	if parent = group.in("adGroups"); parent == nil || !digits(ad.id) {
		return nil, nil
	}
	return bytes.Join([][]byte{parent, ad.id}, []byte("~")), parent
}

// adName is the name of an ad, else its headline, else its type and id.
func (d *decoder) adName(id []byte, ad *entity) []byte {
	if len(ad.name) > 0 {
		return ad.name
	}
	if name, known := d.names[string(id)]; known {
		return name
	}
	kind := strings.ToLower(strings.ReplaceAll(string(ad.kind), "_", " "))
	if kind == "" || kind == "unknown" || kind == "unspecified" {
		kind = "ad"
	}
	_, own, _ := bytes.Cut(id, []byte("~"))
	name := []byte(strings.ToUpper(kind[:1]) + kind[1:] + " " + string(own))
	d.names[string(id)] = name
	return name
}

// readMetrics reads figures, and returns the impression share. 64-bit integers
// come as strings.
func readMetrics(s *httpkit.Scanner, m *kpi.Metrics) (share httpkit.Decimal) {
	for key := range s.Object() {
		switch string(key) {
		case "impressions":
			s.Metric(m, kpi.Impressions)
		case "clicks":
			s.Metric(m, kpi.Clicks)
		case "costMicros":
			s.Millionths(m, kpi.Cost)
		case "conversions":
			s.Metric(m, kpi.Conversions)
		case "conversionsValue":
			s.Metric(m, kpi.Revenue)
		case "searchImpressionShare":
			share = s.Decimal()
		}
	}
	return share
}

// impressionShare reads a share. Google tells every one below a tenth as 0.0999.
func impressionShare(told httpkit.Decimal) (s kpi.Share, valid bool) {
	switch {
	case !told.Known:
		return kpi.Share{}, true
	case told.Micros <= 0 || told.Micros > 1_000_000:
		return kpi.Share{}, false
	case told.Micros == 99_900:
		return kpi.Share{Value: 0.1, Bound: kpi.Below, Known: true}, true
	}
	return kpi.Share{Value: told.Micros.Float(), Known: true}, true
}

var metricFields = map[string]kpi.Fields{
	"metrics.impressions": kpi.Impressions, "metrics.clicks": kpi.Clicks, "metrics.costMicros": kpi.Cost,
	"metrics.conversions": kpi.Conversions, "metrics.conversionsValue": kpi.Revenue,
}

// masked reads from a field mask which metrics were selected. An answer
// without a mask is taken to hold what was asked for.
func masked(mask string) kpi.Fields {
	if mask == "" {
		return kpi.Usual
	}
	var fields kpi.Fields
	for field := range strings.SplitSeq(mask, ",") {
		fields |= metricFields[strings.TrimSpace(field)]
	}
	return fields
}

// tail is what follows a collection at the end of a resource name, as 2 in
// "customers/1/campaigns/2"; nil where there is no such collection.
func tail(resource []byte, collection string) []byte {
	cut := bytes.LastIndexByte(resource, '/')
	if cut < 0 || string(resource[bytes.LastIndexByte(resource[:cut], '/')+1:cut]) != collection {
		return nil
	}
	return resource[cut+1:]
}

// digits says whether text is an id.
func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && len(text) <= 20
}

// idIn takes the digits after a collection from a resource name, as in
// "customers/1/campaigns/2"; in "customers/1/customerClients/2" too.
func idIn(resourceName, collection string) string {
	parts := strings.Split(resourceName, "/")
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i] == collection && customerPattern.MatchString(parts[i+1]) {
			return parts[i+1]
		}
	}
	return ""
}

func named(name, id string) string {
	if name = strings.TrimSpace(sources.Clean(name)); name == "" {
		return id
	}
	return name
}
