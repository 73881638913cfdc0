//go:build !windows

package cli

import (
	"strings"
	"syscall"
	"testing"
)

// reloads has the server read another config, and waits for what it says of it.
func (o *office) reloads(config string, says ...string) {
	o.t.Helper()
	write(o.t, o.config, strings.Replace(config, "EXPORT", o.export, 1))
	if err := o.server.Process.Signal(syscall.SIGHUP); err != nil {
		o.t.Fatal(err)
	}
	o.logs(says...)
}

// TestOverSSHAReloadIsSeenByThoseWhoAreThere: their sessions go on with the new
// channels and roles, and no bad config shuts them out.
func TestOverSSHAReloadIsSeenByThoseWhoAreThere(t *testing.T) {
	t.Parallel()
	o := opensOffice(t)
	anna, ben := o.sits("anna", 120, 32), o.sits("ben", 80, 24)
	anna.sees("Partners", "any spend")
	ben.sees("Partners", "? help")
	ben.presses("a")
	ben.sees("ben may look, not act")
	changed := strings.NewReplacer("Partners", "Affiliates", "anna: operator", "ben: operator").Replace(servedConfig)
	o.reloads(changed, "the config was reloaded")
	anna.sees("Affiliates")
	anna.presses("a")
	anna.sees("anna may look, not act")
	ben.sees("Affiliates: any spend")
	ben.presses("a")
	ben.sees("note:")
	ben.presses("mine now", "enter")
	ben.seesNo("firing")

	unserved, _, _ := strings.Cut(changed, "serve:")
	o.reloads(strings.Replace(unserved, "Affiliates", "Nobody", 1), "was not reloaded", "has no serve: section")
	o.reloads(strings.Replace(changed, "authorized_keys: keys", "authorized_keys: others", 1), "was not reloaded", "only roles can change")
	for _, name := range []string{"anna", "ben"} {
		if code, stdout, stderr := o.ssh(name, "127.0.0.1", "report"); code != 0 || !strings.Contains(stdout, "Affiliates") {
			t.Errorf("after a bad config %s gets %d %q %q", name, code, stdout, stderr)
		}
	}
	anna.presses("2")
	anna.presses("enter")
	anna.sees("acked by ben: mine now")
	anna.quits()
	ben.quits()
}
