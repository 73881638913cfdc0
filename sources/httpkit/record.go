package httpkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// exchange is one line of a recording.
type exchange struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`    // path and query
	Origin string      `json:"origin"` // scheme and host of the target, to which its links lead
	Asked  string      `json:"asked,omitempty"`
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Answer string      `json:"answer"`
	Binary []byte      `json:"binary,omitempty"` // in place of Answer when that is no text, such as a zip file; nothing is cut out of it
}

// Recorder is a handler that passes requests on and writes down what was said.
type Recorder struct {
	target  *url.URL
	secrets *redactor
	mu      sync.Mutex
	out     *json.Encoder
}

// Record returns a handler that passes requests on to target and writes each
// exchange to w, one JSON object a line. An adapter whose base_url points at
// the handler is recorded without knowing of it; links in the answers are made
// to lead back to the handler, which is taken to be asked by plain http. Request headers, cookies,
// the given secrets and the values of fields and parameters whose name says
// that they carry a credential are not written.
func Record(target *url.URL, w io.Writer, secrets ...string) *Recorder {
	return &Recorder{target: target, out: json.NewEncoder(w), secrets: newRedactor(secrets)}
}

// ServeHTTP asks the target and answers as it did.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	body, err := io.ReadAll(asked.Body)
	if err != nil {
		http.Error(w, "request cannot be read", http.StatusBadRequest)
		return
	}
	address := r.target.JoinPath(asked.URL.Path)
	address.RawQuery = asked.URL.RawQuery
	onward, err := http.NewRequestWithContext(asked.Context(), asked.Method, address.String(), bytes.NewReader(body))
	if err != nil {
		http.Error(w, "request cannot be passed on", http.StatusBadRequest)
		return
	}
	onward.Header = asked.Header.Clone()
	onward.Header.Del("Accept-Encoding") // so that the answer is recorded unpacked
	answer, err := http.DefaultTransport.RoundTrip(onward)
	if err != nil {
		http.Error(w, "target is not reached", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil {
		err = r.write(asked, body, answer, said)
	}
	if err != nil {
		http.Error(w, "exchange cannot be recorded", http.StatusBadGateway)
		return
	}
	if utf8.Valid(said) {
		said = relocated(said, r.origin(), originOf(asked))
	}
	give(w, answer.Header, answer.StatusCode, said)
}

func (r *Recorder) origin() string { return r.target.Scheme + "://" + r.target.Host }

// originOf is where a request came to.
func originOf(asked *http.Request) string { return "http://" + asked.Host }

// relocated makes the links of an answer, such as those to the next page, lead
// to another origin. JSON may write a slash as "\/".
func relocated(body []byte, from, to string) []byte {
	for _, slash := range []string{"/", `\/`} {
		body = bytes.ReplaceAll(body, []byte(strings.ReplaceAll(from, "/", slash)), []byte(strings.ReplaceAll(to, "/", slash)))
	}
	return body
}

func (r *Recorder) write(asked *http.Request, body []byte, answer *http.Response, said []byte) error {
	header := answer.Header.Clone()
	for _, name := range []string{"Set-Cookie", "Content-Length", "Date"} {
		header.Del(name)
	}
	for _, values := range header {
		for i := range values {
			values[i] = r.secrets.clean(values[i])
		}
	}
	e := exchange{
		Method: asked.Method,
		URL:    r.secrets.clean(recordedURL(asked.URL)),
		Origin: r.origin(),
		Asked:  r.secrets.hide(string(body)),
		Status: answer.StatusCode,
		Header: header,
	}
	if utf8.Valid(said) {
		e.Answer = r.secrets.hide(string(said))
	} else {
		e.Binary = said
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Encode(e)
}

// recordedURL leaves out the host, which differs when the recording is played.
func recordedURL(address *url.URL) string {
	return cleanURL(&url.URL{Path: address.Path, RawQuery: address.RawQuery})
}

func give(w http.ResponseWriter, header http.Header, status int, body []byte) {
	for name, values := range header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader that went away is the reader's business
}

var (
	jsonField = regexp.MustCompile(`("([A-Za-z_]+)"\s*:\s*)"(?:[^"\\]|\\.)*"`)
	formField = regexp.MustCompile(`\b([A-Za-z_]+)=[^&\s"'\\]+`)
)

// hide takes credentials out of a body in JSON or form encoding.
func (r *redactor) hide(body string) string {
	body = jsonField.ReplaceAllStringFunc(r.clean(body), func(field string) string {
		// A key that begins with an underscore names a field, as WordPress has them.
		if parts := jsonField.FindStringSubmatch(field); secretName(parts[2]) && !(parts[2] == "key" && strings.HasPrefix(field[len(parts[1]):], `"_`)) {
			return parts[1] + `"` + redacted + `"`
		}
		return field
	})
	return formField.ReplaceAllStringFunc(body, func(field string) string {
		if name, _, _ := strings.Cut(field, "="); secretName(name) {
			return name + "=" + redacted
		}
		return field
	})
}

// Player answers requests from a recording.
type Player struct {
	mu   sync.Mutex
	said map[string][]exchange
}

// Replay reads what Record wrote. A request is answered by the exchanges with
// its method, path, query and body, in their order, the last one again and
// again; a request that was never recorded gets status 501.
func Replay(recording io.Reader) (*Player, error) {
	p := &Player{said: map[string][]exchange{}}
	lines := json.NewDecoder(bufio.NewReader(recording))
	for n := 1; ; n++ {
		var e exchange
		if err := lines.Decode(&e); err == io.EOF {
			return p, nil
		} else if err != nil {
			return nil, fmt.Errorf("recording, exchange %d: %w", n, err)
		}
		key := e.key()
		p.said[key] = append(p.said[key], e)
	}
}

func (e exchange) key() string { return e.Method + " " + e.URL + "\n" + e.Asked }

// ServeHTTP answers from the recording.
func (p *Player) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	body, err := io.ReadAll(asked.Body)
	if err != nil {
		http.Error(w, "request cannot be read", http.StatusBadRequest)
		return
	}
	var nothing redactor
	wanted := exchange{Method: asked.Method, URL: recordedURL(asked.URL), Asked: nothing.hide(string(body))}
	p.mu.Lock()
	defer p.mu.Unlock()
	said := p.said[wanted.key()]
	if len(said) == 0 {
		http.Error(w, "this request was not recorded", http.StatusNotImplemented)
		return
	}
	answer := said[0].Binary
	if answer == nil {
		answer = relocated([]byte(said[0].Answer), said[0].Origin, originOf(asked))
	}
	give(w, said[0].Header, said[0].Status, answer)
	if len(said) > 1 {
		p.said[wanted.key()] = said[1:]
	}
}
