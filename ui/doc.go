// Package ui is the terminal program: it draws Snapshots and sends Commands,
// and does nothing else. It reads no files, asks no network and decides
// nothing about a channel.
//
// [Run] is the interactive dashboard, for a local terminal or one SSH session.
// [Plain] prints the same table once, without escape sequences.
package ui
