package postback

import (
	"log"

	"adtop/sources"
)

// quiet sends what the HTTP server complains of, which anybody can cause, to the
// debug log.
func quiet(s *source) *log.Logger { return log.New(complaints{s}, "", 0) }

type complaints struct{ *source }

func (c complaints) Write(text []byte) (int, error) {
	c.env.Log.Debug("http server", "source", c.env.Name, "text", sources.Clean(string(text)))
	return len(text), nil
}
