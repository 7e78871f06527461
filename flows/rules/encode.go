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
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// maxRandom bounds one call of randomBytes.
const maxRandom = 1024

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
