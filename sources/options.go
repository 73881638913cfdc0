package sources

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// Require returns an error that names the first of keys whose option is not
// set. options points to a struct whose yaml tags name the keys; a key that it
// does not have is a programming error and panics.
func Require(options any, keys ...string) error {
	v := reflect.ValueOf(options).Elem()
	for _, key := range keys {
		i := slices.IndexFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool {
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			return name == key
		})
		if i < 0 {
			panic("no option " + key)
		}
		if secret, ok := v.Field(i).Interface().(Secret); ok && secret.IsSet() || !ok && !v.Field(i).IsZero() {
			continue
		}
		return fmt.Errorf("%s is missing", key)
	}
	return nil
}

// Path is where a file of the config lies: a relative one begins at the
// folder of the config. "" stays "".
func (e Env) Path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(e.Dir, name)
}
