package main

import (
	"context"
	"net/http"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

func (p *program) guardian(ctx context.Context, m *management.Management) {
	p.topic = "Guardian"
	mfa := m.Guardian.MultiFactor
	p.works("Guardian.MultiFactor.List", func() error {
		return see(mfa.List(ctx))(func(l []*management.MultiFactor) bool { return len(l) == 8 })
	})
	for _, set := range []*management.MultiFactorPolicies{{"all-applications"}, {}} {
		p.works(map[int]string{1: "Guardian.MultiFactor.UpdatePolicy", 0: "Guardian.MultiFactor.UpdatePolicy to none"}[len(*set)], func() error {
			if err := mfa.UpdatePolicy(ctx, set); err != nil {
				return err
			}
			return see(mfa.Policy(ctx))(func(got *management.MultiFactorPolicies) bool { return len(*got) == len(*set) })
		})
	}
	p.works("Guardian.MultiFactor.Policy", func() error { _, err := mfa.Policy(ctx); return err })
	p.works("Guardian.MultiFactor.OTP.Enable", func() error { return mfa.OTP.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.Email.Enable", func() error { return mfa.Email.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.SMS.Enable", func() error { return mfa.SMS.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.Phone.Enable", func() error { return mfa.Phone.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.RecoveryCode.Enable", func() error { return mfa.RecoveryCode.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.WebAuthnRoaming.Enable", func() error { return mfa.WebAuthnRoaming.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.WebAuthnPlatform.Enable", func() error { return mfa.WebAuthnPlatform.Enable(ctx, true) })
	p.works("Guardian.MultiFactor.DUO.Enable", func() error { return mfa.DUO.Enable(ctx, false) })
	p.works("Guardian.MultiFactor.Push.Enable", func() error { return mfa.Push.Enable(ctx, false) })
	u, _ := somebody(ctx, m, "go-enrollment") // where there is none, the call tells
	p.works("Guardian.Enrollment.CreateTicket", func() error {
		return see(m.Guardian.Enrollment.CreateTicket(ctx, &management.CreateEnrollmentTicket{UserID: u.GetID()}))(func(t management.EnrollmentTicket) bool { return t.TicketID != "" && t.TicketURL != "" })
	})
	phone := &management.AuthenticationMethod{Type: auth0.String("phone"), PhoneNumber: auth0.String("+15005550013"), PreferredAuthenticationMethod: auth0.String("sms")}
	_ = m.User.CreateAuthenticationMethod(ctx, u.GetID(), phone) // as above
	var enrolled string
	if list, err := m.User.Enrollments(ctx, u.GetID()); err == nil && len(list) > 0 {
		enrolled = list[0].GetID()
	}
	p.works("Guardian.Enrollment.Get", func() error {
		return see(m.Guardian.Enrollment.Get(ctx, enrolled))(func(e *management.Enrollment) bool { return e.GetStatus() == "confirmed" })
	})
	p.works("Guardian.Enrollment.Delete", func() error { return m.Guardian.Enrollment.Delete(ctx, enrolled) })
}

func (p *program) guardianProviders(ctx context.Context, m *management.Management) {
	mfa := m.Guardian.MultiFactor
	p.works("Guardian.MultiFactor.Phone.UpdateMessageTypes", func() error {
		return mfa.Phone.UpdateMessageTypes(ctx, &management.PhoneMessageTypes{MessageTypes: &[]string{"sms"}})
	})
	p.works("Guardian.MultiFactor.Phone.MessageTypes", func() error {
		return see(mfa.Phone.MessageTypes(ctx))(func(t *management.PhoneMessageTypes) bool { return len(t.GetMessageTypes()) == 1 })
	})
	p.works("Guardian.MultiFactor.SMS.UpdateTwilio", func() error {
		return mfa.SMS.UpdateTwilio(ctx, &management.MultiFactorProviderTwilio{From: auth0.String("+15005550006"), AuthToken: auth0.String("theTokenOfNobody"), SID: auth0.String("AC00000000000000000000000000000000")})
	})
	p.works("Guardian.MultiFactor.SMS.Twilio", func() error {
		return see(mfa.SMS.Twilio(ctx))(func(t *management.MultiFactorProviderTwilio) bool { return t.GetFrom() == "+15005550006" })
	})
	p.works("Guardian.MultiFactor.Phone.UpdateProvider", func() error {
		return mfa.Phone.UpdateProvider(ctx, &management.MultiFactorProvider{Provider: auth0.String("twilio")})
	})
	p.works("Guardian.MultiFactor.Phone.Provider", func() error {
		return see(mfa.Phone.Provider(ctx))(func(p *management.MultiFactorProvider) bool { return p.GetProvider() == "twilio" })
	})
	p.works("Guardian.MultiFactor.SMS.UpdateTemplate", func() error {
		return mfa.SMS.UpdateTemplate(ctx, &management.MultiFactorSMSTemplate{EnrollmentMessage: auth0.String("{{code}} to set up"), VerificationMessage: auth0.String("{{code}} to sign in")})
	})
	p.works("Guardian.MultiFactor.SMS.Template", func() error {
		return see(mfa.SMS.Template(ctx))(func(t *management.MultiFactorSMSTemplate) bool {
			return t.GetVerificationMessage() == "{{code}} to sign in"
		})
	})
	p.works("Guardian.MultiFactor.Push.UpdateAmazonSNS", func() error {
		return mfa.Push.UpdateAmazonSNS(ctx, &management.MultiFactorProviderAmazonSNS{
			AccessKeyID: auth0.String("AKIA0000000000000000"), SecretAccessKeyID: auth0.String("nobody"), Region: auth0.String("eu-central-1"),
			APNSPlatformApplicationARN: auth0.String("arn:aws:sns:eu-central-1:000000000000:app/APNS/x"), GCMPlatformApplicationARN: auth0.String("arn:aws:sns:eu-central-1:000000000000:app/GCM/x"),
		})
	})
	p.works("Guardian.MultiFactor.Push.AmazonSNS", func() error {
		return see(mfa.Push.AmazonSNS(ctx))(func(s *management.MultiFactorProviderAmazonSNS) bool {
			return s.GetRegion() == "eu-central-1" && s.GetSecretAccessKeyID() == ""
		})
	})
	p.untried("Guardian.MultiFactor.Push.UpdateDirectAPNS", "it takes a certificate of Apple's")
	p.works("Guardian.MultiFactor.Push.DirectAPNS", func() error { _, err := mfa.Push.DirectAPNS(ctx); return err })
	p.untried("Guardian.MultiFactor.Push.UpdateDirectFCMv1", "it takes an account of Google's")
	p.missing("Guardian.MultiFactor.Push.UpdateDirectFCM", http.StatusForbidden, "Google takes no server keys any more: use FCM v1", func() error {
		return mfa.Push.UpdateDirectFCM(ctx, &management.MultiFactorPushDirectFCM{ServerKey: auth0.String("x")})
	})
	p.works("Guardian.MultiFactor.Push.UpdateProvider", func() error {
		return mfa.Push.UpdateProvider(ctx, &management.MultiFactorProvider{Provider: auth0.String("sns")})
	})
	p.works("Guardian.MultiFactor.Push.Provider", func() error {
		return see(mfa.Push.Provider(ctx))(func(p *management.MultiFactorProvider) bool { return p.GetProvider() == "sns" })
	})
	p.works("Guardian.MultiFactor.DUO.Update", func() error {
		return mfa.DUO.Update(ctx, &management.MultiFactorDUOSettings{Hostname: auth0.String("api-00000000.duosecurity.com"), IntegrationKey: auth0.String("DI000000000000000000"), SecretKey: auth0.String("the-secret-of-nobody-at-all-000000000000")})
	})
	p.works("Guardian.MultiFactor.DUO.Read", func() error {
		return see(mfa.DUO.Read(ctx))(func(d *management.MultiFactorDUOSettings) bool {
			return d.GetHostname() == "api-00000000.duosecurity.com"
		})
	})
	settings := &management.MultiFactorWebAuthnSettings{OverrideRelyingParty: auth0.Bool(false)}
	p.works("Guardian.MultiFactor.WebAuthnPlatform.Update", func() error { return mfa.WebAuthnPlatform.Update(ctx, settings) })
	p.works("Guardian.MultiFactor.WebAuthnPlatform.Read", func() error { _, err := mfa.WebAuthnPlatform.Read(ctx); return err })
	roaming := &management.MultiFactorWebAuthnSettings{OverrideRelyingParty: auth0.Bool(false), UserVerification: auth0.String("preferred")}
	p.works("Guardian.MultiFactor.WebAuthnRoaming.Update", func() error { return mfa.WebAuthnRoaming.Update(ctx, roaming) })
	p.works("Guardian.MultiFactor.WebAuthnRoaming.Read", func() error {
		return see(mfa.WebAuthnRoaming.Read(ctx))(func(s *management.MultiFactorWebAuthnSettings) bool { return s.GetUserVerification() == "preferred" })
	})
}
