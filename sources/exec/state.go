package exec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"adtop/kpi"
	"adtop/sources"
	"adtop/sources/httpkit"
)

// maxState bounds what is kept between runs; the store takes 64 KiB.
const maxState = 60 << 10

// memory is Receipt.State: what the program said last, and what that covers.
type memory struct {
	From    kpi.Date        `json:"from"`    // a run without a state has read these days and all after them
	Through int64           `json:"through"` // watermark of the last run, Unix seconds
	Terms   string          `json:"terms"`   // options that the state belongs to
	Value   json.RawMessage `json:"value"`   // in the program's own form; nil asks for everything
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// remembered is what the last run left, if it may be used: a question about
// older days than were read so far, or other options, begin anew.
func (s *source) remembered(q sources.Query) memory {
	var m memory
	fresh := memory{From: q.Days.From, Terms: s.terms}
	if !s.options.Incremental || len(q.State) == 0 || json.Unmarshal(q.State, &m) != nil || m.Terms != s.terms || m.From > q.Days.From {
		return fresh
	}
	return m
}

// receipt closes a good run.
func (r *run) receipt(asked time.Time) sources.Receipt {
	through := r.book.Through(asked)
	switch {
	case !r.through.IsZero() && r.through.Before(asked):
		through = r.through
	case !r.through.IsZero():
		through = asked
	case r.options.Lag > 0:
		through = httpkit.CompleteThrough(asked, r.options.Lag, r.query)
	}
	if before := time.Unix(r.kept.Through, 0); r.kept.Value != nil && before.After(through) {
		through = before // nothing new since
	}
	receipt := sources.Receipt{CompleteThrough: through, Warnings: r.warnings}
	switch {
	case r.state == nil:
	case !r.options.Incremental:
		if r.options.Protocol == protocolRows {
			receipt.Warnings = append(receipt.Warnings, "the program prints a state, which is not handed back: set incremental: true, or stop printing it")
		}
	case len(r.state) > maxState:
		receipt.Warnings = append(receipt.Warnings, fmt.Sprintf("the state has %d KiB and is not kept: expected %d at most; the next run repeats this one", len(r.state)>>10, maxState>>10))
	default:
		kept := r.kept
		kept.Value, kept.Through = r.state, through.Unix()
		encoded, err := json.Marshal(kept)
		if err != nil { // RawMessage was decoded before
			receipt.Warnings = append(receipt.Warnings, fmt.Sprintf("the state cannot be kept: %v", err))
			return receipt
		}
		receipt.State = encoded
	}
	return receipt
}
