package stripe

import (
	"encoding/json"

	"adtop/kpi"
)

// memory is Receipt.State: what the next Fetch needs to know of this one.
type memory struct {
	From  kpi.Date `json:"from"`  // payments from this day on have been read
	Seen  int64    `json:"seen"`  // up to this creation, in Unix seconds
	Swept int64    `json:"swept"` // when old payments were looked through, in Unix seconds
	Terms string   `json:"terms"` // options that the events were made with
}

// decodeMemory reads State; what is none gives the zero memory, with which
// everything is read afresh.
func decodeMemory(state []byte) memory {
	var m memory
	if json.Unmarshal(state, &m) != nil || m.Seen < 0 || m.Swept < 0 {
		return memory{}
	}
	return m
}

func (m memory) encode() []byte {
	state, err := json.Marshal(m)
	if err != nil {
		panic(err) // numbers and strings always marshal
	}
	return state
}
