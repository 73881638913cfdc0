package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// filter is what a user types behind "/": all of its terms have to hold.
//
//	tik           some text of the line contains it
//	!brand        no text of the line does
//	campaign:tik  the text of a column contains it
//	roas<1.5      the figure of a column compares so: < <= > >= =
//	"two words"   quotes keep spaces
//
// Case does not matter. A figure that is not known compares with nothing.
type filter []term

type term struct {
	not     bool
	field   string // key of a column, "" for every text of the line
	compare string // "" or ":" for texts
	text    string // lower case
	number  float64
}

var fieldTerm = regexp.MustCompile(`^([\pL_]+)(:|<=|>=|<|>|=)(.*)$`)

// parseFilter reads a filter. A term that is not finished yet is left out, and
// so is one with a mistake, which is told.
func parseFilter(text string) (f filter, mistake error) {
	for _, word := range words(strings.ToLower(text)) {
		t := term{text: word}
		if t.not = strings.HasPrefix(word, "!"); t.not {
			t.text = word[1:]
		}
		if parts := fieldTerm.FindStringSubmatch(t.text); parts != nil {
			t.field, t.compare, t.text = parts[1], parts[2], parts[3]
		}
		t.text = strings.ReplaceAll(t.text, `"`, "")
		if t.text == "" {
			continue
		}
		if t.compare != "" && t.compare != ":" {
			var err error
			if t.number, err = parseNumber(t.text); err != nil || math.IsNaN(t.number) {
				mistake = fmt.Errorf("%s%s needs a number, as in %s%s1.5", t.field, t.compare, t.field, t.compare)
				continue
			}
		}
		f = append(f, t)
	}
	return f, mistake
}

// words splits text at spaces outside quotes.
func words(text string) []string {
	quoted := false
	return strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
}

// parseNumber reads "1.5", "20%", "1.2k" and "3m".
func parseNumber(text string) (float64, error) {
	factor := 1.0
	for suffix, f := range map[string]float64{"%": 0.01, "k": 1e3, "m": 1e6} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, factor = rest, f
			break
		}
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, minus, "-"), 64)
	return v * factor, err
}

// contains says whether one of the texts contains the term's.
func (t term) contains(texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(strings.ToLower(text), t.text) {
			return true
		}
	}
	return false
}

// holds compares v with the term's number. Equal is what reads equal: half a
// percent does not matter.
func (t term) holds(v float64) bool {
	switch t.compare {
	case "<":
		return v < t.number
	case "<=":
		return v <= t.number
	case ">":
		return v > t.number
	case ">=":
		return v >= t.number
	}
	slack := 0.005 * max(t.number, -t.number)
	return v >= t.number-slack && v <= t.number+slack
}
