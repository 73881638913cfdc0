package targets

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheReadmeTellsHowToCheckASignature(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("python3 is not installed: .ci/run does that")
		}
		t.Skip("python3 is not installed")
	}
	readme, err := os.ReadFile(filepath.Join("..", "..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```python\n(import hmac.*?)```").FindSubmatch(readme)
	if script == nil {
		t.Fatal("the README has no script")
	}
	body := `{"version":"4","ä":"\n"}`
	check := func(stamp, signature, now string) string {
		text := string(script[1]) + "\nimport sys\nprint(genuine(sys.argv[1].encode(), sys.argv[2], sys.argv[3], " + now + ", secret=b'key'))\n"
		out, err := exec.Command(python, "-c", text, body, stamp, signature).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	good := "sha256=" + sign("key", "1000", []byte(body))
	for _, c := range []struct{ stamp, signature, now, want string }{
		{"1000", good, "1100", "True"},
		{"1000", good, "2000", "False"}, // replayed
		{"1001", good, "1100", "False"},
		{"1000", "sha256=" + sign("other", "1000", []byte(body)), "1100", "False"},
	} {
		if got := check(c.stamp, c.signature, c.now); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
