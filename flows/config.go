package flows

import (
	"errors"
	"fmt"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// Config is the room's settings. The zero value of a field is not a default: begin
// with DefaultConfig.
type Config struct {
	// LoginLifetime is how long a login may take altogether.
	LoginLifetime time.Duration `doc:"how long a sign-in may take altogether"`
	// LoginIdle is how long a login with at least one proof may rest.
	LoginIdle time.Duration `doc:"how long a begun sign-in may rest between two steps"`
	// SetupIdle is the same while something is set up or written down: an app has to be
	// found and installed first.
	SetupIdle time.Duration `doc:"and how long while something is set up"`
	// SessionIdle and SessionAbsolute end a session that was not used for that long,
	// or began that long ago (NIST SP 800-63B-4 §2.2.3 asks for both).
	SessionIdle     time.Duration `doc:"a session that was not used for this long ends"`
	SessionAbsolute time.Duration `doc:"a session ends this long after the last full sign-in"`
	// ResetLifetime is how long the link of a reset mail works.
	ResetLifetime time.Duration `doc:"how long the link of a reset mail works"`
	// FreshFor is the oldest proof on which a password is changed or a factor set up.
	FreshFor time.Duration `doc:"how long after a proof a person may change their password or set up a factor"`
	// WeakCounts lets recovery codes raise acr like any other second factor.
	WeakCounts bool `doc:"recovery codes count as a second factor for acr and mfa; leave it off unless you have to"`
	// BlockReported blocks a person who says on their phone that a sign-in was not theirs.
	BlockReported bool `doc:"a person who says on their phone that it wasn't them is blocked until an administrator has looked"`
	// Connection is the name of the one connection that there is: people of our own
	// register. By default it is that of a new tenant's at Auth0.
	Connection string `doc:"what rules, actions and policies call the register of your people"`
	// RecordFor is how long the record of a decision is kept, with the personal data in it.
	RecordFor time.Duration `doc:"how long the reasons of a sign-in are kept, with what was known of the person then"`
	Limits    Limits
}

// Limits bound how often things may be tried. Answers are charged before they are
// looked at and given back when they were right.
type Limits struct {
	// Wrong passwords from a browser that has signed this person in before.
	PasswordDevice Rate `doc:"passwords for one person from a browser they used before"`
	// Wrong passwords from any other browser.
	PasswordUserAddress Rate `doc:"passwords for one person from one address"`
	PasswordUser        Rate `doc:"passwords for one person from unknown browsers"`
	PasswordAddress     Rate `doc:"passwords from one address"`
	// Wrong codes of second factors.
	CodeAuthenticator Rate `doc:"codes for one authenticator"`
	CodeUser          Rate `doc:"codes for one person"`
	CodeRecovery      Rate `doc:"recovery codes for one person"`
	CodeAddress       Rate `doc:"codes from one address"`
	// Messages with codes. How many one person gets is a setting of their factor.
	SendTo      Rate `doc:"messages to one number, whoever asks"`
	SendGroup   Rate `doc:"messages to one carrier's numbers, against those who earn by them"`
	SendCountry Rate `doc:"messages to one country"`
	SendAddress Rate `doc:"messages asked for from one address"`
	SendAll     Rate `doc:"texts and calls altogether; the log says when they are used up"`
	// Reset mails.
	ResetUser    Rate `doc:"reset mails to one person"`
	ResetAddress Rate `doc:"reset mails asked for from one address"`
	// Accounts that strangers make.
	SignUpAddress Rate `koanf:"signup_address" doc:"accounts that strangers ask for from one address"`
	// Authenticators that one person may have beside the password. More help nobody, and
	// each is a row to read at every sign-in.
	Authenticators int `doc:"authenticators that one person may have beside the password"`
	// Consecutive wrong codes after which an authenticator is disabled, at most 100
	// (NIST SP 800-63B-4 §3.2.2). Passwords are not disabled: anyone could do that to
	// anyone; PasswordUser slows guessing instead.
	Consecutive int `doc:"wrong codes in a row that disable an authenticator, at most 100"`
}

// A Rate allows Burst at once and one more each Period.
type Rate = factors.Rate

// DefaultConfig returns safe settings.
func DefaultConfig() Config {
	const six = 6 * time.Minute
	return Config{
		LoginLifetime: time.Hour, LoginIdle: 5 * time.Minute, SetupIdle: 10 * time.Minute,
		SessionIdle: 72 * time.Hour, SessionAbsolute: 7 * 24 * time.Hour,
		ResetLifetime: time.Hour, FreshFor: 10 * time.Minute, RecordFor: 30 * 24 * time.Hour,
		Connection: "Username-Password-Authentication",
		Limits: Limits{
			PasswordDevice:      rate(10, time.Minute),
			PasswordUserAddress: rate(10, six), PasswordUser: rate(50, six), PasswordAddress: rate(100, 10*time.Second),
			CodeAuthenticator: rate(10, six), CodeUser: rate(10, six), CodeRecovery: rate(5, 12*time.Minute), CodeAddress: rate(100, 10*time.Second),
			SendTo: rate(10, time.Hour), SendGroup: rate(30, time.Minute), SendCountry: rate(200, 5*time.Second), SendAddress: rate(30, 2*time.Minute),
			SendAll:   rate(5000, 17280*time.Millisecond), // a day has as many
			ResetUser: rate(5, 20*time.Minute), ResetAddress: rate(20, time.Minute), SignUpAddress: rate(20, 3*time.Minute),
			Authenticators: 20, Consecutive: 100,
		},
	}
}

// Validate reports every setting that is out of range, by name and with the mend.
func (c Config) Validate() error {
	var faults []error
	between := func(name string, d, low, high time.Duration) {
		if d < low || d > high {
			faults = append(faults, fmt.Errorf("%s: %s is out of range: use %s to %s", name, d, low, high))
		}
	}
	const day = 24 * time.Hour
	between("login_lifetime", c.LoginLifetime, time.Minute, day)
	between("login_idle", c.LoginIdle, 30*time.Second, c.LoginLifetime)
	between("setup_idle", c.SetupIdle, 30*time.Second, c.LoginLifetime)
	between("session_absolute", c.SessionAbsolute, time.Minute, 400*day)
	between("session_idle", c.SessionIdle, time.Minute, c.SessionAbsolute)
	between("reset_lifetime", c.ResetLifetime, time.Minute, day)
	between("fresh_for", c.FreshFor, 10*time.Second, day)
	between("record_for", c.RecordFor, 0, 400*day)
	if n := len(c.Connection); n < 1 || n > 128 {
		faults = append(faults, fmt.Errorf("connection: a name of %d bytes is out of range: use 1 to 128", n))
	}
	for name, r := range c.Limits.rates() {
		if err := r.Check(); err != nil {
			faults = append(faults, fmt.Errorf("limits.%s.%w", name, err))
		}
	}
	if n := c.Limits.Consecutive; n < 1 || n > 100 {
		faults = append(faults, fmt.Errorf("limits.consecutive: %d is out of range: use 1 to 100", n))
	}
	if n := c.Limits.Authenticators; n < 1 || n > 1000 {
		faults = append(faults, fmt.Errorf("limits.authenticators: %d is out of range: use 1 to 1000", n))
	}
	return errors.Join(faults...)
}

func (l Limits) rates() map[string]Rate {
	return map[string]Rate{
		"password_device": l.PasswordDevice, "password_user_address": l.PasswordUserAddress,
		"password_user": l.PasswordUser, "password_address": l.PasswordAddress,
		"code_authenticator": l.CodeAuthenticator, "code_user": l.CodeUser, "code_recovery": l.CodeRecovery, "code_address": l.CodeAddress,
		"send_to": l.SendTo, "send_group": l.SendGroup, "send_country": l.SendCountry, "send_address": l.SendAddress, "send_all": l.SendAll,
		"reset_user": l.ResetUser, "reset_address": l.ResetAddress, "signup_address": l.SignUpAddress,
	}
}

func rate(burst int, period time.Duration) Rate { return Rate{Burst: burst, Period: period} }
