package simulator

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The service account that Google's analytics know; its key is that of
// ServiceAccountFile.
const (
	ServiceAccountEmail = "adtop@simulated.iam.gserviceaccount.com"
	serviceKeyID        = "5imulated0key0id"
)

// serviceKey is made anew for each program.
var serviceKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return key
})

// ServiceAccountFile is the text of the key file of the service account.
func ServiceAccountFile() string {
	der, err := x509.MarshalPKCS8PrivateKey(serviceKey())
	if err != nil {
		panic(err) // a key that was just made can be written
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": ServiceAccountEmail, "private_key_id": serviceKeyID,
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(file)
}

// serviceToken gives a token of a scope for an assertion that is signed as it has
// to be.
func (s *Simulator) serviceToken(c *call, scope string) answer {
	form, err := url.ParseQuery(string(c.body))
	switch {
	case err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || form.Has("client_secret"):
		return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"unsupported_grant_type","error_description":"Invalid grant_type"}`))
	case !serviceSigned(form.Get("assertion"), scope):
		return invalidAssertion()
	}
	return jsonAnswer(http.StatusOK, []byte(`{"access_token":"`+s.oauth.access(c.platform)+`","expires_in":3599,"token_type":"Bearer"}`))
}

func invalidAssertion() answer {
	return jsonAnswer(http.StatusBadRequest, []byte(`{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`))
}

// serviceSigned checks an assertion: a JSON web token by RS256.
func serviceSigned(assertion, scope string) bool {
	parts := strings.Split(assertion, ".")
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
	var header struct{ Alg, Typ, Kid string }
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil {
		return false
	}
	sum, now := sha256.Sum256([]byte(parts[0]+"."+parts[1])), time.Now().Unix()
	return header.Alg == "RS256" && header.Typ == "JWT" && header.Kid == serviceKeyID && claims.Iss == ServiceAccountEmail && claims.Scope == scope &&
		claims.Aud == "https://oauth2.googleapis.com/token" && claims.Exp > now && claims.Exp-claims.Iat <= 3600 &&
		rsa.VerifyPKCS1v15(&serviceKey().PublicKey, crypto.SHA256, sum[:], decoded[2]) == nil
}

// googleRefused is an error in the form that Google's APIs have in common.
func googleRefused(status int, name, message, more string) answer {
	b := appendValue([]byte(`{"error":{"code":`+strconv.Itoa(status)+`,"message":`), message, true)
	return jsonAnswer(status, append(b, `,"status":"`+name+`"`+more+`}}`...))
}
