//go:build unix

package exec

import (
	"os/exec"
	"syscall"
)

// groups says that a program and all it starts can be ended together.
const groups = true

// apart makes cmd the leader of a process group of its own.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate asks the group to end.
func terminate(leader int) { _ = syscall.Kill(-leader, syscall.SIGTERM) } // gone already: nothing to do

// kill ends the group. The number of a group stays taken while it has members.
func kill(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) } // gone already: nothing to do
