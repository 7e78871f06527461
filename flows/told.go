package flows

import "time"

// Limits are the engine's, for programs that ask.
func (e *Engine) Limits() Limits { return e.config.Limits }

// DevicesKnownFor is how long a device stays known without a sign-in.
func (e *Engine) DevicesKnownFor() time.Duration { return e.risk.RememberFor }

// SessionsEnd is when sessions do: that long after they were used, and after the last full
// sign-in.
func (e *Engine) SessionsEnd() (idle, absolute time.Duration) {
	return e.config.SessionIdle, e.config.SessionAbsolute
}

// LinksEnd is how long the links work that are mailed to reset a password, to verify an
// address, and to set up an authenticator.
func (e *Engine) LinksEnd() (reset, verify, invitation time.Duration) {
	return e.config.ResetLifetime, verifyLifetime, InvitationLifetime
}
