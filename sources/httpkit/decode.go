package httpkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"adtop/sources"
)

// Decode decodes the JSON of an answer into what into points to. Its error is
// of kind Malformed and says where the answer cannot be read.
func (c *Client) Decode(r *Response, into any) error {
	if err := c.decode(r.Body, into); err != nil {
		return c.refusal(err)
	}
	return nil
}

func (c *Client) decode(body []byte, into any) *sources.Error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	problem := err.Error()
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		problem = "answer is empty"
	case errors.As(err, &syntax) && int(syntax.Offset) >= len(body):
		problem = fmt.Sprintf("answer breaks off at byte %d", len(body))
	case errors.As(err, &syntax):
		problem = fmt.Sprintf("answer is not JSON from byte %d on (%s)", syntax.Offset, strings.TrimPrefix(syntax.Error(), "json: "))
	case errors.As(err, &mistyped):
		has := mistyped.Value // may hold the value itself
		if c.Private {
			has = "another value"
		}
		problem = fmt.Sprintf("answer has %s where %s belongs%s", has, wanted(mistyped), place(mistyped))
	case c.Private: // words of whoever reads the value
		problem = "answer has a value that cannot be read"
	}
	return sources.Errorf(sources.Malformed, "%s%s", problem, c.quote(body))
}

// quote is the beginning of a good answer, for an error about it; nothing of a private one.
func (c *Client) quote(body []byte) string {
	if c == nil || c.Private {
		return ""
	}
	return c.excerpt(body)
}

func place(e *json.UnmarshalTypeError) string {
	at := " at its top"
	if e.Field != "" {
		at = " at " + e.Field
	}
	if e.Offset > 0 {
		at += fmt.Sprintf(" (byte %d)", e.Offset)
	}
	return at
}

// wanted names in JSON's words what the answer should hold.
func wanted(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); {
	case e.Type == decimalType, e.Type == integerType:
		return "a number"
	case kind == "struct", kind == "map":
		return "an object"
	case kind == "slice", kind == "array":
		return "an array"
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	}
	return "a whole number"
}

// excerpt quotes the beginning of a body. Secrets go first: a cut through one
// would leave a part that is no longer recognised.
func (c *Client) excerpt(body []byte) string {
	const read, shown = 4096, 160
	text := c.secrets.hide(string(body[:min(len(body), read)]))
	text = strings.Join(strings.Fields(sources.Clean(text)), " ")
	if text == "" {
		return ""
	}
	if len(text) > shown {
		cut := shown
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut] + "…"
	}
	return ": " + text
}
