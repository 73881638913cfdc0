package cli

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// exposition is Prometheus' text format, version 0.0.4. Its own few lines take
// the place of the client library, whose start would cost every adtop a
// millisecond.
type exposition struct {
	text bytes.Buffer
	name string // of the family that is being told
}

const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// gauge and counter begin a family; what is told next is of it.
func (e *exposition) gauge(name, help string)   { e.family(name, "gauge", help) }
func (e *exposition) counter(name, help string) { e.family(name, "counter", help) }

func (e *exposition) family(name, kind, help string) {
	e.name = name
	e.text.WriteString("# HELP " + name + " " + strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help) + "\n# TYPE " + name + " " + kind + "\n")
}

var escapedLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// is tells a value; labels are names and values by turns.
func (e *exposition) is(value float64, labels ...string) {
	e.text.WriteString(e.name)
	for i := 0; i < len(labels); i += 2 {
		e.text.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + labels[i] + `="` + escapedLabel.Replace(strings.ToValidUTF8(labels[i+1], "\ufffd")) + `"`)
	}
	if len(labels) > 0 {
		e.text.WriteByte('}')
	}
	e.text.WriteString(" " + strconv.FormatFloat(value, 'g', -1, 64) + "\n")
}

// when tells a value that is known; what is not has no line.
func (e *exposition) when(known bool, value float64, labels ...string) {
	if known {
		e.is(value, labels...)
	}
}

// at tells an instant, unless it is zero.
func (e *exposition) at(t time.Time, labels ...string) {
	e.when(!t.IsZero(), float64(t.UnixMilli())/1000, labels...)
}

// oneOf tells a state: 1 for the one that it is, 0 for all others.
func (e *exposition) oneOf(label, state string, all []string, labels ...string) {
	for _, s := range all {
		e.is(float64(b2i(s == state)), append(labels[:len(labels):len(labels)], label, s)...)
	}
}
