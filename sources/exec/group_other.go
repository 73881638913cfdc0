//go:build !unix

package exec

import "os/exec"

// groups says that a program and all it starts can be ended together; where that
// is not so no source of this type opens.
const groups = false

func apart(*exec.Cmd) {}

func terminate(int) {}

func kill(int) {}
