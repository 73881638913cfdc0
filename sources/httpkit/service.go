package httpkit

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/url"
	"time"
)

// assertionLives is how long an assertion is good: Google takes no more than an
// hour. One is signed for each token, so that minutes are plenty.
const assertionLives = 10 * time.Minute

// ServiceAccount is a Google service account: a user that is a program and signs
// in with a key of its own.
type ServiceAccount struct {
	Email   string
	keyID   string
	private *rsa.PrivateKey
}

// ParseServiceAccount reads the text of the JSON file that Google hands out with a
// key. Its errors repeat nothing of it.
func ParseServiceAccount(text string) (ServiceAccount, error) {
	var file struct {
		Type  string `json:"type"`
		Email string `json:"client_email"`
		KeyID string `json:"private_key_id"`
		Key   string `json:"private_key"`
	}
	if json.Unmarshal([]byte(text), &file) != nil || file.Type != "service_account" || file.Email == "" {
		return ServiceAccount{}, errors.New("expected the text of the JSON key file of a service account")
	}
	block, _ := pem.Decode([]byte(file.Key))
	if block == nil {
		return ServiceAccount{}, errors.New("the key file holds no private_key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return ServiceAccount{}, errors.New("the private_key of the key file is no RSA key in PKCS #8")
	}
	return ServiceAccount{Email: file.Email, keyID: file.KeyID, private: key}, nil
}

// OAuth signs the account in for one scope. signIn is what the user is told when it
// is refused.
func (a ServiceAccount) OAuth(tokenURL *url.URL, scope, signIn string) *OAuth {
	return &OAuth{
		TokenURL: tokenURL, SignIn: signIn, Bearer: true,
		Codes:     map[string]string{"invalid_client": signIn, "unauthorized_client": signIn, "invalid_scope": signIn},
		Grant:     url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}},
		Assertion: func() (string, error) { return a.assertion(scope, time.Now()) },
	}
}

// assertion is a JSON web token by RS256 (RFC 7518, 3.3).
func (a ServiceAccount) assertion(scope string, now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.keyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": a.Email, "scope": scope, "aud": "https://oauth2.googleapis.com/token", "iat": now.Unix(), "exp": now.Add(assertionLives).Unix(),
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
