package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/auth0/go-auth0/management"
)

func (p *program) management(ctx context.Context) error {
	p.watch = &watch{under: http.DefaultTransport}
	by := &http.Client{Timeout: 30 * time.Second, Transport: p.watch}
	admin := p.Clients["admin"]
	m, err := management.New(p.Domain, management.WithClientCredentials(context.Background(), admin.ID, admin.Secret), management.WithClient(by))
	if err != nil {
		return err
	}
	p.topic = "Access"
	p.works("management.WithClientCredentials", func() error {
		_, err := m.User.List(ctx)
		return err
	})
	for _, walk := range []func(context.Context, *management.Management){
		p.users, p.userFactors, p.sessions, p.clients, p.connections, p.roles, p.organizations, p.rules, p.actions,
		p.guardian, p.guardianProviders, p.tickets, p.logs, p.tenant, p.prompts, p.partials, p.attackProtection, p.keys, p.jobs, p.email,
	} {
		walk(ctx, m)
	}
	p.rest(ctx, reflect.ValueOf(m).Elem(), "")
	return nil
}

// A watch notices whether the last request went to an address that the product does not
// have: all others answer with Auth0's error, which has a statusCode.
type watch struct {
	under  http.RoundTripper
	asked  bool
	absent bool
}

// RoundTrip implements http.RoundTripper.
func (w *watch) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.under.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	w.asked = true
	w.absent = false
	if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
		return res, nil
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	w.absent = !bytes.Contains(body, []byte(`"statusCode"`))
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// swallowed are calls to what is absent, and looks to the product like an organization
// that has a name: it finds fault with the rest of the address.
var swallowed = map[string]bool{"Organization.DiscoveryDomains": true}

// see looks at what a call gave.
func see[T any](found T, err error) func(ok func(T) bool) error {
	return func(ok func(T) bool) error {
		if err != nil {
			return err
		}
		return want(ok(found), "what was asked for", found)
	}
}

// whys are the reasons why nouns are missing, where there is more to say than that.
var whys = map[string]string{
	"Anomaly": "addresses are slowed down, never blocked", "Blacklist": "access tokens are short-lived; revoke refresh tokens",
	"CustomDomain": "the issuer is the one address", "EncryptionKey": "keys that seal are the operator's: `sallyport keys`",
	"Hook": "Auth0 has ended hooks; use actions", "Form": "there are no forms", "Flow": "there are no flows", "Flow.Vault": "there are no flows",
	"EventStream": "use a log stream", "TokenExchangeProfile": "there is no token exchange", "NetworkACL": "use a rule, or your proxy",
	"SelfServiceProfile": "there are no enterprise connections", "UserAttributeProfile": "there are no enterprise connections",
	"BrandingTheme": "pages are changed by `theme.dir`", "DeviceCredentials": "devices are a person's authentication methods",
}

func (p *program) why(call string) string {
	noun := call[:max(strings.LastIndex(call, "."), 0)]
	if why := whys[noun]; why != "" {
		return why
	}
	return "there is no such endpoint"
}

// rest calls the methods that have no step, by reflection, with arguments that mean
// nothing. Each has to be missing; one that is there needs a step.
func (p *program) rest(ctx context.Context, of reflect.Value, prefix string) {
	for i := range of.NumField() {
		field := of.Type().Field(i)
		manager := of.Field(i)
		if !field.IsExported() || manager.Kind() != reflect.Pointer || manager.IsNil() || manager.Elem().Kind() != reflect.Struct {
			continue
		}
		name := prefix + field.Name
		p.topic = strings.SplitN(name, ".", 2)[0]
		for j := range manager.NumMethod() {
			if call := name + "." + manager.Type().Method(j).Name; !p.called[call] {
				p.works(call, func() error { return blind(ctx, manager.Method(j)) })
			}
		}
		p.rest(ctx, manager.Elem(), name+".")
	}
}

func blind(ctx context.Context, method reflect.Value) error {
	var in []reflect.Value
	for i := range method.Type().NumIn() {
		switch t := method.Type().In(i); {
		case i == 0:
			in = append(in, reflect.ValueOf(ctx))
		case method.Type().IsVariadic() && i == method.Type().NumIn()-1:
		case t.Kind() == reflect.String:
			in = append(in, reflect.ValueOf("nothing").Convert(t))
		case t.Kind() == reflect.Pointer:
			in = append(in, reflect.New(t.Elem()))
			fill(in[len(in)-1].Elem(), 2)
		default:
			in = append(in, reflect.Zero(t))
		}
	}
	out := method.Call(in)
	if err, ok := out[len(out)-1].Interface().(error); ok {
		return errors.New("there is something, and this program has no step for it: " + err.Error())
	}
	return errors.New("there is something, and this program has no step for it")
}

// fill makes the members of a struct that are pointers, down to depth, because some
// methods look into what they are given.
func fill(v reflect.Value, depth int) {
	if v.Kind() != reflect.Struct || depth == 0 {
		return
	}
	for i := range v.NumField() {
		if f := v.Field(i); f.CanSet() && f.Kind() == reflect.Pointer {
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem(), depth-1)
		}
	}
}
