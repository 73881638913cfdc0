package httpkit

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"

	"adtop/kpi"
)

// Decimal is a JSON number, or a string that holds one, read exactly into
// millionths: of money, or of a conversion. Digits beyond the sixth are
// rounded half to even. A key that is missing or null leaves it unknown.
type Decimal struct {
	Micros kpi.Micros
	Known  bool
}

// Integer is a whole JSON number, or a string that holds one. A key that is
// missing or null leaves it unknown.
type Integer struct {
	Value int64
	Known bool
}

var decimalType, integerType = reflect.TypeFor[Decimal](), reflect.TypeFor[Integer]()

// UnmarshalJSON reads a number, a string that holds one, or null.
func (d *Decimal) UnmarshalJSON(literal []byte) error {
	text, known, err := numeral(literal)
	if err != nil || !known {
		return asNumber(err, literal, decimalType)
	}
	micros, err := kpi.ParseMicros(text)
	if err != nil {
		return asNumber(err, literal, decimalType)
	}
	*d = Decimal{micros, true}
	return nil
}

// UnmarshalJSON reads a whole number, a string that holds one, or null.
func (i *Integer) UnmarshalJSON(literal []byte) error {
	text, known, err := numeral(literal)
	if err != nil || !known {
		return asNumber(err, literal, integerType)
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return asNumber(err, literal, integerType)
	}
	*i = Integer{value, true}
	return nil
}

func numeral(literal []byte) (text string, known bool, err error) {
	if bytes.Equal(literal, []byte("null")) {
		return "", false, nil
	}
	if literal[0] != '"' {
		return string(literal), true, nil
	}
	err = json.Unmarshal(literal, &text)
	return text, true, err
}

// asNumber gives an error the form to which encoding/json adds the place.
func asNumber(err error, literal []byte, want reflect.Type) error {
	if err == nil {
		return nil
	}
	return &json.UnmarshalTypeError{Value: string(literal[:min(len(literal), 40)]), Type: want}
}
