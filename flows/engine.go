package flows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/flows/risk"
	"github.com/sallyport-id/sallyport/flows/rules"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/themes"
)

// The outcomes of Result that a caller branches on, beside *Refusal.
var (
	// ErrNotDone: something is still needed; send the browser to LoginPath.
	ErrNotDone = errors.New("flows: login is not done")
	// ErrGone: there is no such login for this browser: expired, used, or begun
	// elsewhere.
	ErrGone = errors.New("flows: no such login in this browser")
)

// A Mailer sends one message. It returns when the message was handed over or failed,
// with an error as factors.Courier has them. One whose server may come and go also has
// Ready() bool, which says whether there is one now.
type Mailer interface {
	Send(ctx context.Context, to, subject, text, html string) error
}

// Options are what an Engine is made of. Issuer, DB, Factors, Themes and Ladder are
// required.
type Options struct {
	Issuer  *url.URL // public address: links in mails, cookie names, path prefix
	Name    string   // of the service, for pages that belong to no application
	DB      *storage.DB
	Factors *factors.Registry
	Themes  *themes.Renderer
	Mailer  Mailer // nil: no mails, and no reset by mail
	Config  Config // the zero value: DefaultConfig
	Ladder  policy.Ladder
	Now     func() time.Time // nil: the clock
	Logger  *slog.Logger     // nil: silence
	Rules   *rules.Runner    // nil: where there are scripts, nobody gets in
	Risk    risk.Config      // the zero value: risk.DefaultConfig
	Places  *risk.Atlas      // nil: every place is unknown
	Lists   *risk.Lists      // nil: no network is untrusted
	// Address is where a request came from; nil: its peer.
	Address func(*http.Request) netip.Addr
}

// Engine runs logins. It is safe for concurrent use and holds no login in memory.
type Engine struct {
	issuer  *url.URL
	prefix  string // of the issuer's path, without the last slash
	name    string
	db      *storage.DB
	factors *factors.Registry
	themes  *themes.Renderer
	config  Config
	ladder  policy.Ladder
	clock   func() time.Time
	log     *slog.Logger
	address func(*http.Request) netip.Addr
	outbox  *outbox
	rules   *rules.Runner
	risk    risk.Config
	places  *risk.Atlas
	lists   *risk.Lists

	scriptCache *scriptCache
}

// New makes an Engine. Its error names the option to mend.
func New(o Options) (*Engine, error) {
	switch {
	case o.Issuer == nil || o.Issuer.Host == "":
		return nil, errors.New("flows: Options.Issuer has to be an absolute URL")
	case o.DB == nil || o.Factors == nil || o.Themes == nil:
		return nil, errors.New("flows: Options.DB, Factors and Themes are required")
	case o.Factors.Get(factors.Password) == nil:
		return nil, errors.New("flows: Options.Factors has no password: nothing could open a login")
	}
	if o.Config == (Config{}) {
		o.Config = DefaultConfig()
	}
	if err := o.Config.Validate(); err != nil {
		return nil, fmt.Errorf("flows: %w", err)
	}
	e := &Engine{
		issuer: o.Issuer, prefix: strings.TrimSuffix(o.Issuer.Path, "/"), name: o.Name,
		db: o.DB, factors: o.Factors, themes: o.Themes, config: o.Config, ladder: o.Ladder,
		clock: o.Now, log: o.Logger, address: o.Address,
		rules: o.Rules, risk: o.Risk, places: o.Places, lists: o.Lists, scriptCache: &scriptCache{},
	}
	if e.risk.RememberFor == 0 {
		e.risk = risk.DefaultConfig()
	}
	if e.name == "" {
		e.name = o.Issuer.Host
	}
	if e.clock == nil {
		e.clock = time.Now
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.address == nil {
		e.address = peer
	}
	e.address = comingFrom(e.address)
	e.outbox = e.newOutbox(o.Mailer)
	return e, nil
}

// Mount adds the room's pages to mux. Patterns are below the issuer's path.
func (e *Engine) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /login/{id}", e.show)
	mux.HandleFunc("POST /login/{id}", e.act)
	mux.HandleFunc("GET /login/{id}/state", e.state)
	mux.HandleFunc("GET /login/callback", e.callback)
	mux.HandleFunc("GET /continue", e.comeBack)
	mux.HandleFunc("POST /continue", e.comeBack)
	mux.HandleFunc("GET /reset", e.showReset)
	mux.HandleFunc("POST /reset", e.askReset)
	mux.HandleFunc("GET /reset/{token}", e.showNewPassword)
	mux.HandleFunc("POST /reset/{token}", e.setNewPassword)
	mux.HandleFunc("GET /verify", e.showVerified)
	mux.HandleFunc("GET /verify/{token}", e.showVerify)
	mux.HandleFunc("POST /verify/{token}", e.confirmMailbox)
	mux.HandleFunc("GET /enroll", e.showEnrolled)
	mux.HandleFunc("GET /enroll/{token}", e.followInvitation)
	mux.HandleFunc("GET /invited", e.showJoined)
	mux.HandleFunc("GET /invited/{organization}/{token}", e.showInvited)
	mux.HandleFunc("POST /invited/{organization}/{token}", e.acceptMailbox)
	mux.HandleFunc("GET /password", e.showChange)
	mux.HandleFunc("POST /password", e.changePassword)
}

// Connection is the name of the register of people.
func (e *Engine) Connection() string { return e.config.Connection }

// FreshFor is the age up to which a proof is good enough to change an account.
func (e *Engine) FreshFor() time.Duration { return e.config.FreshFor }

// LoginPath is the page of a login as the browser addresses it, the issuer's path
// included.
func (e *Engine) LoginPath(id string) string { return e.path("/login/" + id) }

// Work sends messages whose first attempt failed, or that another process left, until
// ctx ends.
func (e *Engine) Work(ctx context.Context) { e.outbox.watch(ctx) }

// Close waits until the messages under way are sent, or ctx ends.
func (e *Engine) Close(ctx context.Context) error { return e.outbox.wait(ctx) }

func (e *Engine) path(p string) string { return e.prefix + p }

// now is the clock at the precision of the tables.
func (e *Engine) now() time.Time { return e.clock().UTC().Truncate(time.Microsecond) }

func peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}
