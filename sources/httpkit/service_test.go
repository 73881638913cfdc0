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
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"adtop/sources"
)

// keyFile is a key and the text of its file, with some of it changed.
func keyFile(t *testing.T, change ...string) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "a@b.example", "private_key_id": "7", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		t.Fatal(err)
	}
	return key, strings.NewReplacer(change...).Replace(string(file))
}

func TestServiceAccountSignsInWithoutAClient(t *testing.T) {
	key, file := keyFile(t)
	var form url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/token" {
			_ = r.ParseForm()
			form = r.PostForm
			_, _ = w.Write([]byte(`{"access_token":"ya29.x","expires_in":3599,"token_type":"Bearer"}`))
			return
		}
		_, _ = w.Write([]byte(`{"authorization":"` + r.Header.Get("Authorization") + `"}`))
	}))
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	account, err := ParseServiceAccount(file)
	if err != nil {
		t.Fatal(err)
	}
	client, err := New(Options{Env: sources.Env{Name: "x"}, Platform: "X", Base: base, OAuth: account.OAuth(base.JoinPath("token"), "read", "sign in")})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Authorization string }
	if err := client.JSON(t.Context(), &Request{Path: "x"}, &answer); err != nil || answer.Authorization != "Bearer ya29.x" {
		t.Fatalf("%+v, %v", answer, err)
	}
	if len(form) != 2 || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Errorf("the form holds %d fields: expected a grant and its assertion alone", len(form))
	}
	parts := strings.Split(form.Get("assertion"), ".")
	if len(parts) != 3 {
		t.Fatal("no assertion of three parts")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		t.Error("the signature is not that of the key")
	}
}

func TestKeyFilesThatAreNoneAreRefusedAndNotRepeated(t *testing.T) {
	for says, change := range map[string][2]string{
		"JSON key file": {"service_account", "authorized_user"}, "in PEM": {"BEGIN", "x"}, "RSA": {"MI", "xx"},
	} {
		_, file := keyFile(t, change[:]...)
		if _, err := ParseServiceAccount(file); err == nil || !strings.Contains(err.Error(), says) || len(err.Error()) > 100 {
			t.Errorf("%v: %v", change, err)
		}
	}
}
