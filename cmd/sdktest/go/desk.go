package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
)

// A world is what cmd/sdktest made for its programs.
type world struct {
	Domain  string            `json:"domain"`
	Issuer  string            `json:"issuer"`
	CA      string            `json:"ca"`
	Desk    string            `json:"desk"`
	API     string            `json:"api"`
	Web     string            `json:"web"`
	Clients map[string]client `json:"clients"`
	People  map[string]person `json:"people"`
}

type client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

type person struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Password string `json:"password"`
	TOTP     string `json:"totp"`
}

// ask lets the desk do something.
func (w world) ask(what string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := http.Post(w.Desk+what, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("desk: %s: %s", what, answer)
	}
	return json.Unmarshal(answer, out)
}

// authorize sends who to /authorize with the parameters and returns those of the
// answer to the application.
func (w world) authorize(who person, with url.Values) (url.Values, error) {
	home := w.Web + "/callback"
	if !with.Has("request_uri") {
		with.Set("response_type", "code")
		with.Set("redirect_uri", home)
	}
	var at struct{ URL, Page string }
	in := map[string]string{
		"url": w.Issuer + "authorize?" + with.Encode(), "until": home,
		"username": who.Username, "password": who.Password, "totp": who.TOTP,
	}
	if err := w.ask("visit", in, &at); err != nil {
		return nil, err
	}
	u, err := url.Parse(at.URL)
	if err != nil {
		return nil, err
	}
	if !u.Query().Has("code") {
		return nil, fmt.Errorf("no code at %s %.300s", at.URL, at.Page)
	}
	return u.Query(), nil
}

// totp is a code that an authenticator app shows for key.
func (w world) totp(key string) (string, error) {
	var shown struct{ Code string }
	err := w.ask("code", map[string]string{"totp": key}, &shown)
	return shown.Code, err
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// sent is the code in the next message to somebody.
func (w world) sent(to string) (string, error) {
	var m struct{ Text string }
	if err := w.ask("sent", map[string]string{"to": to}, &m); err != nil {
		return "", err
	}
	code := sixDigits.FindString(m.Text)
	return code, want(code != "", "a code", m.Text)
}

// pkce is a verifier of RFC 7636 and its challenge.
func pkce() (verifier, challenge string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	return verifier, base64.RawURLEncoding.EncodeToString(sum[:])
}
