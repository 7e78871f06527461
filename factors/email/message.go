package email

import (
	"bytes"
	"crypto/rand"
	"net/mail"

	gomail "github.com/wneessen/go-mail"
)

const autoSubmitted gomail.Header = "Auto-Submitted" // RFC 3834

// A letter is a message with its envelope.
type letter struct {
	from, to string
	utf8     bool // an address is beyond ASCII
	content  []byte
}

func newLetter(from *mail.Address, to, subject, text, html string) (*letter, error) {
	recipient, err := parseAddress(to)
	if err != nil {
		return nil, refusal("email: to: " + err.Error())
	}
	if breaksLine(subject) {
		return nil, refusal("email: subject: more than one line")
	}
	content, err := render(from, recipient, subject, text, html)
	if err != nil {
		return nil, refusal("email: message cannot be encoded")
	}
	l := &letter{from: path(from), to: path(recipient), content: content}
	l.utf8 = !isASCII(l.from + l.to)
	return l, nil
}

func render(from, to *mail.Address, subject, text, html string) ([]byte, error) {
	m := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(from)
	m.ToMailAddress(to)
	m.Subject(subject)
	m.SetDate()
	_, domain := splitAddress(from.Address)
	m.SetMessageIDWithValue(rand.Text() + "@" + domain)
	m.SetGenHeader(autoSubmitted, "auto-generated")
	m.SetBodyString(gomail.TypeTextPlain, text)
	m.AddAlternativeString(gomail.TypeTextHTML, html)
	var out bytes.Buffer
	_, err := m.WriteTo(&out)
	return out.Bytes(), err
}
