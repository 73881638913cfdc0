package store

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

var networkMagic = map[int64]string{
	unix.NFS_SUPER_MAGIC:   "NFS",
	unix.SMB_SUPER_MAGIC:   "SMB",
	unix.CIFS_SUPER_MAGIC:  "CIFS",
	unix.SMB2_SUPER_MAGIC:  "SMB",
	unix.AFS_SUPER_MAGIC:   "AFS",
	unix.CODA_SUPER_MAGIC:  "Coda",
	unix.CEPH_SUPER_MAGIC:  "Ceph",
	unix.NCP_SUPER_MAGIC:   "NCP",
	unix.V9FS_MAGIC:        "9P",
	unix.OCFS2_SUPER_MAGIC: "OCFS2",
}

// localFUSE are the FUSE file systems whose files lie on this machine. Any
// other one is taken for a network's.
var localFUSE = []string{"fuseblk", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.mergerfs", "fuse.bindfs", "fuse.fuse-overlayfs", "fuse.ntfs-3g"}

// networkFileSystem names the network file system that a file or folder lies
// on, "" for a local one. Links are followed.
func networkFileSystem(path string) (string, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(path, &stat); err != nil {
		return "", &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	magic := int64(uint32(stat.Type))
	if magic != unix.FUSE_SUPER_MAGIC {
		return networkMagic[magic], nil
	}
	real, err := filepath.Abs(path)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return "", err
	}
	mounts, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	typ, err := mountType(mounts, real)
	return networkFUSE(typ), errors.Join(err, mounts.Close())
}

func networkFUSE(typ string) string {
	for _, local := range localFUSE {
		if typ == local {
			return ""
		}
	}
	return typ
}

// mountType reads the file system type of the innermost mount that holds path
// from the lines of /proc/self/mountinfo.
func mountType(mounts io.Reader, path string) (string, error) {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	typ, longest := "", -1
	lines := bufio.NewScanner(mounts)
	for lines.Scan() {
		mount, rest, found := strings.Cut(lines.Text(), " - ")
		fields, after := strings.Fields(mount), strings.Fields(rest)
		if !found || len(fields) < 5 || len(after) < 1 {
			continue
		}
		point := unescape.Replace(fields[4])
		inside := path == point || strings.HasPrefix(path, strings.TrimSuffix(point, "/")+"/")
		if inside && len(point) >= longest {
			typ, longest = after[0], len(point)
		}
	}
	return typ, lines.Err()
}
