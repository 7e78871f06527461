package resource

import (
	"net/http"
	"strings"
)

// bearer takes the token from the Authorization headers, the only place where it may
// stand (RFC 6750 §2.1).
func bearer(headers []string) (string, *refusal) {
	switch len(headers) {
	case 0:
		return "", &refusal{status: http.StatusUnauthorized}
	case 1:
	default:
		return "", malformed("more than one Authorization header")
	}
	scheme, rest := headers[0], ""
	if i := strings.IndexAny(scheme, " \t"); i >= 0 {
		scheme, rest = scheme[:i], scheme[i:]
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return "", &refusal{status: http.StatusUnauthorized}
	}
	token := strings.Trim(rest, " ")
	if !isToken(token) {
		return "", malformed("the Authorization header holds no bearer token")
	}
	return token, nil
}

func malformed(description string) *refusal {
	return &refusal{status: http.StatusBadRequest, code: "invalid_request", description: description}
}

// isToken reports whether s is a b64token (RFC 6750 §2.1).
func isToken(s string) bool {
	s = strings.TrimRight(s, "=")
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-._~+/", rune(c)) {
			return false
		}
	}
	return s != ""
}
