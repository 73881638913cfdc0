package simulator

import (
	"fmt"
	"net/url"
	"time"

	"adtop/sources/simulator/world"
)

// SignInEnds says when what the user signed in with ends at a platform; the zero
// time is when the platform does not tell.
func (s *Simulator) SignInEnds(platform string, at time.Time) {
	s.oauth.mu.Lock()
	defer s.oauth.mu.Unlock()
	if s.oauth.ends == nil {
		s.oauth.ends = map[string]time.Time{}
	}
	s.oauth.ends[platform] = at
}

func (o *oauthTokens) end(platform string) time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ends[platform]
}

// refreshEnds is the field of a token endpoint's answer that tells the end of the
// refresh token, "" where it does not.
func (s *Simulator) refreshEnds(c *call) string {
	end := s.oauth.end(c.platform)
	if end.IsZero() {
		return ""
	}
	return fmt.Sprintf(`"refresh_token_expires_in":%d,`, int64(end.Sub(c.now)/time.Second))
}

// metaDebug answers what a token may say of itself.
func (s *Simulator) metaDebug(query url.Values) answer {
	if !equalSecret(query.Get("input_token"), MetaToken) {
		return metaInvalid("The access token could not be decrypted").answer()
	}
	end := int64(0)
	if at := s.oauth.end(world.Meta); !at.IsZero() {
		end = at.Unix()
	}
	return jsonAnswer(200, fmt.Appendf(nil, `{"data":{"app_id":"1","type":"USER","is_valid":true,"expires_at":%d,"data_access_expires_at":0,"scopes":["ads_read"]}}`, end))
}
