package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// appleKey is made anew for each program.
var appleKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return key
})

// ApplePrivateKey is the key whose public half Apple's part knows, as the text
// of a PEM file.
func ApplePrivateKey() string {
	der, err := x509.MarshalPKCS8PrivateKey(appleKey())
	if err != nil {
		panic(err) // a key that was just made can be written
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// appleToken gives a token for a secret that is signed as it has to be.
func (s *Simulator) appleToken(c *call) answer {
	form, err := url.ParseQuery(string(c.body))
	switch {
	case err != nil || form.Get("grant_type") != "client_credentials" || form.Get("scope") != "searchadsorg":
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type"}`))
	case form.Get("client_id") != AppleClientID || !appleSigned(form.Get("client_secret")):
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_client"}`))
	}
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+s.oauth.access(c.platform)+`","token_type":"Bearer","expires_in":3600,"scope":"searchadsorg"}`))
}

// appleSigned checks a secret: a JSON web token by ES256.
func appleSigned(secret string) bool {
	parts := strings.Split(secret, ".")
	if len(parts) != 3 {
		return false
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return false
		}
	}
	var header struct{ Alg, Kid string }
	var claims struct {
		Iss, Sub, Aud string
		Iat, Exp      int64
	}
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil || len(decoded[2]) != 64 {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, t := new(big.Int).SetBytes(decoded[2][:32]), new(big.Int).SetBytes(decoded[2][32:])
	now := time.Now().Unix()
	const longest = 180 * 24 * 60 * 60
	return header.Alg == "ES256" && header.Kid == AppleKeyID && claims.Iss == AppleTeamID && claims.Sub == AppleClientID && claims.Aud == "https://appleid.apple.com" &&
		claims.Exp > now && claims.Exp-claims.Iat <= longest && ecdsa.Verify(&appleKey().PublicKey, sum[:], r, t)
}
