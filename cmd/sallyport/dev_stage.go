package main

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
)

// readiness is the content of the ready file: all that a script needs to drive the
// demo.
type readiness struct {
	Issuer    string        `json:"issuer"`
	Clients   []readyClient `json:"clients"`
	Users     []demo.User   `json:"users"`
	APIs      []readyAPI    `json:"apis"`
	Inbox     string        `json:"inbox"` // JSON for Accept: application/json
	Dashboard string        `json:"dashboard"`
	App       string        `json:"app"`
	// Chromium are the switches with which that browser takes the demo for its push
	// service.
	Chromium map[string]string `json:"chromium"`
}

type readyClient struct {
	Name                    string   `json:"name"`
	ClientID                string   `json:"client_id"`
	ClientSecret            string   `json:"client_secret"`
	RedirectURIs            []string `json:"redirect_uris"`
	TokenEndpointAuthMethod string   `json:"token_endpoint_auth_method"`
}

type readyAPI struct {
	Audience    string   `json:"audience"`
	Scopes      []string `json:"scopes"`
	TokenFormat string   `json:"token_format"`
}

func (st *stage) ready(d *demoData, switches map[string]string) readiness {
	r := readiness{
		Issuer: st.issuer, Users: d.Users, Inbox: origin(st.desk) + "/inbox", Dashboard: origin(st.desk) + "/", App: origin(st.app) + "/",
		Chromium: switches,
	}
	for _, one := range demoClients(origin(st.app)) {
		m := one.client.Metadata
		r.Clients = append(r.Clients, readyClient{
			Name: one.name, ClientID: one.client.ID, ClientSecret: d.Secrets[one.client.ID],
			RedirectURIs: append([]string{}, m.RedirectURIs...), TokenEndpointAuthMethod: m.TokenEndpointAuthMethod,
		})
	}
	for _, api := range demoAPIs() {
		r.APIs = append(r.APIs, readyAPI{Audience: api.Audience, Scopes: scopeNames(api), TokenFormat: api.TokenFormat})
	}
	return r
}

// application is the demo's relying party with the API it calls beside it.
func (st *stage) application(h *house, d *demoData, api http.Handler, log *slog.Logger) http.Handler {
	app := demo.NewApp(demo.AppOptions{
		Issuer: st.issuer, Address: origin(st.app), Audience: demoAudience,
		Desk: origin(st.desk) + "/", Clients: st.clients(d), Logger: log, Now: h.now,
	})
	mux := http.NewServeMux()
	mux.Handle("/api/", api)
	mux.Handle("/", app.Handler())
	return mux
}

// clients are those that the demo application signs in with.
func (st *stage) clients(d *demoData) []demo.Client {
	var list []demo.Client
	for _, one := range demoClients(origin(st.app)) {
		if one.title != "" {
			list = append(list, demo.Client{
				Name: one.name, Called: one.client.Name, Title: one.title, Explanation: one.explanation, Operation: one.operation,
				ClientID: one.client.ID, ClientSecret: d.Secrets[one.client.ID],
			})
		}
	}
	return list
}

func (st *stage) links() []demo.Link {
	return []demo.Link{
		{Title: "Demo application", Address: origin(st.app) + "/", Explanation: "signs in, shows the claims, does something sensitive"},
		{Title: "Account", Address: st.issuer + "account", Explanation: "where people look after their ways to sign in, sessions and applications"},
		{Title: "Inbox", Address: origin(st.desk) + "/inbox", Explanation: "every message that would have been sent"},
		{Title: "Authenticator", Address: st.issuer + "authenticator", Explanation: "a phone in your browser; open it in another window"},
		{Title: "All pages", Address: st.issuer + "preview", Explanation: "every page of the provider in every state"},
		{Title: "Discovery", Address: st.issuer + ".well-known/openid-configuration", Explanation: "what OpenID Connect libraries read"},
		{Title: "Forgotten password", Address: st.issuer + "reset", Explanation: "the mail arrives in the inbox"},
		{Title: "Issuer", Address: st.issuer, Explanation: "the provider itself; applications are configured with this address"},
	}
}

func (st *stage) startPage(d *demoData) demo.Desk {
	desk := demo.Desk{App: origin(st.app) + "/", Fresh: d.Users[fresh], Links: st.links(), Users: d.Users}
	for _, one := range demoClients(origin(st.app)) {
		desk.Clients = append(desk.Clients, demo.Client{Called: one.client.Name, ClientID: one.client.ID, Explanation: one.explanation})
	}
	desk.Commands = d.commands()
	return desk
}

// announce prints where everything is.
func (st *stage) announce(say func(string, ...any), d *demoData) {
	say("Sallyport is running, on this machine only. Begin here:\n\n    %s/\n", origin(st.desk))
	for _, l := range st.links() {
		say("%-20s %s", l.Title, l.Address)
	}
	say("")
	for _, u := range d.Users {
		code := "no one-time password yet"
		if u.TOTPSecret != nil {
			code = "one-time password key " + *u.TOTPSecret
		}
		say("%-8s %-30s %s", u.Username, u.Password, code)
	}
	say("\nWhy a sign-in went as it did:\n\n    %s", d.verb("explain --user "+d.Users[fresh].Username))
	say("\nEverything is kept in %s. Stop with Ctrl-C.", d.dir)
}

// maxSensitiveAge is the oldest proof that the demo's sensitive operation takes.
const maxSensitiveAge = 5 * time.Minute
