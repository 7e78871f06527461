// Package sms is the text message with a code.
//
// Numbers, words and vendors are in package phone; here is what tells the channel from
// the other one.
package sms

import (
	"embed"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/phone"
)

//go:embed locales
var words embed.FS

// Config is the setting of the factor.
type Config phone.Config

// Defaults lack a sender, so that the factor is off until it has one.
func Defaults() *Config { return (*Config)(phone.Defaults()) }

// Open checks the settings.
func (c *Config) Open(env factors.Env) (factors.Factor, error) {
	f, err := (*phone.Config)(c).Open(phone.Text, env)
	if err != nil {
		return nil, err
	}
	return &Factor{f}, nil
}

// Factor implements factors.Factor, factors.Courier and factors.Linker.
type Factor struct{ *phone.Factor }

// Info says that a code is something the person has, and that asking for it costs a
// message.
func (f *Factor) Info() factors.Info {
	return factors.Info{
		Second: true, Enrollable: true, Sends: true, Asks: "phone_number", Missing: f.Missing(), Rate: f.Rate(),
		Kinds: factors.Has, Order: 40, Words: words,
	}
}
