package main

import (
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/emersion/go-smtp"
)

// A letterbox takes one mail over SMTP and puts its text on the desk.
type letterbox struct {
	desk *desk
	to   []string
}

// Mail implements smtp.Session.
func (*letterbox) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (l *letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.to = append(l.to, to)
	return nil
}

// Data implements smtp.Session.
func (l *letterbox) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	if err != nil {
		return err
	}
	for _, to := range l.to {
		l.desk.put(to, text)
	}
	return nil
}

// Reset implements smtp.Session.
func (l *letterbox) Reset() { l.to = nil }

// Logout implements smtp.Session.
func (*letterbox) Logout() error { return nil }

// plainText is the first part of a mail that is plain text.
func plainText(kind, encoding string, body io.Reader) (string, error) {
	media, with, err := mime.ParseMediaType(kind)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(media, "multipart/") {
		part, err := multipart.NewReader(body, with["boundary"]).NextPart() // decodes quoted-printable itself
		if err != nil {
			return "", err
		}
		return plainText(part.Header.Get("Content-Type"), "", part)
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	return string(b), err
}
