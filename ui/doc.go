// Package ui is the terminal program: it draws Snapshots and sends Commands,
// and does nothing else. It reads no files, asks no network and decides
// nothing about a channel.
//
// [Run] is the interactive dashboard, for a local terminal or one SSH session.
// [Plain] prints the same table once, without escape sequences.
//
// How it is put together: app is the one tea.Model. Its place says which screen
// is shown and what was opened on it; each screen has a table, which filters,
// sorts, scrolls and draws lines of one type, and panels around it. The keymap
// ties keys to what they do; help, hints and the palette read it. Dialogs lie
// on a stack above the screen and take its keys. A frame is drawn again only
// when something changed, and of its panels only those that show it. The
// bridge is the one goroutine that talks to the program.
package ui
