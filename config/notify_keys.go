package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"adtop/pattern"
	"adtop/sources"
)

// notifyKeys are the keys of the section.
type notifyKeys struct {
	Targets     []at[Target] `yaml:"targets"`
	Routes      []at[route]  `yaml:"routes"`
	Quiet       []at[hours]  `yaml:"quiet_hours"`
	Maintenance []at[window] `yaml:"maintenance"`
	Heartbeat   at[beat]     `yaml:"heartbeat"`
	Digest      at[digest]   `yaml:"digest"`
}

type route struct {
	Targets  []at[string]               `yaml:"targets"`
	Severity at[string]                 `yaml:"severity"`
	Match    map[string]pattern.Pattern `yaml:"match"`
	GroupBy  []string                   `yaml:"group_by"`
	Wait     at[duration]               `yaml:"group_wait"`
	Interval at[duration]               `yaml:"group_interval"`
	Repeat   at[duration]               `yaml:"repeat_interval"`
	Resolved bool                       `yaml:"send_resolved"`
	Quiet    at[string]                 `yaml:"quiet_hours"`
	Continue bool                       `yaml:"continue"`
}

// decodeNode fills in what stands for the keys that are not given: the times of
// Alertmanager.
func (r *route) decodeNode(d *decoder, key string, n ast.Node) {
	r.Severity.Value, r.Quiet.Value, r.Resolved = "info", "critical", true
	r.GroupBy = []string{"channel", "source"}
	r.Wait.Value, r.Interval.Value, r.Repeat.Value = duration(30*time.Second), duration(5*time.Minute), duration(4*time.Hour)
	d.structure(d.pairs(key, n), reflect.ValueOf(r).Elem())
}

type hours struct {
	Days []at[weekday] `yaml:"days"`
	From at[clock]     `yaml:"from"`
	To   at[clock]     `yaml:"to"`
}

type window struct {
	Days  []at[weekday]              `yaml:"days"`
	From  at[string]                 `yaml:"from"`
	To    at[string]                 `yaml:"to"`
	Match map[string]pattern.Pattern `yaml:"match"`
}

type beat struct {
	URL   at[sources.Secret] `yaml:"url"`
	Every at[duration]       `yaml:"every"`
}

type digest struct {
	Daily   at[clock]    `yaml:"daily"`
	Weekly  at[moment]   `yaml:"weekly"`
	Targets []at[string] `yaml:"targets"`
}

// clock is a time of the day, since midnight.
type clock time.Duration

func (c *clock) UnmarshalText(text []byte) error {
	at, err := time.Parse("15:04", string(text))
	if err != nil {
		return fmt.Errorf("%s is not a time of the day: expected one such as 07:30", quote(string(text)))
	}
	*c = clock(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
	return nil
}

// weekday is a day of the week by its first three letters.
type weekday time.Weekday

func (w *weekday) UnmarshalText(text []byte) error {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToLower(day.String()[:3]) == string(text) {
			*w = weekday(day)
			return nil
		}
	}
	return fmt.Errorf("%s is not a day of the week: expected mon, tue, wed, thu, fri, sat or sun", quote(string(text)))
}

// moment is a time of a day of the week.
type moment struct {
	day weekday
	at  clock
}

func (m *moment) UnmarshalText(text []byte) error {
	day, at, _ := strings.Cut(string(text), " ")
	if errors.Join(m.day.UnmarshalText([]byte(day)), m.at.UnmarshalText([]byte(at))) != nil {
		return fmt.Errorf("%s is not a day and a time: expected them as in mon 08:00", quote(string(text)))
	}
	return nil
}
