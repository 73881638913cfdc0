package appleads

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"time"
)

// secretLives is how long a secret is good. Apple takes up to 180 days; it is
// signed anew for each token, so that an hour is plenty.
const secretLives = time.Hour

// identity is what Apple knows a client by.
type identity struct {
	client, team, key string
	private           *ecdsa.PrivateKey
}

// secret signs a client secret: a JSON web token by ES256 (RFC 7518, 3.4), whose
// signature is both numbers of 32 bytes one after the other.
func (i identity) secret(now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "ES256", "kid": i.key})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": i.team, "sub": i.client, "aud": "https://appleid.apple.com", "iat": now.Unix(), "exp": now.Add(secretLives).Unix(),
	})
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.private, sum[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature[:]), nil
}

// parseKey reads a private key of the curve P-256 in either form that OpenSSL
// writes. Its errors repeat nothing of it.
func parseKey(text string) (*ecdsa.PrivateKey, error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errors.New("expected the text of a PEM file that begins with -----BEGIN PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----")
		}
		switch block.Type {
		case "EC PRIVATE KEY":
			key, err := x509.ParseECPrivateKey(block.Bytes)
			if err != nil {
				return nil, errors.New("the key in the PEM file cannot be read")
			}
			return onCurve(key)
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			key, ok := parsed.(*ecdsa.PrivateKey)
			if err != nil || !ok {
				return nil, errors.New("the key in the PEM file is none of an elliptic curve")
			}
			return onCurve(key)
		}
	}
}

func onCurve(key *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	if key.Curve != elliptic.P256() {
		return nil, errors.New("the key is of another curve: expected P-256 (prime256v1)")
	}
	return key, nil
}
