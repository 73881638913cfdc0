package targets

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"adtop/alert/notify"
	"adtop/sources"
)

// AlertmanagerOptions configure the members of one Alertmanager.
type AlertmanagerOptions struct {
	URLs     []string       `yaml:"urls"` // of all members of the cluster
	User     string         `yaml:"user"` // of a proxy before it, with password
	Password sources.Secret `yaml:"password"`
	Token    sources.Secret `yaml:"token"` // sent as a bearer token
}

// An alert that is not told again ends by itself: after four times as long as
// lies between two tellings, as Prometheus does it.
const (
	alertmanagerEvery = time.Minute
	alertmanagerKeeps = 4 * alertmanagerEvery
)

type alertmanager struct {
	*client
	urls   []string
	header http.Header
	now    func() time.Time
	log    *slog.Logger
	told   map[string][]standing // the open alerts by group, since the start
}

// standing is an alert that stands there.
type standing struct {
	labels map[string]string
	names  map[string]string // of ours, by what they are called there
}

func openAlertmanager(o *AlertmanagerOptions, env Env) (notify.Target, error) {
	if err := sources.Require(o, "urls"); err != nil {
		return nil, err
	}
	password, token := o.Password.Reveal(), o.Token.Reveal()
	switch {
	case (o.User == "") == o.Password.IsSet():
		return nil, errors.New("user and password: give both, or neither")
	case o.User != "" && o.Token.IsSet():
		return nil, errors.New("user and token: give one of them")
	}
	basic := base64.StdEncoding.EncodeToString([]byte(o.User + ":" + password))
	m := &alertmanager{newClient("Alertmanager", password, token, basic), nil, http.Header{}, env.Now, env.Log, map[string][]standing{}}
	if o.User != "" {
		m.header.Set("Authorization", "Basic "+basic)
	} else if token != "" {
		m.header.Set("Authorization", "Bearer "+token)
	}
	for _, url := range o.URLs {
		if err := address("urls", url); err != nil {
			return nil, err
		}
		m.urls = append(m.urls, strings.TrimSuffix(url, "/"))
	}
	return m, nil
}

// Every is how often an open alert has to be told.
func (m *alertmanager) Every() time.Duration { return alertmanagerEvery }

// postable is an alert as Alertmanager takes it (api/v2/openapi.yaml).
type postable struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Send tells every member of the cluster. It has arrived when one of them took
// it: they tell each other. An alert that somebody acked here still stands there,
// where only silences are known.
func (m *alertmanager) Send(ctx context.Context, message notify.Message) error {
	now := m.now()
	var alerts []postable
	var open []standing
	for _, a := range withNote(message) {
		one := postable{labelsOf(a), annotationsOf(a), a.Since, now, link(a.Link)}
		if one.StartsAt.After(now) {
			one.StartsAt = now // it must not begin after its end
		}
		if a.Open() {
			one.EndsAt = now.Add(alertmanagerKeeps)
			names := map[string]string{}
			for name := range a.Labels {
				names[labelled(name)] = name
			}
			names[labelName], names[labelSubject], names[labelSeverity] = "rule", labelSubject, labelSeverity
			open = append(open, standing{one.Labels, names})
		}
		alerts = append(alerts, one)
	}
	err := m.tell(ctx, alerts)
	if err != nil {
		return err
	}
	delete(m.told, message.Key)
	if message.Kind != notify.Note && len(open) > 0 {
		m.told[message.Key] = open
	}
	return nil
}

// tell posts to all members; the error is that of the last when none took it.
func (m *alertmanager) tell(ctx context.Context, alerts []postable) (err error) {
	taken := 0
	for i, url := range m.urls {
		_, failed := m.post(ctx, url+"/api/v2/alerts", m.header, alerts)
		if failed == nil {
			taken++
			continue
		}
		err = failed
		if len(m.urls) > 1 {
			m.log.Warn("a member of Alertmanager did not take an alert", "member", i+1, "error", failed.Error())
		}
	}
	if taken > 0 {
		return nil
	}
	return err
}
