package email

import (
	"errors"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

var errNoMechanism = errors.New("the server offers neither PLAIN nor LOGIN")

func (c Config) mechanism(offered string) (smtp.Auth, error) {
	names := strings.Fields(strings.ToUpper(offered))
	local := c.TLS == tlsNone
	switch {
	case slices.Contains(names, "PLAIN"):
		return smtp.PlainAuth("", c.Username, c.Password, c.Host, local), nil
	case slices.Contains(names, "LOGIN"):
		return smtp.LoginAuth(c.Username, c.Password, c.Host, local), nil
	}
	return nil, errNoMechanism
}
