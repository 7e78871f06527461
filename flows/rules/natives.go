package rules

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // rules have old code that compares with it
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// maxRandom bounds one call of randomBytes.
const maxRandom = 1024

// natives are what the prelude builds on. They take and give text alone, and say what is
// wrong by an ordinary TypeError: an error of Go's would be a Go value that scripts can
// reach. Data travels as hex.
func (r *run) natives(fetch Fetcher) goja.Value {
	j := r.job
	cached, err := json.Marshal(j.Cache)
	if err != nil || j.Cache == nil {
		cached = []byte("{}")
	}
	host := r.vm.NewObject()
	set := func(name string, value any) { _ = host.Set(name, value) } // an object of ours
	set("user", string(object(j.User)))
	set("context", string(object(j.Context)))
	set("event", string(object(j.Event)))
	set("cache", string(cached))
	set("canRedirect", j.CanRedirect)
	set("continued", j.Continue)
	for name, native := range map[string]func([]string) (string, error){
		"log": r.log, "said": r.said, "decode": decode, "encode": encode, "hash": digest, "hmac": mac, "random": random, "uuid": uuid, "equal": equal,
		"ip": canonicalOf, "inRange": inRange, "ipRange": ipRange, "address": address,
		"sign":   func(a []string) (string, error) { return sign(a, j.Issuer, j.Now) },
		"verify": func(a []string) (string, error) { return verify(a, j.Now) },
		"fetch":  func(a []string) (string, error) { return fetch(a[0]), nil },
	} {
		set(name, func(call goja.FunctionCall) goja.Value {
			args := make([]string, 4)
			for i := range min(len(args), len(call.Arguments)) {
				args[i] = call.Arguments[i].String()
			}
			out, err := native(args)
			if err != nil {
				panic(r.vm.NewTypeError(err.Error()))
			}
			return r.vm.ToValue(out)
		})
	}
	r.host = host
	return host
}

func object(b json.RawMessage) json.RawMessage {
	if len(b) == 0 {
		return json.RawMessage("{}")
	}
	return b
}

func (r *run) log(a []string) (string, error) {
	at := &r.steps[len(r.steps)-1]
	if len(at.Console) < maxConsole {
		at.Console = append(at.Console, clip(a[0], maxLine))
	}
	return "", nil
}

func (r *run) said(a []string) (string, error) {
	at := &r.steps[len(r.steps)-1]
	if len(at.Said) < maxConsole {
		at.Said = append(at.Said, a[0])
	}
	return "", nil
}

func decode(a []string) (string, error) {
	data, encoding := a[0], a[1]
	var b []byte
	var err error
	switch encoding {
	case "utf8", "latin1", "binary", "ascii":
		b = []byte(data)
	case "hex":
		return strings.ToLower(data), nil
	case "base64":
		b, err = base64.StdEncoding.DecodeString(data)
	case "base64url":
		b, err = base64.RawURLEncoding.DecodeString(data)
	default:
		err = fmt.Errorf("the encoding %q is not available here", encoding)
	}
	return hex.EncodeToString(b), err
}

func encode(a []string) (string, error) {
	data, encoding := a[0], a[1]
	b, err := hex.DecodeString(data)
	if err != nil {
		return "", err
	}
	switch encoding {
	case "hex":
		return data, nil
	case "base64":
		return base64.StdEncoding.EncodeToString(b), nil
	case "base64url":
		return base64.RawURLEncoding.EncodeToString(b), nil
	case "utf8":
		return string(b), nil
	}
	return "", fmt.Errorf("the encoding %q is not available here", encoding)
}

var algorithms = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

func digest(a []string) (string, error) {
	algorithm, data := a[0], a[1]
	fresh := algorithms[strings.ToLower(algorithm)]
	if fresh == nil {
		return "", fmt.Errorf("the hash %q is not available here", algorithm)
	}
	return over(fresh(), data)
}

func mac(a []string) (string, error) {
	algorithm, key, data := a[0], a[1], a[2]
	fresh := algorithms[strings.ToLower(algorithm)]
	if fresh == nil {
		return "", fmt.Errorf("the hash %q is not available here", algorithm)
	}
	k, err := hex.DecodeString(key)
	if err != nil {
		return "", err
	}
	return over(hmac.New(fresh, k), data)
}

func over(h hash.Hash, data string) (string, error) {
	b, err := hex.DecodeString(data)
	if err != nil {
		return "", err
	}
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func random(a []string) (string, error) {
	n, err := strconv.Atoi(a[0])
	if err != nil || n < 1 || n > maxRandom {
		return "", fmt.Errorf("randomBytes: use 1 to %d", maxRandom)
	}
	b := make([]byte, n)
	_, err = rand.Read(b)
	return hex.EncodeToString(b), err
}

func uuid([]string) (string, error) {
	h, err := random([]string{"16"})
	if err != nil {
		return "", err
	}
	b := []byte(h)
	b[12], b[16] = '4', "89ab"[b[16]&3]
	return fmt.Sprintf("%s-%s-%s-%s-%s", b[:8], b[8:12], b[12:16], b[16:20], b[20:]), nil
}

func equal(a []string) (string, error) {
	return yes(subtle.ConstantTimeCompare([]byte(a[0]), []byte(a[1])) == 1), nil
}

// yes is true as text: "" is false to JavaScript.
func yes(is bool) string {
	if is {
		return "1"
	}
	return ""
}

func canonicalOf(a []string) (string, error) { return canonical(a[0]), nil }

// canonical is an IP address as Go writes it, "" for none. A zone names an interface of
// this machine and is nobody's address.
func canonical(text string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || a.Zone() != "" {
		return ""
	}
	return a.Unmap().String()
}

// inRange refuses what is no range: a mistyped one would let everybody in, or nobody.
func inRange(a []string) (string, error) {
	cidr := strings.TrimSpace(a[1])
	one, err := netip.ParseAddr(canonical(a[0]))
	if err != nil {
		return "", nil
	}
	if single := canonical(cidr); single != "" {
		return yes(single == one.String()), nil
	}
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return "", fmt.Errorf("%q is no address range", clip(cidr, 60))
	}
	return yes(p.Masked().Contains(one)), nil
}

// ipRange names the kind of an address as ipaddr.js does.
func ipRange(args []string) (string, error) {
	a, err := netip.ParseAddr(args[0])
	switch {
	case err != nil:
		return "", err
	case a.IsLoopback():
		return "loopback", nil
	case a.IsPrivate() && a.Is6():
		return "uniqueLocal", nil
	case a.IsPrivate():
		return "private", nil
	case a.IsLinkLocalUnicast():
		return "linkLocal", nil
	case a.IsMulticast():
		return "multicast", nil
	case a.IsUnspecified():
		return "unspecified", nil
	}
	return "unicast", nil
}

// address adds a query to an address that a person is sent to.
func address(a []string) (string, error) {
	text, query := a[0], a[1]
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("%q is no address that a person can be sent to", clip(text, 200))
	}
	var more map[string]any
	if err := json.Unmarshal([]byte(query), &more); err != nil {
		return "", err
	}
	q := u.Query()
	for name, value := range more {
		q.Set(name, fmt.Sprint(value))
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// sign makes a JWT by HS256 for a site that a person is sent to.
func sign(a []string, issuer string, now time.Time) (string, error) {
	secret, payload := a[0], a[1]
	seconds, err := strconv.ParseInt(a[2], 10, 64)
	if err != nil {
		return "", errors.New("expiresInSeconds is no whole number")
	}
	var claims map[string]any
	if err := json.Unmarshal([]byte(payload), &claims); err != nil {
		return "", err
	}
	claims["iss"], claims["iat"], claims["exp"] = issuer, now.Unix(), now.Add(time.Duration(min(max(seconds, 1), 86400))*time.Second).Unix()
	b, err := json.Marshal(claims)
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

// verify checks what a site gave a person on their way back: signed by the secret, in
// time, about this person and this sign-in.
func verify(a []string, now time.Time) (string, error) {
	secret, token, subject, state := a[0], a[1], a[2], a[3]
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errors.New("there is no token in the answer")
	}
	var header struct {
		Alg string `json:"alg"`
	}
	h, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(h, &header) != nil || header.Alg != "HS256" {
		return "", errors.New("the token is not signed by HS256")
	}
	got, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(got, signature(secret, parts[0]+"."+parts[1])) {
		return "", errors.New("the signature of the token is wrong")
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Sub   string  `json:"sub"`
		Exp   float64 `json:"exp"`
		State string  `json:"state"`
	}
	if err != nil || json.Unmarshal(b, &claims) != nil {
		return "", errors.New("the token has no claims")
	}
	switch {
	case claims.Sub != subject:
		return "", errors.New("the token is about somebody else")
	case claims.Exp <= float64(now.Unix()):
		return "", errors.New("the token has expired")
	case state != "" && claims.State != state:
		return "", errors.New("the token is of another sign-in")
	}
	return string(b), nil
}
