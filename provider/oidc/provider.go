package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// Options are what a Provider is made of. Issuer, DB, Flows and Themes are required.
type Options struct {
	Issuer string // exactly as applications are configured with it
	DB     *storage.DB
	Flows  *flows.Engine
	Themes *themes.Renderer
	// ACRValues are published as acr_values_supported, weakest first.
	ACRValues []string
	Config    Config // the zero value: DefaultConfig
	Now       func() time.Time
	Logger    *slog.Logger
	// Address is where a request came from; nil: nobody is limited by address.
	Address func(*http.Request) netip.Addr
}

// Provider is the OpenID provider's protocol side. It is safe for concurrent use.
type Provider struct {
	issuer      string
	base        string // of the endpoints: the issuer without its last slash
	prefix      string // of the paths
	realm       string
	db          *storage.DB
	flows       *flows.Engine
	themes      *themes.Renderer
	config      Config
	clock       func() time.Time
	log         *slog.Logger
	address     func(*http.Request) netip.Addr
	keys        *keyRing
	keySets     *keySets
	fosite      *fosite.Fosite
	house       map[string]*houseAPI // by audience
	document    []byte
	documentTag string
}

// New makes a Provider and the signing keys that are missing.
func New(ctx context.Context, o Options) (*Provider, error) {
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" || issuer.RawQuery != "" || issuer.Fragment != "" {
		return nil, errors.New("oidc: Options.Issuer has to be an absolute URL without query and fragment")
	}
	if o.DB == nil || o.Flows == nil || o.Themes == nil {
		return nil, errors.New("oidc: Options.DB, Flows and Themes are required")
	}
	if o.Config == (Config{}) {
		o.Config = DefaultConfig()
	}
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Address == nil {
		o.Address = func(*http.Request) netip.Addr { return netip.Addr{} }
	}
	p := &Provider{
		issuer: o.Issuer, base: strings.TrimSuffix(o.Issuer, "/"), prefix: strings.TrimSuffix(issuer.Path, "/"), realm: issuer.Host,
		db: o.DB, flows: o.Flows, themes: o.Themes, config: o.Config, clock: o.Now, log: o.Logger, address: o.Address,
	}
	p.keys = &keyRing{issuer: o.Issuer, db: o.DB, now: p.now, log: o.Logger}
	p.keySets = newKeySets(p.now, isLoopback(issuer.Hostname()))
	p.house = p.houseAPIs()
	p.fosite = compose(p)
	if p.document, err = p.metadata(o.ACRValues); err != nil {
		return nil, err
	}
	p.documentTag = etag(p.document)
	return p, p.keys.ensure(ctx)
}

// Mount adds the endpoints. Those on browser are visited by people with their cookies,
// those on api are called by programs, from any origin and without cookies (CORE-34).
func (p *Provider) Mount(browser, api *http.ServeMux) {
	browser.HandleFunc("GET /authorize", p.authorize)
	browser.HandleFunc("POST /authorize", p.postAuthorize)
	browser.HandleFunc("GET /authorize/resume", p.resume)
	browser.HandleFunc("GET /activate", p.showActivate)
	browser.HandleFunc("POST /activate", p.takeUserCode)
	browser.HandleFunc("GET /activate/confirm", p.showConfirm)
	browser.HandleFunc("POST /activate/confirm", p.confirmDevice)
	browser.HandleFunc("GET /activate/resume", p.resumeDevice)
	browser.HandleFunc("GET /v2/logout", p.v2logout)
	browser.HandleFunc("GET /oidc/logout", p.logout)
	browser.HandleFunc("POST /oidc/logout", p.postLogout)
	browser.HandleFunc("POST /oidc/logout/confirm", p.confirmLogout)

	api.HandleFunc("GET /.well-known/openid-configuration", p.discover)
	api.HandleFunc("GET /.well-known/oauth-authorization-server", p.discover)
	api.HandleFunc("GET /.well-known/jwks.json", p.jwks)
	api.HandleFunc("POST /oauth/token", p.token)
	api.HandleFunc("POST /oauth/par", p.push)
	api.HandleFunc("POST /oauth/device/code", p.deviceCode)
	api.HandleFunc("POST /dbconnections/signup", p.signup)
	api.HandleFunc("POST /dbconnections/change_password", p.changePassword)
	api.HandleFunc("POST /oauth/introspect", p.introspect)
	api.HandleFunc("POST /oauth/revoke", p.revoke)
	api.HandleFunc("GET /userinfo", p.userinfo)
	api.HandleFunc("POST /userinfo", p.userinfo)
}

// CrossSite are the routes on the browser mux that other sites post to by
// specification; each only makes a GET of the request.
var CrossSite = []string{"POST /authorize", "POST /oidc/logout"}

// at is the address of an endpoint.
func (p *Provider) at(path string) string { return p.base + path }

// path is the path of an endpoint as the browser addresses it.
func (p *Provider) path(path string) string { return p.prefix + path }

// now is the clock at the precision of the tables.
func (p *Provider) now() time.Time { return p.clock().UTC().Truncate(time.Microsecond) }

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.IsLoopback()
}

func isConflict(err error) bool { return errors.Is(err, storage.ErrConflict) }
