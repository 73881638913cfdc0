package store

import "fmt"

// fact is one kind of line of an export: what it is called, where its fields
// stand, which rows it is made of and how they are put back. Parameter ?n of a
// statement is field n.
type fact struct {
	table   string
	columns []column
	from    string
	put     []string
	// Of figures: the rows of one date, ?1, at a time, in the order of the slots
	// and then of the observations. Superseded ones are put into the past.
	dated bool
	past  string
}

// formatVersion is that of the lines. It grows when a field changes its meaning
// or goes.
const formatVersion = 1

// Names of the first and the last line, which are no fact.
const (
	headerLine = "adtop export"
	endLine    = "end"
)

// metricFields are the last fields of figures; one that is missing is unknown.
var metricFields = []column{
	may("impressions", "iif(has & 1, impressions, NULL)", asNumber, nil),
	may("clicks", "iif(has & 2, clicks, NULL)", asNumber, nil),
	may("cost", "iif(has & 4, cost, NULL)", asAmount, nil),
	may("conversions", "iif(has & 8, conversions, NULL)", asAmount, nil),
	may("revenue", "iif(has & 16, revenue, NULL)", asAmount, nil),
	may("view_through", "iif(has & 32, view_through, NULL)", asAmount, nil),
}

// putMetrics are has and the metrics, from the parameters after n.
func putMetrics(n int) string {
	return fmt.Sprintf(`(?%[1]d NOT NULL) | ((?%[2]d NOT NULL) << 1) | ((?%[3]d NOT NULL) << 2) | ((?%[4]d NOT NULL) << 3) | ((?%[5]d NOT NULL) << 4) | ((?%[6]d NOT NULL) << 5),
		coalesce(?%[1]d, 0), coalesce(?%[2]d, 0), coalesce(?%[3]d, 0), coalesce(?%[4]d, 0), coalesce(?%[5]d, 0), coalesce(?%[6]d, 0)`, n+1, n+2, n+3, n+4, n+5, n+6)
}

var (
	// hoursOfDate are all versions of the hours of date ?1; until is 0 for those
	// in force.
	hoursOfDate = fmt.Sprintf(`(SELECT k, at, 0 AS until, 1 AS whole, %[1]s FROM hour WHERE k BETWEEN ?1 << 30 AND ?1 << 30 | %[2]d
		UNION ALL SELECT date << 30 | slot, at, until, 1, %[1]s FROM hour_past WHERE date = ?1) ORDER BY k, at`, metricColumns, slotInDate)
	// daysOfDate are those of the days; sums only where their hours are gone.
	daysOfDate = fmt.Sprintf(`(SELECT p.k, p.at, coalesce(lead(p.at) OVER (PARTITION BY p.k ORDER BY p.at), n.at) AS until, p.whole, p.has, p.impressions, p.clicks, p.cost, p.conversions, p.revenue, p.view_through
		FROM day_past p JOIN day n ON n.k = p.k WHERE p.k BETWEEN ?1 << 30 AND ?1 << 30 | %[2]d
		UNION ALL SELECT k, at, 0, whole, %[1]s FROM day WHERE k BETWEEN ?1 << 30 AND ?1 << 30 | %[2]d)
		WHERE whole OR (k >> 30) * 86400000 < (SELECT max(until) FROM resolution WHERE width = 0) ORDER BY k, at`, metricColumns, slotInDate)
)

// facts are all that cannot be fetched again, in an order in which everything
// comes after what it is about. Sums and what channels claim are left out: both
// follow from these and the config. So are the messages of senders: what they said
// is in the events, and they are kept for a quarter only.
var facts = []fact{
	{table: "resolution", from: "resolution ORDER BY width", put: []string{"INSERT INTO resolution (width, until) VALUES (?1, ?2)"},
		columns: []column{need("width", "width", asSpan), need("until", "until", asMoment)}},
	{table: "setting", from: "setting WHERE name <> '" + settingChannels + "' ORDER BY name", put: []string{"INSERT INTO setting (name, value) VALUES (?1, ?2)"},
		columns: []column{need("name", "name", asValue), need("value", "value", asValue)}},
	{table: "account", from: "feed ORDER BY id", put: []string{"INSERT INTO feed (id, source, account) VALUES (?1, ?2, ?3)"},
		columns: []column{need("account", "id", asID), need("source", "source", asName), may("platform_id", "account", asLabel, "")}},
	{table: "account_name", from: "account_version ORDER BY feed, at", put: []string{"INSERT INTO account_version (feed, at, type, name, currency, zone) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
		columns: []column{need("account", "feed", asID), need("at", "at", asMoment), may("type", "type", asLabel, ""), may("name", "name", asLabel, ""),
			need("currency", "currency", asName), need("zone", "zone", asZone)}},
	{table: "entity", from: "entity ORDER BY id", put: []string{"INSERT INTO entity (id, feed, level, platform_id, dimension, breakdown, attribution, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
		columns: []column{need("entity", "id", asID), need("account", "feed", asID), need("level", "level", asLevel), need("platform_id", "platform_id", asName),
			may("dimension", "dimension", asLabel, ""), may("breakdown", "breakdown", asLabel, ""), may("attribution", "attribution", asLabel, ""), may("action", "action", asLabel, "")}},
	{table: "entity_name", from: "entity_version ORDER BY entity, at", put: []string{"INSERT INTO entity_version (entity, at, name, status, parent) VALUES (?1, ?2, ?3, ?4, ?5)"},
		columns: []column{need("entity", "entity", asID), need("at", "at", asMoment), may("name", "name", asLabel, ""), may("status", "status", asLabel, ""), may("parent", "parent", asLabel, "")}},
	{table: "poll", from: "poll ORDER BY id", put: []string{`INSERT INTO poll (feed, at, from_day, to_day, level, grain, breakdown, complete_through, kind, message, next, retry_after, warnings, quota_used, quota_scope, changed, parent, expires)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)`},
		columns: []column{need("account", "feed", asID), need("at", "at", asMoment), need("from", "from_day", asDate), need("to", "to_day", asDate),
			may("level", "level", asLevel, int64(0)), may("grain", "grain", asGrain, int64(0)), may("dimension", "breakdown", asLabel, ""), may("complete_through", "complete_through", asMoment, int64(0)),
			may("failure", "kind", asFailure, int64(0)), may("message", "message", asLabel, ""), may("next", "next", asLabel, ""), may("retry_after", "retry_after", asWait, int64(0)),
			may("warnings", "warnings", asTexts, nil), may("quota_used", "quota_used", asShare, 0.0), may("quota_scope", "quota_scope", asLabel, ""), may("changed", "changed", asNumber, int64(0)),
			may("parent", "parent", asLabel, ""), may("expires", "expires", asMoment, int64(0))}},
	{table: "cursor", from: "cursor ORDER BY feed", put: []string{"INSERT INTO cursor (feed, at, state) VALUES (?1, ?2, ?3)"},
		columns: []column{need("account", "feed", asID), need("at", "at", asMoment), may("state", "state", asBlob, nil)}},
	{table: "rate", from: "rate ORDER BY from_currency, to_currency, date, at", put: []string{"INSERT INTO rate (from_currency, to_currency, date, at, rate, origin) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
		columns: []column{need("from", "from_currency", asName), need("to", "to_currency", asName), need("date", "date", asDate), need("at", "at", asMoment), need("rate", "rate", asRate), may("origin", "origin", asLabel, "")}},
	{table: "hour", from: hoursOfDate, dated: true,
		put:  []string{"INSERT INTO hour (k, at, " + metricColumns + ") VALUES ((?2 << 30) | (?3 << 24) | ?1, ?4, " + putMetrics(5) + ")"},
		past: "INSERT INTO hour_past (date, until, slot, at, " + metricColumns + ") VALUES (?2, ?5, (?3 << 24) | ?1, ?4, " + putMetrics(5) + ")",
		columns: append([]column{need("entity", "k & 0xFFFFFF", asID), need("date", "k >> 30", asDate), need("hour", "k >> 24 & 63", asHour),
			need("at", "at", asMoment), may("until", "until", asMoment, int64(0))}, metricFields...)},
	{table: "day", from: daysOfDate, dated: true,
		put:  []string{"INSERT INTO day (k, at, whole, " + metricColumns + ") VALUES ((?2 << 30) | (63 << 24) | ?1, ?4, NOT ?3, " + putMetrics(5) + ")"},
		past: "INSERT INTO day_past (k, at, whole, " + metricColumns + ") VALUES ((?2 << 30) | (63 << 24) | ?1, ?4, NOT ?3, " + putMetrics(5) + ")",
		columns: append([]column{need("entity", "k & 0xFFFFFF", asID), need("date", "k >> 30", asDate), may("summed", "NOT whole", asFlag, int64(0)),
			need("at", "at", asMoment), may("until", "until", asMoment, int64(0))}, metricFields...)},
	{table: "share", from: "share WHERE date BETWEEN ?1 >> 30 AND ?2 >> 30 ORDER BY entity, date, at", put: []string{"INSERT INTO share (entity, date, at, impressions, share, bound, known) VALUES (?1, ?2, ?3, ?4, ?5, ?6, NOT ?7)"},
		columns: []column{need("entity", "entity", asID), need("date", "date", asDate), need("at", "at", asMoment), may("impressions", "impressions", asNumber, int64(0)),
			may("share", "share", asChance, 0.0), may("bound", "bound", asBound, int64(0)), may("unknown", "NOT known", asFlag, int64(0))}},
	{table: "event", from: `event e JOIN event_version v ON v.event = e.id WHERE e.id IN (SELECT event FROM event_version WHERE k BETWEEN ?1 AND ?2) ORDER BY e.id, at`,
		put: []string{"INSERT OR IGNORE INTO event (feed, platform_id) VALUES (?1, ?2)",
			`INSERT INTO event_version (event, k, at, kind, time, status, value, currency, refunded, tax, shipping, key, click_id, is_new, cost)
			SELECT id, (?4 << 30) | (?5 << 24) | ?3, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18 FROM event WHERE feed = ?1 AND platform_id = ?2`},
		columns: []column{need("account", "feed", asID), need("platform_id", "platform_id", asName), need("entity", "k & 0xFFFFFF", asID), need("date", "k >> 30", asDate), need("hour", "k >> 24 & 63", asHour),
			need("at", "at", asMoment), may("kind", "kind", asLabel, ""), need("time", "time", asMoment), need("status", "status", asStatus), need("value", "value", asAmount), may("currency", "currency", asLabel, ""),
			may("refunded", "refunded", asAmount, int64(0)), may("tax", "tax", asAmount, int64(0)), may("shipping", "shipping", asAmount, int64(0)),
			may("key", "key", asProse, ""), may("click_id", "click_id", asLabel, ""), may("new", "is_new", asFlag, int64(0)), may("cost", "cost", asAmount, int64(0))}},
	{table: "evaluation", from: "channel JOIN evaluation e ON e.channel = channel.id ORDER BY name, at",
		put: []string{"INSERT OR IGNORE INTO channel (name) VALUES (?1)",
			"INSERT INTO evaluation (channel, at, p, known, verdict, reason, model, config, detail) SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM channel WHERE name = ?1"},
		columns: []column{need("channel", "name", asProse), need("at", "at", asMoment), may("p", "p", asChance, 0.0), may("known", "known", asFlag, int64(0)), may("verdict", "verdict", asProse, ""),
			may("reason", "reason", asProse, ""), may("model", "model", asProse, ""), may("config", "config", asProse, ""), may("detail", "detail", asDocument, nil)}},
	{table: "alert", from: "alert JOIN alert_version v ON v.alert = alert.id ORDER BY name, at",
		put: []string{"INSERT OR IGNORE INTO alert (name) VALUES (?1)",
			`INSERT INTO alert_version (alert, at, rule, subject, severity, state, since, fired_at, ended_at, acked_by, ack_note, acked_at, summary, detail)
			SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14 FROM alert WHERE name = ?1`},
		columns: []column{need("alert", "name", asProse), need("at", "at", asMoment), may("rule", "rule", asProse, ""), may("subject", "subject", asProse, ""), may("severity", "severity", asProse, ""), may("state", "state", asProse, ""),
			may("since", "since", asMoment, int64(0)), may("fired_at", "fired_at", asMoment, int64(0)), may("ended_at", "ended_at", asMoment, int64(0)), may("acked_by", "acked_by", asLabel, ""), may("ack_note", "ack_note", asLabel, ""),
			may("acked_at", "acked_at", asMoment, int64(0)), may("summary", "summary", asProse, ""), may("detail", "detail", asDocument, nil)}},
	{table: "silence", from: "silence ORDER BY id, at", put: []string{"INSERT INTO silence (id, at, matchers, starts, ends, by, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
		columns: []column{need("silence", "id", asName), need("at", "at", asMoment), need("matchers", "matchers", asTable), need("starts", "starts", asMoment), need("ends", "ends", asMoment), may("by", "by", asLabel, ""), may("note", "note", asLabel, "")}},
	{table: "note", from: "note ORDER BY id, at", put: []string{"INSERT INTO note (id, at, channel, date, text, by, removed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
		columns: []column{need("note", "id", asName), need("at", "at", asMoment), may("channel", "channel", asLabel, ""), need("date", "date", asDate), need("text", "text", asName), may("by", "by", asLabel, ""), may("removed", "removed", asFlag, int64(0))}},
	{table: "told", from: "told ORDER BY target, key", put: []string{"INSERT INTO told (target, key, state) VALUES (?1, ?2, ?3)"},
		columns: []column{need("target", "target", asName), need("key", "key", asProse), need("state", "state", asDocument)}},
	{table: "delivery", from: "delivery ORDER BY id", put: []string{`INSERT INTO delivery (target, event, key, at, kind, severity, title, alerts, message, state, attempts, next, failed, tried, error)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)`},
		columns: []column{need("target", "target", asName), need("event", "event", asProse), may("key", "key", asProse, ""), need("at", "at", asMoment), may("kind", "kind", asLabel, ""), may("severity", "severity", asLabel, ""),
			may("title", "title", asLabel, ""), may("alerts", "alerts", asIDs, "[]"), may("message", "message", asDocument, nil), may("state", "state", asOutcome, int64(0)), may("attempts", "attempts", asNumber, int64(0)),
			may("next", "next", asMoment, int64(0)), may("failed", "failed", asMoment, int64(0)), may("tried", "tried", asMoment, int64(0)), may("error", "error", asLabel, "")}},
	{table: "command", from: "inbox ORDER BY id", put: []string{"INSERT INTO inbox (at, verb, args, by) VALUES (?1, ?2, ?3, ?4)"},
		columns: []column{need("at", "at", asMoment), may("verb", "verb", asLabel, ""), need("args", "args", asTable), may("by", "by", asLabel, "")}},
}
