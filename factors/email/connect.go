package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
)

var errNotLocal = errors.New("the server is not on this machine, and tls is none")

func (c Config) dial(ctx context.Context) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return nil, err
	}
	if c.TLS == tlsNone && !isLocal(conn.RemoteAddr()) {
		return nil, errors.Join(errNotLocal, conn.Close())
	}
	return conn, nil
}

// isLocal looks at the address itself: localhost is only a name, which a resolver may
// lead elsewhere.
func isLocal(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func (c Config) clientTLS() *tls.Config {
	return &tls.Config{ServerName: c.Host, RootCAs: c.RootCAs, MinVersion: tls.VersionTLS12}
}
