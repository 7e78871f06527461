package email

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	testUser     = "sallyport"
	testPassword = "correct horse battery"
)

// A received is what the server took over.
type received struct {
	from, to string
	utf8     bool
	tls      bool
	user     string
	content  []byte
}

// A backend is the inside of a test server. Set its fields before it serves.
type backend struct {
	mechanisms []string
	rcptError  error
	dataError  func(content []byte) error

	mu       sync.Mutex
	messages []received
	logins   int // passwords seen, right or wrong
	mails    int // MAIL commands
}

func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &testSession{b: b, now: received{tls: encrypted}}, nil
}

func (b *backend) all() []received {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.messages
}

func (b *backend) counts() (logins, mails int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.logins, b.mails
}

type testSession struct {
	b   *backend
	now received
}

func (s *testSession) AuthMechanisms() []string { return s.b.mechanisms }

func (s *testSession) Auth(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return s.login(user, password) }), nil
	case sasl.Login:
		return &loginServer{login: s.login}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *testSession) login(user, password string) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.logins++
	if user != testUser || password != testPassword {
		return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + password}
	}
	s.now.user = user
	return nil
}

func (s *testSession) Mail(from string, o *smtp.MailOptions) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.mails++
	if len(s.b.mechanisms) > 0 && s.now.user == "" {
		return smtp.ErrAuthRequired
	}
	s.now.from, s.now.utf8 = from, o.UTF8
	return nil
}

func (s *testSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.to = to
	return s.b.rcptError
}

func (s *testSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.b.dataError != nil {
		return s.b.dataError(content)
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.now.content = content
	s.b.messages = append(s.b.messages, s.now)
	return nil
}

func (s *testSession) Reset()        {}
func (s *testSession) Logout() error { return nil }

// A loginServer is AUTH LOGIN, which go-sasl has for clients only.
type loginServer struct {
	login func(user, password string) error
	user  *string
	asked bool
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.login(*l.user, string(response))
}

// authority is a certificate for 127.0.0.1 with the pool that trusts it.
func authority(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], pool
}

// serve starts a server and returns settings that reach and trust it.
func serve(t *testing.T, b *backend, mode string, adjust func(*smtp.Server)) Config {
	t.Helper()
	certificate, pool := authority(t)
	server := smtp.NewServer(b)
	server.Domain, server.AllowInsecureAuth = "test.example", true
	server.ErrorLog = silence{}
	serverTLS := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener := listen(t)
	switch mode {
	case tlsStart:
		server.TLSConfig = serverTLS
	case tlsImplicit:
		listener = tls.NewListener(listener, serverTLS)
	}
	if adjust != nil {
		adjust(server)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		listener.Close() // Close of the server misses it before Serve has begun
		server.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("server: %v", err)
		}
	})
	c := settings(listener)
	c.TLS, c.RootCAs = mode, pool
	if len(b.mechanisms) > 0 {
		c.Username, c.Password = testUser, testPassword
	}
	return c
}

func settings(l net.Listener) Config {
	return Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "Sallyport <noreply@sallyport.example>"}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

type silence struct{}

func (silence) Printf(string, ...any) {}
func (silence) Println(...any)        {}
