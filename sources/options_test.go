package sources

import "testing"

func TestOptionThatIsMissingIsNamed(t *testing.T) {
	type options struct {
		ID     string `yaml:"client_id"`
		Secret Secret `yaml:"client_secret"`
		Days   int    `yaml:"days,omitempty"`
	}
	whole := options{"id", NewSecret("x"), 3}
	for want, change := range map[string]func(*options){
		"":                         func(*options) {},
		"client_id is missing":     func(o *options) { o.ID = "" },
		"client_secret is missing": func(o *options) { o.Secret = Secret{} },
		"days is missing":          func(o *options) { o.Days = 0 },
	} {
		o := whole
		change(&o)
		got := ""
		if err := Require(&o, "client_id", "client_secret", "days"); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFilesOfTheConfigLieBesideIt(t *testing.T) {
	env := Env{Dir: "/etc/adtop"}
	for name, want := range map[string]string{"": "", "secrets/t": "/etc/adtop/secrets/t", "/tmp/t": "/tmp/t", "../t": "/etc/t"} {
		if got := env.Path(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
