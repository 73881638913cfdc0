package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"

	"adtop/kpi"
)

// economics are the keys of a channel's economics. Decoding on top of the
// defaults of the file replaces only what is given.
type economics struct {
	Margin             share     `yaml:"margin"`
	Revenue            basis     `yaml:"revenue"`
	ValuePerConversion amount    `yaml:"value_per_conversion"`
	Payout             payout    `yaml:"payout"`
	Hold               wholeDays `yaml:"hold"`
	FixedFeesPerMonth  amount    `yaml:"fixed_fees_per_month"`
	TargetROAS         share     `yaml:"target_roas"`
	TargetCPA          amount    `yaml:"target_cpa"`
}

// basis is what revenue contains.
type basis kpi.Basis

var bases = []string{string(kpi.Gross), string(kpi.NetOfTax), string(kpi.NetOfBoth), string(kpi.Ordered), string(kpi.Reported)}

func (b *basis) decodeNode(d *decoder, key string, n ast.Node) {
	if text, ok := d.choice(key, n, bases); ok {
		*b = basis(text)
	}
}

// payout is what partners are paid. It is replaced whole, never key by key.
type payout struct {
	Model    kpi.PayoutModel
	Amount   kpi.Micros
	Share    kpi.Micros
	Approval kpi.Micros
	Cap      kpi.Micros
	Monthly  bool // the cap is of a month
}

// wholeDays is a length of time in days.
type wholeDays int

func (w *wholeDays) UnmarshalText(text []byte) error {
	var d duration
	if err := d.UnmarshalText(text); err != nil || time.Duration(d)%(24*time.Hour) != 0 {
		return fmt.Errorf("%s is no number of days: expected one such as 30d", quote(string(text)))
	}
	*w = wholeDays(time.Duration(d) / (24 * time.Hour))
	return nil
}

// payoutCap bounds payouts, by money or by what it buys.
type payoutCap struct {
	Amount      at[amount] `yaml:"amount"`
	Conversions at[amount] `yaml:"conversions"`
	Per         at[string] `yaml:"per"`
}

var payoutModels = []string{string(kpi.CPC), string(kpi.CPL), string(kpi.CPA), string(kpi.CPI), string(kpi.RevenueShare), string(kpi.Hybrid), string(kpi.ReportedPayout)}

func (p *payout) decodeNode(d *decoder, key string, n ast.Node) {
	var keys struct {
		Model    at[string]    `yaml:"model"`
		Amount   at[amount]    `yaml:"amount"`
		Share    at[share]     `yaml:"share"`
		Approval at[share]     `yaml:"approval"`
		Cap      at[payoutCap] `yaml:"cap"`
	}
	before := len(d.problems)
	d.structure(d.pairs(key, n), reflect.ValueOf(&keys).Elem())
	if len(d.problems) > before {
		return
	}
	if keys.Model.node == nil {
		d.fault(n, "payout: has no model: %s", instead("", payoutModels))
		return
	}
	model, ok := d.choice("model", keys.Model.node, payoutModels)
	byShare, reported := model == string(kpi.RevenueShare), model == string(kpi.ReportedPayout)
	switch {
	case !ok:
	case reported && (keys.Amount.node != nil || keys.Share.node != nil || keys.Approval.node != nil || keys.Cap.node != nil):
		d.fault(n, "payout: reported is what the source of the results tells: remove amount, share, approval and cap")
	case reported:
	case keys.Approval.node != nil && (keys.Approval.Value <= 0 || keys.Approval.Value > kpi.MicrosPerUnit):
		d.fault(keys.Approval.node, `approval: expected a share above 0 and up to 1, such as "approval: 85%%"`)
	case keys.Approval.node != nil && model == string(kpi.CPC):
		d.fault(keys.Approval.node, "approval: clicks are paid for without approval: remove it")
	case model == string(kpi.Hybrid) && (keys.Amount.node == nil || keys.Share.node == nil):
		d.fault(n, `payout: hybrid needs an amount for each conversion and a share, such as "amount: 5, share: 8%%"`)
	case model == string(kpi.Hybrid):
	case byShare && (keys.Share.node == nil || keys.Amount.node != nil):
		d.fault(n, `payout: revenue_share needs a share and no amount, such as "share: 8%%"`)
	case !byShare && (keys.Amount.node == nil || keys.Share.node != nil):
		d.fault(n, `payout: %s needs an amount and no share, such as "amount: 12.50"`, model)
	}
	*p = payout{Model: kpi.PayoutModel(model), Amount: kpi.Micros(keys.Amount.Value), Share: kpi.Micros(keys.Share.Value), Approval: kpi.Micros(keys.Approval.Value)}
	if keys.Cap.node != nil && ok {
		p.cap(d, keys.Cap)
	}
}

// cap reads the cap of a payout whose other keys are known. Conversions are worth what
// is paid for each.
func (p *payout) cap(d *decoder, c at[payoutCap]) {
	byAmount, byConversions := c.Value.Amount.node != nil, c.Value.Conversions.node != nil
	var err error
	switch {
	case byAmount == byConversions || c.Value.Per.node == nil:
		d.fault(c.node, `cap: expected an amount or conversions, and per: day or month, such as "cap: {amount: 500, per: day}"`)
		return
	case byConversions && (!p.Model.ByConversion() || p.Model.ByShare()):
		d.fault(c.Value.Conversions.node, "conversions: %s pays no fixed amount for each: give the cap an amount", p.Model)
		return
	case byConversions:
		p.Cap, err = kpi.Micros(c.Value.Conversions.Value).Times(p.Amount)
	default:
		p.Cap = kpi.Micros(c.Value.Amount.Value)
	}
	if err != nil || p.Cap <= 0 {
		d.fault(c.node, "cap: expected more than nothing, and no more than money can be")
		return
	}
	per, _ := d.choice("per", c.Value.Per.node, []string{"day", "month"})
	p.Monthly = per == "month"
}

// choice reads one of the given words.
func (d *decoder) choice(key string, n ast.Node, words []string) (string, bool) {
	text, ok := d.single(key, n)
	if ok && !slices.Contains(words, text) {
		d.fault(n, "%s: unknown word %s: %s", key, quote(text), instead(text, words))
		return "", false
	}
	return text, ok
}

func (e economics) kpi() kpi.Economics {
	return kpi.Economics{
		Margin:             kpi.Micros(e.Margin),
		Basis:              kpi.Basis(e.Revenue),
		ValuePerConversion: kpi.Micros(e.ValuePerConversion),
		Payout:             e.Payout.Model,
		PayoutAmount:       e.Payout.Amount,
		PayoutShare:        e.Payout.Share,
		PayoutApproval:     e.Payout.Approval,
		PayoutCap:          e.Payout.Cap,
		PayoutCapMonthly:   e.Payout.Monthly,
		HoldDays:           int(e.Hold),
		FixedFeesPerMonth:  kpi.Micros(e.FixedFeesPerMonth),
		TargetROAS:         kpi.Micros(e.TargetROAS),
		TargetCPA:          kpi.Micros(e.TargetCPA),
	}
}

// defaults reads the economics of the whole file. They may lack a margin: each
// channel can have its own.
func (d *decoder) defaults(n ast.Node) (e economics) {
	if n == nil {
		return e
	}
	before := len(d.problems)
	d.value("economics", n, reflect.ValueOf(&e).Elem())
	if e.Margin != 0 && len(d.problems) == before {
		d.checkEconomics(n, e)
	}
	return e
}

// channelEconomics reads the economics of a channel on top of the defaults. n
// is nil when it has none of its own; name is where to point then.
func (d *decoder) channelEconomics(n, name ast.Node, e economics) kpi.Economics {
	before := len(d.problems)
	if n != nil {
		d.value("economics", n, reflect.ValueOf(&e).Elem())
	}
	switch {
	case len(d.problems) > before:
	case e.Margin == 0:
		d.fault(name, `the channel has no margin: add "economics: {margin: 45%%}" to it, or to the file for all channels`)
	case n != nil:
		d.checkEconomics(n, e)
	}
	return e.kpi()
}

func (d *decoder) checkEconomics(n ast.Node, e economics) {
	if err := e.kpi().Check(); err != nil {
		d.fault(n, "economics: %v", err)
	}
}
