package main

import (
	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

// A demoClient is a registration with what the demo says about it.
type demoClient struct {
	name, title string // title empty: not for the demo application
	explanation string // begins with its policy
	policy      policy.Document
	operation   demo.Operation
	client      *storage.Client
}

// demoClients are the kinds of applications that there are. Two of them show what one
// application may have of its own: office its factors, their order and a grace, treasury
// other factors and an API that wants a passkey.
func demoClients(app string) []demoClient {
	const secret = "client_secret_basic"
	shop, machine := signingIn("confidential", "Demo shop", secret, app), nightJob()
	noPKCE := false
	shop.Settings.RequirePKCE = &noPKCE
	partner := signingIn("partner", "Partner app", "client_secret_post", app)
	partner.Settings.FirstParty = false
	sensitive := demo.Operation{Title: "Do something sensitive", Address: app + transferPath,
		Explanation: "Calls an API that wants a second factor and a proof no older than five minutes. You are asked only for what is missing."}
	return []demoClient{
		{"confidential", "Sign in", "Policy never: a password is enough, until the API asks for more.",
			policy.Document{Policy: policy.Never}, sensitive, shop},
		{"mfa", "Sign in with a second factor", "Policy always: a second factor of any kind, at every sign-in.",
			policy.Document{Policy: policy.Always}, sensitive, signingIn("mfa", "Demo bank", secret, app)},
		{"office", "Sign in to the office", "Policy always, with a code from an app or else by text. Who has neither may put that off twice.",
			policy.Document{Policy: policy.Always, Factors: []string{factors.OTP, factors.SMS}, Grace: &policy.Grace{SignIns: 2}},
			sensitive, signingIn("office", "Demo office", secret, app)},
		{"treasury", "Sign in to the treasury", "Policy never, until money moves: then the only factors are passkeys and security keys.",
			policy.Document{Policy: policy.Never, Factors: []string{factors.Platform, factors.Roaming}},
			demo.Operation{Title: "Transfer", Address: app + treasuryPath,
				Explanation: "Calls an API that wants a passkey or a security key (acr phr), shown no more than five minutes ago."},
			signingIn("treasury", "Demo treasury", secret, app)},
		{"duo", "Sign in with Duo", "Policy always, and its only factor is Duo, which excludes all others.",
			policy.Document{Policy: policy.Always, Factors: []string{factors.Duo}}, sensitive, signingIn("duo", "Demo vault", secret, app)},
		{"public", "Sign in without a secret", "No policy of its own, so the tenant’s. A public client, as on phones: PKCE instead of a secret.",
			policy.Document{}, sensitive, signingIn("public", "Demo phone app", "none", app)},
		{"partner", "Sign in with consent", "No policy of its own, so the tenant’s. Somebody else’s application: you are asked what it may have.",
			policy.Document{}, sensitive, partner},
		{"machine", "", "No policy: a program that signs nobody in and calls the API with client_credentials.", policy.Document{}, demo.Operation{}, machine},
	}
}

// demoAudiences are what every application of the demo may call.
func demoAudiences() map[string][]string {
	return map[string][]string{demoAudience: {"read", "transfer"}, ledgerAudience: {"read"}}
}

// signingIn is an application of the house that signs people in.
func signingIn(id, name, method, app string) *storage.Client {
	c := &storage.Client{ID: "demo-" + id, Name: name}
	c.Metadata = storage.ClientMetadata{
		ApplicationType: "native", TokenEndpointAuthMethod: method,
		GrantTypes: []string{"authorization_code", "refresh_token"},
		// The second one is for scripts: RFC 8252 §7.3 lets them use any port.
		RedirectURIs:           []string{app + "/callback/" + id, "http://127.0.0.1/callback"},
		PostLogoutRedirectURIs: []string{app + "/signed-out"},
	}
	c.Settings = storage.ClientSettings{FirstParty: true, Audiences: demoAudiences()}
	return c
}

func nightJob() *storage.Client {
	c := &storage.Client{ID: "demo-machine", Name: "Demo night job"}
	c.Metadata = storage.ClientMetadata{GrantTypes: []string{"client_credentials"}, TokenEndpointAuthMethod: "client_secret_basic"}
	c.Settings.Audiences = demoAudiences()
	return c
}
