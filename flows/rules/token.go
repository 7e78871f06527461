package rules

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// address adds a query to an address that a person is sent to.
func address(text, query string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%q is no address that a person can be sent to", clip(text, 200))
	}
	if u.User != nil {
		return "", errors.New("an address that a person is sent to has no password in it")
	}
	var more map[string]any
	if err := json.Unmarshal([]byte(query), &more); err != nil {
		return "", errors.New("query is no object")
	}
	if len(more) == 0 {
		return u.String(), nil
	}
	q := u.Query()
	for name, value := range more {
		q.Set(name, fmt.Sprint(value))
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// claims are those that encodeToken adds to its payload.
type claims struct{ Sub, IP, Iss string }

// sign makes a JWT by HS256 for a site that a person is sent to.
func sign(secret, payload, expires string, by claims, now time.Time) (string, error) {
	seconds, err := strconv.ParseFloat(expires, 64)
	if err != nil || !(seconds >= 1) {
		return "", errors.New("expiresInSeconds is no number of seconds")
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(payload), &all); err != nil || all == nil {
		return "", errors.New("payload is no object")
	}
	lasts := time.Duration(min(seconds, 86400)) * time.Second
	all["sub"], all["ip"], all["iss"], all["iat"], all["exp"] = by.Sub, by.IP, by.Iss, now.Unix(), now.Add(lasts).Unix()
	b, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(b)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature(secret, text)), nil
}

func signature(secret, text string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// maxToken bounds what validateToken looks at, in bytes.
const maxToken = 16 << 10

// verify checks what a site gave a person on their way back: signed by the secret, in
// time, about this person and this login. It gives the claims as JSON.
func verify(secret, token, subject, state string, now time.Time) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return "", errors.New("there is no token in the answer")
	}
	strict := base64.RawURLEncoding.Strict()
	var header struct {
		Alg string `json:"alg"`
	}
	h, err := strict.DecodeString(parts[0])
	if err != nil || json.Unmarshal(h, &header) != nil || header.Alg != "HS256" {
		return "", errors.New("the token is not signed by HS256")
	}
	got, err := strict.DecodeString(parts[2])
	if err != nil || !hmac.Equal(got, signature(secret, parts[0]+"."+parts[1])) {
		return "", errors.New("the signature of the token is wrong")
	}
	b, err := strict.DecodeString(parts[1])
	var said struct {
		Sub   string  `json:"sub"`
		Exp   float64 `json:"exp"`
		State string  `json:"state"`
	}
	if err != nil || json.Unmarshal(b, &said) != nil {
		return "", errors.New("the token has no claims")
	}
	switch {
	case subject == "" || said.Sub != subject:
		return "", errors.New("the token is about somebody else")
	case said.Exp <= float64(now.Unix()):
		return "", errors.New("the token has expired")
	case state == "" || said.State != state:
		return "", errors.New("the token is of another sign-in; give its state back in it")
	}
	return string(b), nil
}
