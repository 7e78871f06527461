package main

import (
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/duo"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/factors/push"
	"github.com/sallyport-id/sallyport/factors/recovery"
	"github.com/sallyport-id/sallyport/factors/sms"
	"github.com/sallyport-id/sallyport/factors/voice"
	"github.com/sallyport-id/sallyport/factors/webauthn"
)

// factorList is the list of the house's factors: a factor is one folder below
// factors/ and one line here. Each line makes the factor's settings with their
// defaults.
var factorList = map[string]func() factors.Config{
	factors.Password:     func() factors.Config { return password.Defaults() },
	factors.Push:         func() factors.Config { return push.Defaults() },
	factors.OTP:          func() factors.Config { return otp.Defaults() },
	factors.Roaming:      func() factors.Config { return webauthn.Roaming() },
	factors.Platform:     func() factors.Config { return webauthn.Platform() },
	factors.SMS:          func() factors.Config { return sms.Defaults() },
	factors.Voice:        func() factors.Config { return voice.Defaults() },
	factors.Email:        func() factors.Config { return email.Defaults() },
	factors.Duo:          func() factors.Config { return duo.Defaults() },
	factors.RecoveryCode: func() factors.Config { return recovery.Defaults() },
}
