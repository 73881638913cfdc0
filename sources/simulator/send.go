package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"adtop/sources/simulator/world"
)

const defaultOversize = 48 << 20

// Person is whom an answer that is not JSON is about: where persons are read of, no error
// may quote her.
const Person = "jenny.rosen@example.com"

const proxyPage = `<!DOCTYPE html>
<html><head><title>502 Bad Gateway</title></head>
<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy</center></body></html>
`

// failure answers in place of the platform when the fault leaves nothing of
// the right answer.
func (s *Simulator) failure(c *call) (answer, bool) {
	switch c.fault.Kind {
	case HTML:
		status := c.fault.Status
		if status == 0 {
			status = http.StatusBadGateway
		}
		return answer{status, http.Header{"Content-Type": {"text/html"}}, []byte(proxyPage)}, true
	case NotJSON:
		return answer{http.StatusOK, http.Header{"Content-Type": {"text/plain"}}, []byte("OK, " + Person + "\n")}, true
	case Throttle, Outage, ExpiredToken, RevokedToken, Denied, TooMuch, WrongType, Building, ReportFailed, ReportSkipped, ReportExpired:
		return services[c.platform].failure(s, c), true
	}
	return answer{}, false
}

// send writes an answer the way the fault wants it.
func (s *Simulator) send(rw http.ResponseWriter, c *call, a answer) {
	for name, values := range a.header {
		rw.Header()[name] = values
	}
	rw.Header().Set("Date", c.now.UTC().Format(http.TimeFormat))
	body := a.body
	switch c.fault.Kind {
	case Slow:
		select {
		case <-time.After(c.fault.Wait):
		case <-c.r.Context().Done():
			return
		}
	case Truncated:
		body = body[:len(body)/2]
	case Dropped:
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	case UnknownFields:
		body = embellish(body, c.platform)
	case Oversized:
		rw.WriteHeader(a.status)
		pad(rw, c.fault.Bytes)
		_, _ = rw.Write(body)
		return
	}
	rw.WriteHeader(a.status)
	_, _ = rw.Write(body)
}

// pad writes n bytes of white space, which JSON allows, or until the client
// has gone.
func pad(rw http.ResponseWriter, n int64) {
	if n == 0 {
		n = defaultOversize
	}
	chunk := bytes.Repeat([]byte(" "), 64<<10)
	for ; n > 0; n -= int64(len(chunk)) {
		if _, err := rw.Write(chunk); err != nil {
			return
		}
	}
}

// novelEnums are enum values that adapters must carry without understanding
// them, by key. Others decide what an order counts for and are left alone.
var novelEnums = map[string]string{
	"status":                 "HIBERNATING",
	"advertisingChannelType": "HOLOGRAM",
	"sourceType":             "TELEPATHY",
}

// statusDecides are the platforms where a status says what an order, or an answer, is.
var statusDecides = map[string]bool{world.WooCommerce: true, world.Roistat: true}

// embellish adds an unknown key to every object of a JSON body and replaces
// some enum values by unknown ones. Errors, whose status decides how they are
// treated, stay as they are.
func embellish(body []byte, platform string) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return body
	}
	novel, err := json.Marshal(withNovelties(tree, platform))
	if err != nil {
		return body
	}
	return novel
}

func withNovelties(node any, platform string) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = withNovelties(node[i], platform)
		}
	case map[string]any:
		for key, value := range node {
			if key == "error" || key == "errors" {
				continue
			}
			if novel := novelEnums[key]; novel != "" && (key != "status" || !statusDecides[platform]) {
				if _, isText := value.(string); isText {
					node[key] = novel
					continue
				}
			}
			node[key] = withNovelties(value, platform)
		}
		node["notYetDocumented"] = map[string]any{"since": "v99", "list": []any{json.Number("1"), "two", nil}}
	}
	return node
}
