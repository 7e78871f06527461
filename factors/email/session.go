package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// farewell is how long a server that has the message may take to say goodbye.
const farewell = time.Second

// stageData is where the message itself is handed over.
const stageData = "DATA"

var errNoSTARTTLS = errors.New("the server does not offer it, and nothing is sent without TLS")

// A session is one conversation for one letter.
type session struct {
	config Config
	letter *letter
	conn   net.Conn
	client *smtp.Client
}

func (m *Mailer) deliver(ctx context.Context, l *letter) error {
	conn, err := m.config.dial(ctx)
	if err != nil {
		return failure(ctx, "connect", err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	s := &session{config: m.config, letter: l, conn: conn}
	return s.run(ctx)
}

func (s *session) run(ctx context.Context) error {
	stages := []struct {
		name string
		do   func() error
	}{
		{"greeting", s.greet},
		{"STARTTLS", s.secure},
		{"AUTH", s.login},
		{"MAIL FROM", s.sender},
		{"RCPT TO", s.recipient},
		{stageData, s.data},
	}
	for _, stage := range stages {
		if err := stage.do(); err != nil {
			return failure(ctx, stage.name, err)
		}
	}
	s.leave()
	return nil
}

func (s *session) greet() (err error) {
	conn := s.conn
	if s.config.TLS == tlsImplicit {
		conn = tls.Client(conn, s.config.clientTLS())
	}
	if s.client, err = smtp.NewClient(conn, s.config.Host); err != nil {
		return err
	}
	return s.client.Hello(s.config.Helo)
}

func (s *session) secure() error {
	if s.config.TLS != tlsStart {
		return nil
	}
	if offered, _ := s.client.Extension("STARTTLS"); !offered {
		return errNoSTARTTLS
	}
	return s.client.StartTLS(s.config.clientTLS())
}

func (s *session) login() error {
	if s.config.Username == "" {
		return nil
	}
	_, offered := s.client.Extension("AUTH")
	mechanism, err := s.config.mechanism(offered)
	if err != nil {
		return err
	}
	return s.client.Auth(mechanism)
}

// sender asks for SMTPUTF8 only where an address needs it: a server further on may not
// know it (RFC 6531 §3.4).
func (s *session) sender() error {
	offered, _ := s.client.Extension("SMTPUTF8")
	if s.letter.utf8 && !offered {
		return refusal("the server takes no address beyond ASCII")
	}
	s.client.SkipSMTPUTF8(!s.letter.utf8)
	return s.client.Mail(s.letter.from)
}

func (s *session) recipient() error { return s.client.Rcpt(s.letter.to) }

func (s *session) data() error {
	w, err := s.client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(s.letter.content); err != nil {
		return err
	}
	return w.Close()
}

// leave has no error: the server has the message, and another attempt would send it
// twice.
func (s *session) leave() {
	if s.conn.SetDeadline(time.Now().Add(farewell)) == nil {
		_ = s.client.Quit()
	}
}
