package main

import (
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/factors/recovery"
)

// factorList is the list of the house's factors: a factor is one folder below
// factors/ and one line here. Each line makes the factor's settings with their
// defaults.
var factorList = map[string]func() factors.Config{
	factors.Password:     func() factors.Config { return password.Defaults() },
	factors.OTP:          func() factors.Config { return otp.Defaults() },
	factors.RecoveryCode: func() factors.Config { return recovery.Defaults() },
}
