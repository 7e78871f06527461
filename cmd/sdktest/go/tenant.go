package main

import (
	"context"

	"github.com/auth0/go-auth0"
	"github.com/auth0/go-auth0/management"
)

func (p *program) tenant(ctx context.Context, m *management.Management) {
	p.topic = "Tenant"
	p.works("Tenant.Read", func() error { _, err := m.Tenant.Read(ctx); return err })
	p.works("Tenant.Update", func() error {
		return m.Tenant.Update(ctx, &management.Tenant{FriendlyName: auth0.String("Walk"), SupportEmail: auth0.String("help@walk.example")})
	})
	p.topic = "Stat"
	p.works("Stat.ActiveUsers", func() error { _, err := m.Stat.ActiveUsers(ctx); return err })
	p.works("Stat.Daily", func() error {
		return see(m.Stat.Daily(ctx))(func(days []*management.DailyStat) bool { return len(days) == 30 && days[29].GetLogins() > 0 })
	})
	p.topic = "Grant"
	u, _ := somebody(ctx, m, "go-grant") // where there is none, the call tells
	p.works("Grant.List", func() error {
		return see(m.Grant.List(ctx, management.Parameter("user_id", u.GetID())))(func(l *management.GrantList) bool { return len(l.Grants) == 0 })
	})
	p.untried("Grant.Delete", "it takes what somebody has allowed on a page")
	p.topic = "Branding"
	p.works("Branding.Read", func() error { _, err := m.Branding.Read(ctx); return err })
	p.works("Branding.Update", func() error {
		return m.Branding.Update(ctx, &management.Branding{Colors: &management.BrandingColors{Primary: auth0.String("#0059d6")}})
	})
}

func (p *program) prompts(ctx context.Context, m *management.Management) {
	p.topic = "Prompt"
	p.works("Prompt.Read", func() error { _, err := m.Prompt.Read(ctx); return err })
	p.works("Prompt.Update", func() error {
		return m.Prompt.Update(ctx, &management.Prompt{UniversalLoginExperience: "new", IdentifierFirst: auth0.Bool(false)})
	})
	p.works("Prompt.SetCustomText", func() error {
		return m.Prompt.SetCustomText(ctx, "mfa-otp", "en", map[string]any{"mfa-otp-challenge": map[string]any{"title": "Your code"}})
	})
	p.works("Prompt.CustomText", func() error {
		return see(m.Prompt.CustomText(ctx, "mfa-otp", "en"))(func(t map[string]any) bool { return len(t) == 1 })
	})
	p.works("Guardian.MultiFactor.Push.UpdateCustomApp", func() error {
		return m.Guardian.MultiFactor.Push.UpdateCustomApp(ctx, &management.MultiFactorPushCustomApp{AppName: auth0.String("Walk")})
	})
	p.works("Guardian.MultiFactor.Push.CustomApp", func() error {
		return see(m.Guardian.MultiFactor.Push.CustomApp(ctx))(func(a *management.MultiFactorPushCustomApp) bool { return a.GetAppName() == "Walk" })
	})
}

// partials are steps because the SDK looks at the prompt's name before it asks.
func (p *program) partials(ctx context.Context, m *management.Management) {
	p.topic = "Prompt"
	whole := &management.PromptPartials{Prompt: management.PromptLogin, FormContentStart: "<p>walk</p>"}                      //nolint:staticcheck // what an SDK deprecates, programs still call
	p.works("Prompt.CreatePartials", func() error { return m.Prompt.CreatePartials(ctx, whole) })                             //nolint:staticcheck // what an SDK deprecates, programs still call
	p.works("Prompt.UpdatePartials", func() error { return m.Prompt.UpdatePartials(ctx, whole) })                             //nolint:staticcheck // what an SDK deprecates, programs still call
	p.works("Prompt.ReadPartials", func() error { _, err := m.Prompt.ReadPartials(ctx, management.PromptLogin); return err }) //nolint:staticcheck // what an SDK deprecates, programs still call
	p.works("Prompt.DeletePartials", func() error { return m.Prompt.DeletePartials(ctx, management.PromptLogin) })
	p.works("Prompt.GetPartials", func() error { _, err := m.Prompt.GetPartials(ctx, management.PromptLogin); return err })
	p.works("Prompt.SetPartials", func() error {
		return m.Prompt.SetPartials(ctx, management.PromptLogin, &management.PromptScreenPartials{})
	})
	p.works("Prompt.BulkUpdateRendering", func() error {
		return m.Prompt.BulkUpdateRendering(ctx, &management.PromptRenderingBulkUpdate{PromptRenderings: []*management.PromptRendering{{}}})
	})
}

func (p *program) attackProtection(ctx context.Context, m *management.Management) {
	p.topic = "AttackProtection"
	a := m.AttackProtection
	var brute *management.BruteForceProtection
	p.works("AttackProtection.GetBruteForceProtection", func() (err error) { brute, err = a.GetBruteForceProtection(ctx); return err })
	p.works("AttackProtection.UpdateBruteForceProtection", func() error { return a.UpdateBruteForceProtection(ctx, brute) })
	var throttling *management.SuspiciousIPThrottling
	p.works("AttackProtection.GetSuspiciousIPThrottling", func() (err error) { throttling, err = a.GetSuspiciousIPThrottling(ctx); return err })
	p.works("AttackProtection.UpdateSuspiciousIPThrottling", func() error { return a.UpdateSuspiciousIPThrottling(ctx, throttling) })
	var breached *management.BreachedPasswordDetection
	p.works("AttackProtection.GetBreachedPasswordDetection", func() (err error) { breached, err = a.GetBreachedPasswordDetection(ctx); return err })
	p.works("AttackProtection.UpdateBreachedPasswordDetection", func() error { return a.UpdateBreachedPasswordDetection(ctx, breached) })
	p.topic = "RiskAssessment"
	p.works("RiskAssessment.ReadSettings", func() error { _, err := m.RiskAssessment.ReadSettings(ctx); return err })
	p.works("RiskAssessment.UpdateSettings", func() error {
		return m.RiskAssessment.UpdateSettings(ctx, &management.RiskAssessmentSettings{Enabled: auth0.Bool(true)})
	})
	p.works("RiskAssessment.ReadNewDeviceSettings", func() error { _, err := m.RiskAssessment.ReadNewDeviceSettings(ctx); return err })
	p.works("RiskAssessment.UpdateNewDeviceSettings", func() error {
		return m.RiskAssessment.UpdateNewDeviceSettings(ctx, &management.RiskAssessmentSettingsNewDevice{RememberFor: auth0.Int(30)})
	})
}

func (p *program) keys(ctx context.Context, m *management.Management) {
	p.topic = "SigningKey"
	var one *management.SigningKey
	p.works("SigningKey.List", func() error {
		return see(m.SigningKey.List(ctx))(func(l []*management.SigningKey) bool {
			if len(l) > 0 {
				one = l[0]
			}
			return one.GetKID() != ""
		})
	})
	p.works("SigningKey.Read", func() error {
		return see(m.SigningKey.Read(ctx, one.GetKID()))(func(k *management.SigningKey) bool { return k.GetKID() == one.GetKID() })
	})
	p.works("SigningKey.Rotate", func() error { _, err := m.SigningKey.Rotate(ctx); return err })
	p.untried("SigningKey.Revoke", "it takes a key that signs no more, so an hour")
}

func (p *program) jobs(ctx context.Context, m *management.Management) {
	p.topic = "Job"
	connections, _ := m.Connection.List(ctx) // where there is none, the calls tell
	var id *string
	if connections != nil && len(connections.Connections) > 0 {
		id = connections.Connections[0].ID
	}
	in := &management.Job{ConnectionID: id, Users: []map[string]any{{"email": "go-import@walk.example", "email_verified": true}}}
	p.works("Job.ImportUsers", func() error { return m.Job.ImportUsers(ctx, in) })
	p.works("Job.Read", func() error {
		return see(m.Job.Read(ctx, in.GetID()))(func(j *management.Job) bool { return j.GetType() == "users_import" })
	})
	p.works("Job.ReadErrors", func() error { _, err := m.Job.ReadErrors(ctx, in.GetID()); return err })
	p.works("Job.ExportUsers", func() error {
		return m.Job.ExportUsers(ctx, &management.Job{ConnectionID: id, Format: auth0.String("json")})
	})
	p.works("Job.VerifyEmail", func() error {
		u, err := somebody(ctx, m, "go-verify")
		if err != nil {
			return err
		}
		return m.Job.VerifyEmail(ctx, &management.Job{UserID: u.ID})
	})
}

func (p *program) email(ctx context.Context, m *management.Management) {
	p.topic = "EmailProvider"
	credentials := &management.EmailProviderCredentialsSMTP{SMTPHost: auth0.String("mail.walk.example"), SMTPPort: auth0.Int(587), SMTPUser: auth0.String("walk"), SMTPPass: auth0.String("walk")}
	p.works("EmailProvider.Create", func() error {
		return m.EmailProvider.Create(ctx, &management.EmailProvider{
			Name: auth0.String(management.EmailProviderSMTP), Enabled: auth0.Bool(false), DefaultFromAddress: auth0.String("no-reply@walk.example"), Credentials: credentials,
		})
	})
	p.works("EmailProvider.Read", func() error {
		return see(m.EmailProvider.Read(ctx))(func(e *management.EmailProvider) bool {
			read, ok := e.Credentials.(*management.EmailProviderCredentialsSMTP)
			return ok && read.GetSMTPHost() == "mail.walk.example" && read.GetSMTPPass() == ""
		})
	})
	p.works("EmailProvider.Update", func() error {
		return m.EmailProvider.Update(ctx, &management.EmailProvider{DefaultFromAddress: auth0.String("Walk <no-reply@walk.example>")})
	})
	p.works("EmailProvider.Delete", func() error { return m.EmailProvider.Delete(ctx) })
	p.topic = "EmailTemplate"
	t := &management.EmailTemplate{
		Template: auth0.String("mfa_oob_code"), Body: auth0.String("{{ code }}"), From: auth0.String("no-reply@sdktest.example"), Subject: auth0.String("Your code"),
		Syntax: auth0.String("liquid"), Enabled: auth0.Bool(true),
	}
	p.works("EmailTemplate.Create", func() error { return m.EmailTemplate.Create(ctx, t) })
	p.works("EmailTemplate.Read", func() error {
		return see(m.EmailTemplate.Read(ctx, "mfa_oob_code"))(func(e *management.EmailTemplate) bool {
			return e.GetBody() == "{{ code }}" && e.GetSubject() == "Your code" && e.GetEnabled()
		})
	})
	p.works("EmailTemplate.Update", func() error {
		return m.EmailTemplate.Update(ctx, "mfa_oob_code", &management.EmailTemplate{Subject: auth0.String("A code")})
	})
	p.works("EmailTemplate.Replace", func() error { return m.EmailTemplate.Replace(ctx, "mfa_oob_code", t) })
}
