package metaads

import (
	"context"
	"net/url"
	"time"
)

// checkToken asks when the token ends, for Receipt.Expires. That a token may
// tell of itself, without the app's own, is not confirmed: what Meta refuses to
// say stays unknown, and fails nothing.
func (s *source) checkToken(ctx context.Context) {
	var answer struct {
		Data struct {
			Expires     int64 `json:"expires_at"`             // Unix seconds; 0 is never
			DataExpires int64 `json:"data_access_expires_at"` // from then on it is good for nothing
		} `json:"data"`
	}
	if err := s.client.JSON(ctx, s.request("debug_token", url.Values{"input_token": {s.options.Token.Reveal()}}), &answer); err != nil {
		s.env.Log.Debug("the end of the token is not known", "source", s.env.Name, "error", err)
		return
	}
	first := answer.Data.Expires
	if other := answer.Data.DataExpires; other > 0 && (first <= 0 || other < first) {
		first = other
	}
	s.ends.Store(max(first, 0))
}

// expires is when the token ends, zero when that is not known or never.
func (s *source) expires() time.Time {
	if end := s.ends.Load(); end > 0 {
		return time.Unix(end, 0).UTC()
	}
	return time.Time{}
}
