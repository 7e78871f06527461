package standin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net"
	"time"
)

// ForChromium opens the connection for messages on a free port of this machine, and
// returns the switches with which a Chromium takes the service for Google's. base is
// where ServeHTTP answers. Chromium trusts the key of that one connection by
// --ignore-certificate-errors-spki-list, for which it wants a --user-data-dir.
func (s *PushService) ForChromium(base string) (switches map[string]string, stop func(), err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
	})
	if err != nil {
		return nil, nil, err
	}
	go s.ServeMCS(l)
	pin := sha256.Sum256(spki)
	return map[string]string{
		"gcm-checkin-url":                     base + checkInPath,
		"gcm-registration-url":                base + registerPath,
		"gcm-mcs-endpoint":                    "https://" + l.Addr().String(),
		"ignore-certificate-errors-spki-list": base64.StdEncoding.EncodeToString(pin[:]),
	}, func() { _ = l.Close() }, nil
}
