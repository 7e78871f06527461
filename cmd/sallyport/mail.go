package main

import (
	"context"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/provider/management"
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

// openMail is the mailer of a server that an administrator has set.
func openMail(s management.MailServer) (flows.Mailer, error) {
	secure := "starttls"
	if s.Port == smtpsPort {
		secure = "implicit"
	}
	mailer, err := email.New(email.Config{Host: s.Host, Port: s.Port, Username: s.Username, Password: s.Password, From: s.From, TLS: secure})
	if err != nil {
		return nil, err
	}
	return mailer, nil
}

// smtpsPort is that of servers which speak TLS from the start (RFC 8314 §3.3).
const smtpsPort = 465

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
