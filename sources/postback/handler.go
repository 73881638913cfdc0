package postback

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"adtop/sources"
	"adtop/sources/record"
)

// handler answers requests.
type handler struct {
	*source
	jobs chan job
	over chan struct{} // closes when nothing is committed any more

	door     sync.Mutex
	shut     bool
	requests sync.WaitGroup
}

// enter counts a request in, unless it comes too late.
func (h *handler) enter() bool {
	h.door.Lock()
	defer h.door.Unlock()
	if h.shut {
		return false
	}
	h.requests.Add(1)
	return true
}

// end waits for the requests under way. Their connections are closed, and nothing
// that they wait for comes any more.
func (h *handler) end() {
	h.door.Lock()
	h.shut = true
	h.door.Unlock()
	close(h.over)
	h.requests.Wait()
}

// ServeHTTP takes one message. Who may not call learns no more than that there is
// nothing here.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer h.requests.Done()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if wait := h.pace.admit(h.sender(r), h.env.Now()); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		h.refuse(w, &refusal{hasty, "", http.StatusTooManyRequests})
		return
	}
	if len(r.URL.RawQuery) > h.limits.query {
		h.refuse(w, &refusal{unread, "the query is too long", http.StatusRequestURITooLong})
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if reason := h.admits(r, query); reason != "" {
		h.refuse(w, &refusal{reason, "", http.StatusNotFound})
		return
	}
	if err != nil {
		h.refuse(w, &refusal{unread, "its query is not encoded as it should be", http.StatusBadRequest})
		return
	}
	parameters, body, refused := h.parameters(w, r, query)
	if refused == nil {
		if reason := h.sealed(r, parameters, body); reason != "" {
			refused = &refusal{reason, "", http.StatusNotFound}
		}
	}
	var event sources.Event
	if refused == nil {
		delete(parameters, tokenParameter)
		event, refused = h.event(parameters)
	}
	if refused != nil {
		h.refuse(w, refused)
		return
	}
	h.take(w, job{event, h.raw(parameters), make(chan error, 1)})
}

// take hands a message to the committer and answers when it is stored.
func (h *handler) take(w http.ResponseWriter, waiting job) {
	select {
	case h.jobs <- waiting:
	default:
		w.Header().Set("Retry-After", "1")
		h.refuse(w, &refusal{crowded, "", http.StatusServiceUnavailable})
		return
	}
	err := errOver
	select {
	case err = <-waiting.done:
	case <-h.over:
	}
	if err != nil {
		h.env.Log.Warn("postback not stored", "source", h.env.Name, "err", err)
		w.Header().Set("Retry-After", "10")
		h.refuse(w, &refusal{unstored, "", http.StatusServiceUnavailable})
		return
	}
	_, _ = io.WriteString(w, "OK") // a sender that is gone will send again
}

func (h *handler) refuse(w http.ResponseWriter, r *refusal) {
	h.note(r.reason, r.detail)
	w.WriteHeader(r.status)
	if r.status == http.StatusNotFound {
		_, _ = io.WriteString(w, "not found\n") // who is not answered needs no answer
		return
	}
	_, _ = io.WriteString(w, sources.Clean(r.Error())+"\n")
}

// parameters reads a message: the query, and the form or the JSON object of its body.
func (h *handler) parameters(w http.ResponseWriter, r *http.Request, query url.Values) (url.Values, []byte, *refusal) {
	var body []byte
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		var err error
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.limits.body)))
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return nil, nil, &refusal{unread, "the body is too long", http.StatusRequestEntityTooLarge}
		}
		if err != nil {
			return nil, nil, &refusal{unread, "the body broke off", http.StatusBadRequest}
		}
	default:
		return nil, nil, &refusal{unread, "expected GET or POST", http.StatusMethodNotAllowed}
	}
	form, err := parse(r.Header.Get("Content-Type"), body)
	if err != nil {
		return nil, nil, &refusal{unread, err.Error(), http.StatusBadRequest}
	}
	if len(body) > 0 && h.gate.key != nil && h.options.Sign.Header != "" {
		query = url.Values{} // the signature covers the body only
	}
	for name, values := range form {
		query[name] = append(query[name], values...)
	}
	if len(query) > h.limits.parameters {
		return nil, nil, &refusal{unread, fmt.Sprintf("more than %d parameters", h.limits.parameters), http.StatusBadRequest}
	}
	for name, values := range query {
		if len(name) > h.limits.parameter || len(values) > h.limits.parameters {
			return nil, nil, &refusal{unread, "a parameter is too long", http.StatusBadRequest}
		}
		for _, value := range values {
			if len(value) > h.limits.parameter {
				return nil, nil, &refusal{unread, "a parameter is too long", http.StatusBadRequest}
			}
		}
	}
	return query, body, nil
}

// parse reads a body as its type says, JSON also where it says nothing of it.
func parse(contentType string, body []byte) (url.Values, error) {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return nil, nil
	}
	kind, _, _ := mime.ParseMediaType(contentType) // what is no type is none
	if kind != "application/json" && !strings.HasPrefix(text, "{") {
		form, err := url.ParseQuery(text)
		if err != nil {
			return nil, errors.New("the body is no form")
		}
		return form, nil
	}
	values, err := record.Object(body)
	if err != nil {
		return nil, errors.New("the body is no JSON object")
	}
	form := url.Values{}
	for name, value := range values {
		one, err := record.Text(value)
		switch v := value.(type) {
		case bool:
			one, err = fmt.Sprint(v), nil
		case map[string]any, []any: // what is nested is not read
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: expected text or a number", sources.Clean(name))
		}
		form.Set(name, one)
	}
	return form, nil
}
