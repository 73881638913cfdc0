package sources

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Secret is an option that the config names by reference only, as in
// "env:META_TOKEN". Its value is set by ResolveSecrets and never printed.
type Secret struct {
	Ref   string
	value string
}

// secretSchemes are the references that ResolveSecrets' lookup understands.
var secretSchemes = []string{"env:", "file:", "keyring:", "cmd:"}

// SecretForms are the references as a sentence names them.
const SecretForms = "env:NAME, file:PATH, keyring:SERVICE/ACCOUNT or cmd:COMMAND"

// UnmarshalYAML reads the reference. A literal secret is refused without
// being repeated.
func (s *Secret) UnmarshalYAML(unmarshal func(any) error) error {
	var ref string
	if err := unmarshal(&ref); err != nil {
		return err
	}
	for _, scheme := range secretSchemes {
		if strings.HasPrefix(ref, scheme) && len(ref) > len(scheme) {
			s.Ref = ref
			return nil
		}
	}
	return fmt.Errorf("a secret is given by reference, not written down here: expected %s", SecretForms)
}

// Reveal returns the value. Call it where the request is made, nowhere else.
func (s Secret) Reveal() string { return s.value }

// IsSet says whether the config named the secret.
func (s Secret) IsSet() bool { return s.Ref != "" }

// String, GoString and MarshalText keep the value out of messages and dumps.
func (s Secret) String() string { return s.Ref }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("sources.Secret{%q}", s.Ref) }

// MarshalText renders the reference.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Ref), nil }

// NewSecret returns a resolved secret; it is for tests and the demo.
func NewSecret(value string) Secret { return Secret{Ref: "given", value: value} }

// ResolveSecrets looks up every Secret of the option struct that options points
// to: fields, maps of secrets, and those of the structs within it; fields that are
// not exported are left alone. The error names the yaml key.
func ResolveSecrets(options any, lookup func(ref string) (string, error)) error {
	return resolve(reflect.ValueOf(options).Elem(), lookup)
}

func resolve(v reflect.Value, lookup func(string) (string, error)) error {
	for i := range v.NumField() {
		field, kind := v.Field(i), v.Type().Field(i)
		if !kind.IsExported() {
			continue // reflection may not look into it, and the config cannot set it
		}
		if secret, ok := field.Addr().Interface().(*Secret); ok {
			if !secret.IsSet() {
				continue
			}
			value, err := lookup(secret.Ref)
			if err != nil {
				key, _, _ := strings.Cut(kind.Tag.Get("yaml"), ",")
				return fmt.Errorf("%s: %w", key, err)
			}
			secret.value = value
		} else if secrets, ok := field.Interface().(map[string]Secret); ok {
			if err := resolveMap(kind, secrets, lookup); err != nil {
				return err
			}
		} else if field.Kind() == reflect.Struct {
			if err := resolve(field, lookup); err != nil {
				return err
			}
		}
	}
	return nil
}

func resolveMap(field reflect.StructField, secrets map[string]Secret, lookup func(string) (string, error)) error {
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		secret := secrets[name]
		value, err := lookup(secret.Ref)
		if err != nil {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			return fmt.Errorf("%s.%s: %w", key, name, err)
		}
		secret.value = value
		secrets[name] = secret
	}
	return nil
}
