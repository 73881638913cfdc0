package store

import (
	"strings"
	"testing"
)

func TestRemoteFUSEIsANetwork(t *testing.T) {
	const mounts = `22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:40 / /home/me/far rw,nosuid shared:2 - fuse.sshfs me@far:/srv rw
41 22 0:41 / /home/me/my\040vault rw,nosuid shared:3 - fuse.gocryptfs vault rw
42 40 0:42 / /home/me/far/near rw - ext4 /dev/vdb rw
broken line
`
	for path, want := range map[string]string{
		"/home/me/far/state": "fuse.sshfs",
		"/home/me/far":       "fuse.sshfs",
		"/home/me/farther":   "",
		"/home/me/my vault":  "",
		"/home/me/far/near":  "",
	} {
		typ, err := mountType(strings.NewReader(mounts), path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(typ, "fuse") {
			typ = networkFUSE(typ)
		} else {
			typ = ""
		}
		if typ != want {
			t.Errorf("%s lies on %q, want %q", path, typ, want)
		}
	}
}

func FuzzMountTable(f *testing.F) {
	f.Add("40 22 0:40 / /home/me/far rw - fuse.sshfs me@far:/srv rw\n", "/home/me/far")
	f.Add("40 22 0:40 / /a\\040b rw - ext4", "/a b/c")
	f.Fuzz(func(t *testing.T, table, path string) {
		typ, err := mountType(strings.NewReader(table), path)
		if err == nil && !strings.Contains(table, typ) {
			t.Errorf("type %q is not in the table", typ)
		}
	})
}
