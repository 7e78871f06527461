package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/flows"
)

// mailer sends over the SMTP servers of the settings, nil where there are none.
func (s *settings) mailer() (flows.Mailer, error) {
	var all email.Fallback
	for _, m := range []mailSettings{s.Mail, s.MailFallback} {
		if m.Host == "" {
			continue
		}
		mailer, err := email.New(email.Config{
			Host: m.Host, Port: m.Port, Username: m.Username, Password: string(m.Password), From: m.From,
			TLS: map[string]string{"starttls": "starttls", "tls": "implicit", "none": "none"}[m.TLS],
		})
		if err != nil {
			return nil, fmt.Errorf("mail server %s: %w", m.Host, err)
		}
		all = append(all, mailer)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
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
