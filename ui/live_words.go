package ui

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"adtop/kpi"
	"adtop/snapshot"
)

// unknown is what the text mode says where screens draw a dash.
const unknown = "unknown"

// signsInWords spells out what a screen reader skips or reads as a symbol, in
// the sentences that rules and the detector write.
var signsInWords = []struct {
	sign  *regexp.Regexp
	words string
}{
	{regexp.MustCompile(minus + `(\d)`), "minus $1"},
	{regexp.MustCompile(`(\d) ?× ?`), "$1 times "},
	{regexp.MustCompile(`~(\w)`), "about $1"},
	{regexp.MustCompile(`>(\d)`), "more than $1"},
	{regexp.MustCompile(`/day\b`), " a day"},
}

// spoken is a text of a rule, a source or the detector as it is told: without
// control characters and with its signs in words.
func spoken(text string) string {
	text = printable(strings.ReplaceAll(text, "\n", " "))
	for _, s := range signsInWords {
		text = s.sign.ReplaceAllString(text, s.words)
	}
	return strings.TrimSpace(text)
}

// sentence joins parts, leaves out the empty ones, and ends in a full stop.
func sentence(parts ...string) string {
	var out []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	text := strings.Join(out, " ")
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

// plainNumber turns the typographic minus into one that is read out.
func plainNumber(text string) string {
	if text == missing {
		return unknown
	}
	return strings.ReplaceAll(text, minus, "minus ")
}

// wide is more cells than any figure takes: text is never shortened.
const wide = 40

// span says how long something lasts or lasted, in one unit, rounded down.
func (f numbers) span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return f.plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return f.plural(int(d/time.Hour), "hour")
	}
	return f.plural(int(d/(24*time.Hour)), "day")
}

// certain says how sure the evidence is, towards the likelier side. Nothing is
// ever sure altogether.
func certain(p kpi.Ratio) string {
	if !p.OK {
		return ""
	}
	loss, what := p.Value, "that it loses money"
	if loss < 0.5 {
		loss, what = 1-loss, "that it loses no money"
	}
	if loss > 0.99 {
		return "more than 99% sure " + what
	}
	return strconv.Itoa(int(100*loss+0.5)) + "% sure " + what
}

// verdictWords names a verdict within a sentence.
func verdictWords(v kpi.Verdict) string {
	switch v {
	case kpi.TooEarly:
		return "too early to judge"
	case kpi.NoData:
		return "without data"
	}
	return string(v)
}

// verdictStanding is a channel's verdict, with its certainty where it has one.
func verdictStanding(c *snapshot.Channel) string {
	text := verdictWords(c.Verdict)
	switch c.Verdict {
	case kpi.Unprofitable, kpi.AtRisk, kpi.Profitable:
		if sure := certain(c.P); sure != "" && !c.Costless {
			return text + ", " + sure
		}
	}
	return text
}

// money is an amount with its currency.
func (t *teller) money(v kpi.Ratio, currency kpi.Currency) string {
	if !v.OK {
		return unknown
	}
	amount, err := kpi.MicrosFromFloat(v.Value)
	if err != nil {
		return plainNumber(t.short(v.Value)) + " " + string(currency)
	}
	return plainNumber(t.numbers.money(amount, wide)) + " " + string(currency)
}

// sums are figures in words, in an order that does not change. What was not
// told is unknown, never zero.
func (t *teller) sums(f snapshot.Figures, costless bool) string {
	if !f.Known {
		return "nothing is known yet"
	}
	currency := t.last.Currency
	var parts []string
	if !costless {
		parts = append(parts, "spend "+t.money(spend.of(f), currency))
	}
	parts = append(parts, "revenue "+t.money(revenue.of(f), currency))
	switch earned := profit.of(f); {
	case earned.OK && earned.Value < 0:
		parts = append(parts, "loss "+t.money(kpi.Ratio{Value: -earned.Value, OK: true}, currency))
	default:
		parts = append(parts, "profit "+t.money(earned, currency))
	}
	if !costless {
		parts = append(parts, "ROAS "+plainNumber(t.ratio(roas.of(f))), t.costOfOne(f.Metrics, currency))
	}
	made := "conversions " + unknown
	if n := conversions.of(f); n.OK {
		made = plainNumber(t.count(n.Value)) + " conversions"
		if n.Value == 1 {
			made = "1 conversion"
		}
	}
	parts = append(parts, made)
	if f.Maturity.OK {
		parts = append(parts, plainNumber(t.share(f.Maturity, 0))+" of the final conversions seen")
	}
	return strings.Join(parts, ", ")
}

// costOfOne is the CPA; while there are no conversions it is above the spend.
func (t *teller) costOfOne(m kpi.Metrics, currency kpi.Currency) string {
	switch cpa := m.CPA(); {
	case cpa.OK:
		return "CPA " + plainNumber(t.price(cpa.Value, wide)) + " " + string(currency)
	case m.Knows(kpi.Cost|kpi.Conversions) && m.Cost > 0:
		return "CPA above " + t.money(kpi.Ratio{Value: m.Cost.Float(), OK: true}, currency)
	}
	return "CPA " + unknown
}

// against says how figures differ from those of the period compared with.
func (t *teller) against(now, before snapshot.Figures, costless bool) string {
	var parts []string
	for _, f := range []*figure{spend, revenue, profit, conversions} {
		if f == spend && costless {
			continue
		}
		name := strings.ToLower(f.name)
		switch v := changeOf(f, now, before); {
		case !v.OK:
			parts = append(parts, name+" "+unknown)
		case t.change(v) == "0%":
			parts = append(parts, name+" the same")
		case v.Value > 0:
			parts = append(parts, name+" "+spoken(strings.Replace(t.change(v), "+", "", 1))+" higher")
		default:
			parts = append(parts, name+" "+strings.TrimPrefix(plainNumber(strings.TrimPrefix(t.change(v), "<")), "minus ")+" lower")
		}
	}
	return strings.Join(parts, ", ")
}

// healthWords says how a source is, after its name.
func healthWords(s *snapshot.Source) string {
	switch s.Health {
	case snapshot.Healthy:
		return "answers"
	case snapshot.Waiting:
		return "has not been asked yet"
	case snapshot.Stale:
		return "gives nothing new"
	case snapshot.Failing:
		return "fails"
	}
	return "is " + spoken(string(s.Health))
}
