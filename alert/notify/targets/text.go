package targets

import (
	"strings"
	"unicode/utf8"

	"adtop/alert/notify"
)

// characters counts as most services do, in UTF-16 units: never fewer than the
// characters that a person sees.
func characters(r rune) int {
	if r > 0xffff {
		return 2
	}
	return 1
}

// bytesOf counts the bytes of a character in UTF-8.
func bytesOf(r rune) int { return utf8.RuneLen(r) }

// fit escapes text with escape (nil: not at all) and cuts it so that it measures
// at most limit by size, an ellipsis at its end where something is missing. What
// one character is escaped to is never cut in two.
func fit(text string, limit int, size func(rune) int, escape *strings.Replacer) string {
	const ellipsis = '…'
	var out strings.Builder
	used, room, cut := 0, limit-size(ellipsis), 0 // cut: bytes of out that leave room for the ellipsis
	for _, r := range text {
		piece := string(r)
		if escape != nil {
			piece = escape.Replace(piece)
		}
		for _, c := range piece {
			used += size(c)
		}
		if used > limit {
			return strings.TrimRight(out.String()[:cut], " \n") + string(ellipsis)
		}
		out.WriteString(piece)
		if used <= room {
			cut = out.Len()
		}
	}
	return out.String()
}

// whole is a message in one plain text, for services without titles.
func whole(m notify.Message) string {
	return strings.TrimSpace(m.Title + "\n\n" + m.Text)
}

// link returns an address that a browser can open, "" for anything else.
func link(text string) string {
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return text
	}
	return ""
}
