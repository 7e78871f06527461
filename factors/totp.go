package factors

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"time"
)

// A TOTP is the key of an authenticator app (RFC 6238): the secret of an authenticator
// of the factor otp, kept as JSON with its parameters, so that changed settings leave
// enrolled apps alone.
type TOTP struct {
	Secret    []byte `json:"secret"`
	Algorithm string `json:"alg"` // SHA1, SHA256 or SHA512
	Digits    int    `json:"digits"`
	Period    int64  `json:"period"` // seconds
}

// Text is the secret as apps take it: base32 without padding.
func (k TOTP) Text() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(k.Secret)
}

// Authenticator is a pending authenticator with this key.
func (k TOTP) Authenticator(now time.Time) (*Authenticator, error) {
	secret, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("factors: one-time password key: %w", err)
	}
	return &Authenticator{Factor: OTP, Secret: secret, CreatedAt: now}, nil
}
