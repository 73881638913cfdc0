package exec

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"adtop/sources"
)

// kinds are the exit codes that say what went wrong, after sysexits.h. Others,
// and the 1 of nearly all taps, say nothing: see hints.
var kinds = map[int]sources.Kind{
	64:  sources.Invalid,     // used wrongly
	65:  sources.Malformed,   // wrong input
	67:  sources.Auth,        // unknown user
	69:  sources.Unavailable, // a service is missing
	75:  sources.QuotaKind,   // try again later
	76:  sources.Malformed,   // protocol
	77:  sources.Permission,
	78:  sources.Invalid, // configuration
	126: sources.Invalid, // not executable
	127: sources.Invalid, // no such command
}

// hints find a status of HTTP in the last words of a program that used no code
// of its own.
var hints = []struct {
	word *regexp.Regexp
	kind sources.Kind
}{
	{regexp.MustCompile(`(?i)\b(401|unauthorized|invalid_grant|invalid_client)\b`), sources.Auth},
	{regexp.MustCompile(`(?i)\b(403|forbidden)\b`), sources.Permission},
	{regexp.MustCompile(`(?i)\b(429|too many requests|rate limit(ed)?)\b`), sources.QuotaKind},
}

func hinted(text string) sources.Kind {
	for _, h := range hints {
		if h.word.MatchString(text) {
			return h.kind
		}
	}
	return sources.Unavailable
}

// redacted gives every error of a run its kind, and takes the secrets out of its
// words.
func (s *source) redacted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", platform, ctx.Err())
	}
	var known *sources.Error
	var failed *failure
	switch {
	case errors.Is(err, errSilence):
		known = sources.Errorf(sources.Unavailable, "the program printed no line for %s and was ended", s.options.Silence)
		known.Next = "Run it by hand; if it needs so long before its first line, raise silence."
	case errors.Is(err, errTimeout):
		known = sources.Errorf(sources.Unavailable, "the program ran for %s and was ended", s.options.Timeout)
		known.Next = "Run it by hand; if it needs so long, raise timeout."
	case errors.As(err, &failed):
		kind, told := kinds[failed.code]
		if !told {
			kind = sources.Unavailable
			for _, complaint := range failed.complaints {
				if found := hinted(complaint); found != sources.Unavailable {
					kind = found
				}
			}
		}
		known = sources.Errorf(kind, "%w", failed)
		known.Next = "Its last lines on stderr say why; all of them are in the log (--log FILE)."
	case !errors.As(err, &known):
		known = sources.Errorf(sources.Unavailable, "%w", err)
	}
	return &sources.Error{
		Kind: known.Kind, RetryAfter: known.RetryAfter, Next: s.clean(known.Next),
		Err: errors.New(platform + ": " + s.clean(known.Err.Error())),
	}
}
