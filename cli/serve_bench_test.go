//go:build !windows

package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// BenchmarkAlertOverSSH reports how long after the sources were asked an alert
// that their answer raises has reached 99 of 100 people over SSH, in milliseconds:
// a poll, its commit, the evaluation, the Snapshot and 50 screens of 120×32 cells.
func BenchmarkAlertOverSSH(b *testing.B) {
	var took []float64
	for b.Loop() {
		took = append(took, alertOverSSH(b, 50)...)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "p50-ms")
	b.ReportMetric(took[len(took)*99/100], "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// titles are sequences of a terminal that end as a bell sounds.
var titles = regexp.MustCompile("\x1b\\][^\a]*\a")

func alertOverSSH(b *testing.B, people int) (took []float64) {
	o := opensOfficeWith(b, strings.Replace(servedConfig, "cost > 1}", "cost > 100}", 1)+"  sessions_per_user: 100\n")
	rang := make(chan time.Time, people)
	var keys io.Writer
	for range people {
		keys = o.waitsForABell(b, rang)
	}
	o.spends(1000)
	asked := time.Now()
	if _, err := io.WriteString(keys, "r"); err != nil {
		b.Fatal(err)
	}
	for range people {
		select {
		case at := <-rang:
			took = append(took, float64(at.Sub(asked).Microseconds())/1000)
		case <-time.After(soon):
			b.Fatal("the alert never came")
		}
	}
	o.stops()
	return took
}

// waitsForABell opens a screen and tells when its bell rings.
func (o *office) waitsForABell(b *testing.B, rang chan<- time.Time) (keys io.Writer) {
	b.Helper()
	content, err := os.ReadFile(filepath.Join(o.home, "anna.key"))
	if err != nil {
		b.Fatal(err)
	}
	key, err := gossh.ParsePrivateKey(content)
	if err != nil {
		b.Fatal(err)
	}
	client, err := gossh.Dial("tcp", o.address, &gossh.ClientConfig{Auth: []gossh.AuthMethod{gossh.PublicKeys(key)}, HostKeyCallback: gossh.InsecureIgnoreHostKey()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { client.Close() })
	session, err := client.NewSession()
	if err != nil {
		b.Fatal(err)
	}
	keys, err = session.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := session.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(session.RequestPty("xterm", 32, 120, nil), session.Shell()); err != nil {
		b.Fatal(err)
	}
	shown := make(chan struct{})
	go func() {
		chunk, text := make([]byte, 1<<15), ""
		for seen := false; ; {
			n, err := out.Read(chunk)
			if err != nil {
				return
			}
			if text = titles.ReplaceAllString(text+string(chunk[:n]), ""); !seen && strings.Contains(text, "Partners") {
				seen = true
				close(shown)
			}
			if strings.Contains(text, "\a") {
				rang <- time.Now()
				return
			}
		}
	}()
	select {
	case <-shown:
	case <-time.After(soon):
		b.Fatalf("the screen never came: %s", o.said.String())
	}
	return keys
}
