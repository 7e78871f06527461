package factors

import (
	"strings"
	"testing"
	"time"
)

// Row 34: how long a code may be and live, and that one is as long as it was set. Auth0
// lets a code live for an hour; NIST SP 800-63B-4 §3.1.3.1 for ten minutes.
func TestRow34_CodeSettings(t *testing.T) {
	for _, c := range []struct {
		digits   int
		lifetime time.Duration
		fault    string
	}{
		{6, 5 * time.Minute, ""},
		{10, 30 * time.Second, ""},
		{8, 10 * time.Minute, ""},
		{5, 5 * time.Minute, "digits: 5"},
		{11, 5 * time.Minute, "digits: 11"},
		{6, 29 * time.Second, "lifetime: 29s"},
		{6, 10*time.Minute + time.Second, "lifetime: 10m1s"},
	} {
		f := SentCode{Factor: SMS, Digits: c.digits, Lifetime: c.lifetime}
		err := f.Check()
		if err == nil != (c.fault == "") || err != nil && (!strings.HasPrefix(err.Error(), c.fault) || !strings.Contains(err.Error(), "use ")) {
			t.Errorf("%d digits for %s: %v", c.digits, c.lifetime, err)
		}
		if c.fault != "" {
			continue
		}
		now := time.Now()
		asked := f.Ask(Subject{Now: now}, &Authenticator{ID: "a", Factor: SMS}, "+4915123456789", "•••• 6789")
		if len(asked.Message.Code) != c.digits || asked.Prompt.Digits != c.digits || asked.ExpiresAt != now.Add(c.lifetime) {
			t.Errorf("%d digits for %s: %+v", c.digits, c.lifetime, asked)
		}
	}
}
