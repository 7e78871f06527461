package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/flows"
)

// mailer sends over the SMTP server of the settings, nil where there is none.
func (s *settings) mailer() (flows.Mailer, error) {
	m := s.Mail
	if m.Host == "" {
		return nil, nil
	}
	mailer, err := email.New(email.Config{
		Host: m.Host, Port: m.Port, Username: m.Username, Password: string(m.Password), From: m.From,
		TLS: map[string]string{"starttls": "starttls", "tls": "implicit", "none": "none"}[m.TLS],
	})
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return mailer, nil
}

// inboxMailer puts mails into the demo's inbox.
type inboxMailer struct {
	inbox *demo.Inbox
	now   func() time.Time
}

// Send implements flows.Mailer.
func (m inboxMailer) Send(_ context.Context, to, subject, text, _ string) error {
	m.inbox.Put(demo.Message{To: to, Subject: subject, Text: text, At: m.now()})
	return nil
}
