package googleads

import (
	"context"
	"fmt"
	"strings"

	"adtop/sources"
	"adtop/sources/httpkit"
)

// Bounds of the questions that accompany those for figures.
const (
	mostHeadlines = 2000 // ads whose headlines are read: those with most impressions
	mostNamed     = 3    // campaigns that a warning names
)

// adNames reads the headlines of ads, which most of them have in place of a
// name. They are long lists, so that they are not asked for with every day's
// figures.
func (s *source) adNames(ctx context.Context, login string, q sources.Query) (map[string][]byte, error) {
	query := "SELECT ad_group_ad.ad.id, ad_group_ad.ad.responsive_search_ad.headlines, ad_group_ad.ad.expanded_text_ad.headline_part1, ad_group.id, metrics.impressions" +
		fmt.Sprintf(" FROM ad_group_ad WHERE %s ORDER BY metrics.impressions DESC LIMIT %d", where(q), mostHeadlines)
	names := map[string][]byte{}
	err := s.pages(ctx, login, q, query, func(scan *httpkit.Scanner) (string, error) {
		return results(scan, func() {
			var group, ad entity
			var headline []byte
			for key := range scan.Object() {
				switch string(key) {
				case "adGroup":
					group.read(scan)
				case "adGroupAd":
					headline = readAd(scan, &ad)
				}
			}
			if id, _ := adID(&group, &ad); id != nil && len(headline) > 0 && len(names) < mostHeadlines {
				names[string(id)] = []byte(sources.Clean(string(headline)))
			}
		})
	})
	return names, err
}

// readAd reads an ad group's ad and returns its first headline.
func readAd(s *httpkit.Scanner, ad *entity) (headline []byte) {
	for key := range s.Object() {
		switch string(key) {
		case "resourceName":
			ad.resource = s.Text()
		case "ad":
			for key := range s.Object() {
				switch string(key) {
				case "id":
					ad.id = s.Text()
				case "responsiveSearchAd", "expandedTextAd":
					if text := readHeadline(s); headline == nil {
						headline = text
					}
				}
			}
		}
	}
	return headline
}

func readHeadline(s *httpkit.Scanner) (first []byte) {
	for key := range s.Object() {
		switch string(key) {
		case "headlinePart1":
			first = s.Text()
		case "headlines":
			for n := range s.Array() {
				for key := range s.Object() {
					if n == 0 && string(key) == "text" {
						first = s.Text()
					}
				}
			}
		}
	}
	return first
}

// results has each result of a page read, and returns the token of the next.
func results(s *httpkit.Scanner, read func()) (next string, err error) {
	for key := range s.Object() {
		switch string(key) {
		case "results":
			for range s.Array() {
				read()
			}
		case "nextPageToken":
			next = string(s.Text())
		}
	}
	return next, s.End()
}

// lacksGroups says whether campaigns without ad groups may be missing from an
// answer: not where ad groups of a campaign were found.
func lacksGroups(q sources.Query, found bool) bool {
	return q.Level == sources.LevelAdGroup && (q.Parent == "" || !found) || q.Level == sources.LevelAd && q.Parent == ""
}

// withoutGroups is a warning that names the Performance Max campaigns, which
// consist of asset groups: nothing below them is listed.
func (s *source) withoutGroups(ctx context.Context, login string, q sources.Query) ([]string, error) {
	query := "SELECT campaign.id, campaign.name, metrics.impressions FROM campaign WHERE " + where(q) +
		" AND campaign.advertising_channel_type = 'PERFORMANCE_MAX' AND metrics.impressions > 0 ORDER BY metrics.impressions DESC"
	var found []string
	more := 0
	err := s.pages(ctx, login, q, query, func(scan *httpkit.Scanner) (string, error) {
		return results(scan, func() {
			var campaign entity
			for key := range scan.Object() {
				if string(key) == "campaign" {
					campaign.read(scan)
				}
			}
			if len(found) < mostNamed {
				found = append(found, named(string(campaign.name), string(campaign.in("campaigns"))))
			} else {
				more++
			}
		})
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	who := strings.Join(found, ", ")
	if more > 0 {
		who += fmt.Sprintf(" and %d more", more)
	}
	return []string{"Performance Max has asset groups in place of ad groups, so that nothing is listed below " + who}, nil
}
