package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"adtop/sources/simulator/world"
)

const (
	metaRunPrefix = "6100" // of the ids of reports
	metaRunsKept  = 100
)

// metaReports are the reports that Meta was asked to prepare.
type metaReports struct {
	mu   sync.Mutex
	made int
	runs []*metaRun
}

// metaRun is a report in preparation. Its state advances each time it is asked for.
type metaRun struct {
	id      string
	account world.Account
	report  metaReport
	asked   int
}

// metaStart takes an order for a report. The id comes as a string or a number.
func (s *Simulator) metaStart(_ *call, account world.Account, query url.Values) answer {
	report, refused := parseMetaReport(query)
	if refused != "" {
		return metaInvalid(refused).answer()
	}
	s.meta.mu.Lock()
	defer s.meta.mu.Unlock()
	s.meta.made++
	run := &metaRun{id: metaRunPrefix + strconv.Itoa(100000+s.meta.made), account: account, report: report}
	if len(s.meta.runs) >= metaRunsKept {
		s.meta.runs = s.meta.runs[1:]
	}
	s.meta.runs = append(s.meta.runs, run)
	if s.meta.made%2 == 0 {
		return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"report_run_id":%s}`, run.id))
	}
	return jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"report_run_id":%q}`, run.id))
}

// metaRun answers for a report: with its state, which is complete when it has
// been asked for three times, or with a page of its rows.
func (s *Simulator) metaRun(c *call, id, edge string, query url.Values) answer {
	s.meta.mu.Lock()
	i := slices.IndexFunc(s.meta.runs, func(r *metaRun) bool { return r.id == id })
	if i < 0 {
		s.meta.mu.Unlock()
		return metaGone(id)
	}
	run := s.meta.runs[i]
	if edge == "" {
		run.asked++
	}
	asked := run.asked
	s.meta.mu.Unlock()
	switch {
	case edge == "insights" && asked < 3:
		return metaRefusal{http.StatusBadRequest, 2601, 1815107, "(#2601) Error accessing adreport job.", true}.answer()
	case edge == "insights":
		return s.metaReported(c, run.account, run.report, query, 0)
	case edge != "":
		return metaGone(id)
	case asked == 1:
		return metaState(c, id, "Job Not Started", 0, "")
	case asked == 2:
		return metaState(c, id, "Job Running", 60, "")
	}
	return metaState(c, id, "Job Completed", 100, "")
}

func metaState(c *call, id, state string, percent int, more string) answer {
	a := jsonAnswer(http.StatusOK, fmt.Appendf(nil, `{"id":%q,"account_id":"1","time_ref":%d,"async_status":%q,"async_percent_completion":%d%s}`,
		id, c.now.Unix(), state, percent, more))
	setMetaUsage(a.header, c.path, metaUsage, 0)
	return a
}

// metaTrouble is what a report that is not ready, or never will be, answers.
func metaTrouble(c *call) answer {
	id := c.path[strings.LastIndexByte(c.path, '/')+1:]
	switch c.fault.Kind {
	case ReportFailed:
		return metaState(c, id, "Job Failed", 40, `,"error_code":-2,"error_subcode":2490547,"error_message":"Report Failed","error_user_title":"Report Failed","error_user_msg":"Generating the report failed. Try again later."`)
	case ReportSkipped:
		return metaState(c, id, "Job Skipped", 0, "")
	case ReportExpired:
		return metaGone(id)
	}
	return metaState(c, id, "Job Running", 40, "")
}

// metaStatuses lists ad sets or ads of an account, a campaign or an ad set with
// their effective status.
func (s *Simulator) metaStatuses(c *call, id, edge string, query url.Values) (answer, bool) {
	words := map[string]string{"ENABLED": "ACTIVE", "PAUSED": "PAUSED", "REMOVED": "ARCHIVED"}
	var found [][2]string
	known := false
	for _, account := range s.world.Accounts(world.Meta) {
		for _, campaign := range account.Campaigns {
			for _, group := range campaign.Groups {
				if id != account.ID && id != campaign.ID && (id != group.ID || edge == "adsets") {
					continue
				}
				known = true
				if edge == "adsets" && words[group.Status] != "" {
					found = append(found, [2]string{group.ID, words[group.Status]})
				}
				for _, ad := range group.Ads {
					if edge == "ads" && words[ad.Status] != "" {
						found = append(found, [2]string{ad.ID, words[ad.Status]})
					}
				}
			}
		}
		known = known || id == account.ID
	}
	if !known {
		return answer{}, false
	}
	return s.metaPage(c, query, len(found), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"id":%q,"effective_status":%q}`, found[i][0], found[i][1])
	}), true
}
