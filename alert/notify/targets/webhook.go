package targets

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"adtop/alert/notify"
	"adtop/sources"
)

// WebhookOptions configure any address that takes Alertmanager's webhooks.
type WebhookOptions struct {
	URL    sources.Secret `yaml:"url"`
	Secret sources.Secret `yaml:"secret"` // signs what is sent; without it nothing is signed
	Token  sources.Secret `yaml:"token"`  // sent as a bearer token
}

type webhook struct {
	*client
	url, secret, token string
	now                func() time.Time
}

func openWebhook(o *WebhookOptions, env Env) (notify.Target, error) {
	url := o.URL.Reveal()
	if err := address("url", url); err != nil {
		return nil, err
	}
	secrets := append(hidden(url), o.Secret.Reveal(), o.Token.Reveal())
	return &webhook{newClient("webhook", secrets...), url, o.Secret.Reveal(), o.Token.Reveal(), env.Now}, nil
}

// webhookBody is version 4 of what Alertmanager posts (notify/webhook and
// template/template.go in github.com/prometheus/alertmanager).
type webhookBody struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	Reason            string            `json:"notification_reason"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	RouteLabels       map[string]string `json:"routeLabels"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []webhookAlert    `json:"alerts"`
}

type webhookAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // zero while it fires
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// Send posts the message, signed where there is a secret: X-Adtop-Signature is
// the HMAC-SHA256 of X-Adtop-Timestamp (seconds since 1970), a full stop and the
// body. Its Idempotency-Key is the same at every attempt.
func (w *webhook) Send(ctx context.Context, m notify.Message) error {
	body, err := encode(webhookOf(m))
	if err != nil {
		return notify.Refused{Err: w.fail(err)}
	}
	header := http.Header{"Idempotency-Key": {m.Event}}
	if w.token != "" {
		header.Set("Authorization", "Bearer "+w.token)
	}
	if w.secret != "" {
		stamp := strconv.FormatInt(w.now().Unix(), 10)
		header.Set("X-Adtop-Timestamp", stamp)
		header.Set("X-Adtop-Signature", "sha256="+sign(w.secret, stamp, body))
	}
	_, err = w.do(ctx, request{http.MethodPost, w.url, header, body})
	return err
}

// sign returns the hexadecimal digits of the signature.
func sign(secret, stamp string, body []byte) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(stamp + "."))
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

func webhookOf(m notify.Message) webhookBody {
	body := webhookBody{
		Version: "4", GroupKey: m.Key, Status: "resolved", Receiver: "adtop", Reason: cmp.Or(m.Cause, "unknown"),
		GroupLabels: m.Labels, RouteLabels: map[string]string{}, ExternalURL: m.Link, Alerts: []webhookAlert{},
	}
	if body.GroupLabels == nil {
		body.GroupLabels = map[string]string{}
	}
	var labels, annotations []map[string]string
	for _, a := range withNote(m) {
		one := webhookAlert{"firing", labelsOf(a), annotationsOf(a), a.Since, a.EndedAt, cmp.Or(a.Link, m.Link), ""}
		one.Fingerprint = fingerprint(one.Labels)
		if a.Open() {
			body.Status = "firing"
		} else {
			one.Status = "resolved"
		}
		body.Alerts = append(body.Alerts, one)
		labels, annotations = append(labels, one.Labels), append(annotations, one.Annotations)
	}
	body.CommonLabels, body.CommonAnnotations = common(labels), common(annotations)
	return body
}
