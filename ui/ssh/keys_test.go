package ssh

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	gossh "golang.org/x/crypto/ssh"
)

func TestTheNameBehindAKeyIsWhoActs(t *testing.T) {
	bare := strings.TrimSuffix(line("anna"), " anna@laptop\n")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weakKey, err := gossh.NewPublicKey(&weak.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ line, name, why string }{
		"as ssh-keygen writes it":  {bare + " anna@laptop", "anna", ""},
		"a bare name":              {"  " + bare + "\tAnna.Smith_2-x\r\n", "Anna.Smith_2-x", ""},
		"letters of any script":    {bare + " Анна laptop at home", "Анна", ""},
		"no name":                  {bare, "", "no name: write whose it is"},
		"a path for a name":        {bare + " ../../etc/passwd", "", "is no name"},
		"a flag for a name":        {bare + " -rf", "", "is no name"},
		"a name that steers":       {bare + " an\x1b[31mna", "", "is no name"},
		"a name that is too long":  {bare + " " + strings.Repeat("a", 33), "", "is no name"},
		"only a machine":           {bare + " @laptop", "", "is no name"},
		"options":                  {`from="10.0.0.0/8" ` + bare + " anna", "", "options in front"},
		"the option restrict":      {"restrict " + bare + " anna", "", "options in front"},
		"a private key":            {"-----BEGIN OPENSSH PRIVATE KEY-----", "", "no public key"},
		"a key that is cut off":    {bare[:40] + " anna", "", "no public key"},
		"a key of another type":    {strings.Replace(bare, "ssh-ed25519", "ssh-rsa", 1) + " anna", "", "no public key"},
		"a key that is too weak":   {strings.TrimSpace(string(gossh.MarshalAuthorizedKey(weakKey))) + " anna", "", "1024 bits is too weak"},
		"what is no text":          {"\xff\xfe " + bare, "", ""},
		"a name that is not UTF-8": {bare + " \xff\xfe", "", "is no name"},
	} {
		t.Run(name, func(t *testing.T) {
			names, problems := parseKeys([]byte("# a comment\n\n" + c.line))
			if c.name != "" {
				if got := names[string(key("anna").PublicKey().Marshal())]; got != c.name || len(problems) > 0 {
					t.Errorf("it is %q's, %v", got, problems)
				}
				return
			}
			if len(names) != 0 || len(problems) != 1 || problems[0].line != 3 || !strings.Contains(problems[0].why, c.why) {
				t.Errorf("%v lets in %q", problems, names)
			}
		})
	}
}

func TestOneKeyIsOnePersons(t *testing.T) {
	names, problems := parseKeys([]byte(line("anna") + strings.Replace(line("anna"), " anna", " ben", 1) + line("ben")))
	if len(names) != 2 || names[string(key("anna").PublicKey().Marshal())] != "anna" || len(problems) != 1 || problems[0].line != 2 {
		t.Errorf("%q, %v", names, problems)
	}
}

func TestAFileThatOthersCanWriteLetsNobodyIn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	if _, err := OpenKeys(path, log); err == nil || !strings.Contains(err.Error(), "write a public key on each line") {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte(line("anna")+"nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := OpenKeys(path, log)
	if err != nil || keys.name(key("anna").PublicKey()) != "anna" || keys.name(key("eve").PublicKey()) != "" {
		t.Fatalf("%v, %v", err, keys.Names())
	}
	if !strings.Contains(said.String(), "keys:2") || strings.Count(said.String(), "\n") != 1 {
		t.Errorf("the line that is no key is told as %q", said.String())
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if name := keys.name(key("anna").PublicKey()); name != "" || !strings.Contains(said.String(), "chmod 644") {
		t.Errorf("lets in %q and says %q", name, said.String())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if name := keys.name(key("anna").PublicKey()); name != "anna" {
		t.Error("a file that is put right does not count again")
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("#"), maxKeys+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys.name(key("anna").PublicKey()) != "" {
		t.Error("a file without end lets somebody in")
	}
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(line("anna") + "# ben's\n" + line("ben")))
	f.Add([]byte(`from="a,b",command="x \" y" ` + line("anna")))
	f.Add([]byte("ssh-rsa AAAA= \x1b]0;x\a\n\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		names, problems := parseKeys(content)
		if len(names)+len(problems) > bytes.Count(content, []byte("\n"))+1 {
			t.Errorf("%d people and %d problems in %q", len(names), len(problems), content)
		}
		for wire, name := range names {
			if _, err := gossh.ParsePublicKey([]byte(wire)); err != nil {
				t.Errorf("%q has no key: %v", name, err)
			}
			if again, why := nameOf(name); again != name || why != "" || strings.ContainsAny(name, "/\\@\x00") || utf8.RuneCountInString(name) > maxName {
				t.Errorf("%q is a name", name)
			}
		}
		for _, p := range problems {
			if p.line < 1 || p.why == "" {
				t.Errorf("problem %+v", p)
			}
		}
	})
}

func TestTheHostKeyIsMadeOnceForTheOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "host-key")
	first, err := HostKey(path)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(path)
	if err != nil || stat.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", stat.Mode(), err)
	}
	if beside, err := os.ReadDir(filepath.Dir(path)); err != nil || len(beside) != 1 {
		t.Errorf("beside the key lies %v %v", beside, err)
	}
	second, err := HostKey(path)
	if err != nil || !bytes.Equal(first.PublicKey().Marshal(), second.PublicKey().Marshal()) || first.PublicKey().Type() != gossh.KeyAlgoED25519 {
		t.Errorf("the second start has another key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := HostKey(path); err == nil || !strings.Contains(err.Error(), "no private key") {
		t.Errorf("a file that is no key: %v", err)
	}
}
