package targets

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"adtop/alert/notify"
	"adtop/snapshot"
	"adtop/sources"
)

// The labels that Alertmanager and what reads its webhooks go by.
const (
	labelName     = "alertname" // the rule
	labelSubject  = "subject"
	labelSeverity = "severity"
	labelSource   = "source"
)

// labelsOf are an alert's labels in Alertmanager's form. They are its identity
// there, so that nothing in them may change while it stands; the figures are in
// the annotations.
func labelsOf(a notify.Alert) map[string]string {
	labels := map[string]string{}
	for name, value := range a.Labels {
		if value = sources.Clean(value); value != "" {
			labels[labelled(name)] = value
		}
	}
	labels[labelName], labels[labelSubject], labels[labelSeverity] = sources.Clean(a.Rule), sources.Clean(a.Subject), a.Severity.String()
	return labels
}

// labelled makes a name that Alertmanager takes: letters, digits and _, not a
// digit first.
func labelled(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// annotationsOf say what is to be read of an alert.
func annotationsOf(a notify.Alert) map[string]string {
	annotations := map[string]string{}
	for name, value := range map[string]string{
		"summary": a.Summary, "description": a.Reason, "runbook_url": a.Runbook, "link": a.Link,
		"state": a.State, "acknowledged_by": a.AckedBy, "acknowledged_note": a.AckNote,
	} {
		if value = sources.Clean(value); value != "" {
			annotations[name] = value
		}
	}
	return annotations
}

// fingerprint identifies a label set as Prometheus does: FNV-1a over names and
// values in order, 16 hexadecimal digits.
func fingerprint(labels map[string]string) string {
	sum := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(sum, "%s\xff%s\xff", name, labels[name])
	}
	return fmt.Sprintf("%016x", sum.Sum64())
}

// common are the entries that all maps have alike.
func common(all []map[string]string) map[string]string {
	if len(all) == 0 {
		return map[string]string{}
	}
	shared := maps.Clone(all[0])
	for _, other := range all[1:] {
		maps.DeleteFunc(shared, func(name, value string) bool { return other[name] != value })
	}
	return shared
}

// withNote lists the alerts of a message; a Note, which has none, becomes one of
// its own, for services that know nothing else.
func withNote(m notify.Message) []notify.Alert {
	if len(m.Alerts) > 0 || m.Kind != notify.Note {
		return m.Alerts
	}
	return []notify.Alert{{Link: m.Link, Alert: snapshot.Alert{
		Rule: "note", Subject: "adtop", State: snapshot.Firing, Severity: m.Severity, Since: m.At, Summary: m.Title, Reason: m.Text}}}
}
