package sms

import (
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/factorstest"
)

func TestContract(t *testing.T) {
	factorstest.Run(t, factorstest.Subject{
		Config: Defaults(), Set: factors.Answer{"phone_number": "+49 151 23456789"},
		Right: func(t *testing.T, _ *factors.Authenticator, _, asked *factors.Challenge, _ time.Time) factors.Answer {
			t.Helper()
			if asked.Message == nil || asked.Message.To != "+4915123456789" {
				t.Fatalf("message %+v", asked.Message)
			}
			return factors.Answer{"code": asked.Message.Code}
		},
	})
}
