//go:build !cgo

package store

// SQLite is C. The name of what is missing is the message that the compiler
// prints for a build without it.
var _ = adtop_needs_a_C_compiler__install_gcc_or_clang_and_build_with_CGO_ENABLED_1
