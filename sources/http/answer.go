package http

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"adtop/sources/httpkit"
)

// deepest bounds how far elements of XML may be nested.
const deepest = 64

// decode makes a value that jq can read of an answer. Numbers of JSON stay
// exact, cells of CSV and texts of XML are texts.
func (p *pages) decode(response *httpkit.Response) (any, error) {
	switch p.options.Answer {
	case "csv":
		return p.table(response.Body)
	case "xml":
		return p.document(response.Body)
	}
	var answer exact
	err := p.client.Decode(response, &answer)
	return answer.value, err
}

// exact decodes any JSON without rounding its numbers.
type exact struct{ value any }

// UnmarshalJSON keeps numbers as they are written.
func (e *exact) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(&e.value)
}

// table makes a list of objects of CSV, keyed by the header.
func (p *pages) table(body []byte) (any, error) {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(body) {
		return nil, p.unreadable("at page %d: the answer is not UTF-8", p.number)
	}
	r := csv.NewReader(bytes.NewReader(body))
	if r.Comma = rune(p.options.Delimiter[0]); p.options.Delimiter == "tab" {
		r.Comma = '\t'
	}
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return []any{}, nil
	}
	if err != nil {
		return nil, p.unreadable("at page %d: %v", p.number, err)
	}
	seen := map[string]bool{}
	for i, name := range header {
		header[i] = strings.TrimSpace(name)
		if seen[header[i]] {
			return nil, p.unreadable("at page %d: two columns are called %q", p.number, header[i])
		}
		seen[header[i]] = true
	}
	rows := []any{}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, p.unreadable("at page %d: %v", p.number, err)
		}
		row := make(map[string]any, len(cells))
		for i, cell := range cells {
			row[header[i]] = cell
		}
		rows = append(rows, row)
	}
}

// document makes objects of XML: an element is an object of its attributes
// ("@name"), its text ("#text") and its children, each a list in the order of the
// document. An element with nothing but text is that text.
func (p *pages) document(body []byte) (any, error) {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, p.broken(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		root, err := element(decoder, start, 0)
		if err != nil {
			return nil, p.broken(err)
		}
		for err == nil {
			if token, err = decoder.Token(); err == nil {
				if _, another := token.(xml.StartElement); another {
					err = errors.New("a second document follows")
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			return nil, p.broken(err)
		}
		return map[string]any{start.Name.Local: root}, nil
	}
}

func (p *pages) broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = errors.New("it breaks off")
	}
	return p.unreadable("at page %d: the answer is not XML: %v", p.number, err)
}

func element(decoder *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > deepest {
		return nil, errors.New("elements are nested too deep")
	}
	inner := map[string]any{}
	for _, attribute := range start.Attr {
		inner["@"+attribute.Name.Local] = attribute.Value
	}
	var text strings.Builder
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			child, err := element(decoder, t, depth+1)
			if err != nil {
				return nil, err
			}
			list, _ := inner[t.Name.Local].([]any)
			inner[t.Name.Local] = append(list, child)
		case xml.EndElement:
			said := strings.TrimSpace(text.String())
			if len(inner) == 0 {
				return said, nil
			}
			if said != "" {
				inner["#text"] = said
			}
			return inner, nil
		}
	}
}
