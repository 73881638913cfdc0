package record

import (
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
)

// Account says whose figures the rows are, since they do not.
type Account struct {
	ID       string `yaml:"id"`       // the source's name unless set
	Name     string `yaml:"name"`     // the id unless set
	Currency string `yaml:"currency"` // ISO 4217, of cost and revenue
	Timezone string `yaml:"timezone"` // IANA name: what days and hours are local to
}

// Accounts makes the accounts of the option "accounts".
func Accounts(given []Account, source string) ([]sources.Account, error) {
	if len(given) == 0 {
		return nil, fmt.Errorf("accounts: required: one entry with currency and timezone at least")
	}
	var all []sources.Account
	seen := map[string]bool{}
	for _, a := range given {
		if a.ID == "" && len(given) == 1 {
			a.ID = source
		}
		made, err := a.account()
		if err != nil {
			return nil, fmt.Errorf("accounts: %w", err)
		}
		if seen[made.ID] {
			return nil, fmt.Errorf("accounts: two have the id %q", made.ID)
		}
		seen[made.ID] = true
		all = append(all, made)
	}
	return all, nil
}

func (a Account) account() (sources.Account, error) {
	id, name := sources.Clean(a.ID), sources.Clean(a.Name)
	if id == "" {
		return sources.Account{}, fmt.Errorf("one has no id: with several of them each needs one")
	}
	if name == "" {
		name = id
	}
	if !isCurrency(a.Currency) {
		return sources.Account{}, fmt.Errorf("%s: currency %q: expected an ISO 4217 code such as EUR", id, a.Currency)
	}
	if a.Timezone == "" || a.Timezone == "Local" {
		return sources.Account{}, fmt.Errorf("%s: timezone: required: a name such as Europe/Berlin, in which the days of the rows are meant", id)
	}
	zone, err := time.LoadLocation(a.Timezone)
	if err != nil {
		return sources.Account{}, fmt.Errorf("%s: timezone: %w", id, err)
	}
	return sources.Account{ID: id, Name: name, Currency: kpi.Currency(a.Currency), Zone: zone}, nil
}

func isCurrency(code string) bool {
	for _, c := range code {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(code) == 3
}
