package simulator

import "encoding/json"

// appendValue appends text as a JSON string, or as it is (a number or a
// boolean) when it is not to be quoted.
func appendValue(b []byte, text string, quoted bool) []byte {
	if !quoted {
		return append(b, text...)
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			escaped, err := json.Marshal(text)
			if err != nil {
				panic(err) // strings always marshal
			}
			return append(b, escaped...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
