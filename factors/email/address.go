package email

import (
	"errors"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"
)

var errAddress = errors.New("not one e-mail address")

// parseAddress reads an address or Name <address>. A domain beyond ASCII becomes
// punycode, which every server takes; a local part beyond ASCII needs SMTPUTF8.
func parseAddress(s string) (*mail.Address, error) {
	if breaksLine(s) {
		return nil, errAddress
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, errAddress
	}
	local, domain := splitAddress(a.Address)
	if !isASCII(domain) {
		if domain, err = idna.Lookup.ToASCII(domain); err != nil {
			return nil, errAddress
		}
	}
	a.Address = local + "@" + domain
	return a, nil
}

func splitAddress(s string) (local, domain string) {
	at := strings.LastIndexByte(s, '@')
	return s[:at], s[at+1:]
}

// path is the form of MAIL FROM and RCPT TO.
func path(a *mail.Address) string {
	return (&mail.Address{Address: a.Address}).String()
}

func breaksLine(s string) bool { return strings.ContainsAny(s, "\r\n\x00") }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
