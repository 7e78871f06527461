package storage

import (
	"encoding/json"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// Authenticator is the row of a factor's enrolment; see factors.Authenticator.
type Authenticator = factors.Authenticator

// A User is a person who can sign in. The claim fields are those of OpenID Connect
// Core §5.1; a zero value means the claim is absent.
type User struct {
	ID                  string          `bun:"id,pk" json:"user_id"` // never reused, also the `sub`
	Username            string          `bun:"username" json:"username"`
	UsernameKey         string          `bun:"username_key" json:"-"` // normal form, unique
	Email               string          `bun:"email" json:"email,omitempty"`
	EmailKey            string          `bun:"email_key,nullzero" json:"-"` // normal form, unique
	EmailVerified       bool            `bun:"email_verified" json:"email_verified"`
	Name                string          `bun:"name" json:"name,omitempty"`
	GivenName           string          `bun:"given_name" json:"given_name,omitempty"`
	FamilyName          string          `bun:"family_name" json:"family_name,omitempty"`
	MiddleName          string          `bun:"middle_name" json:"middle_name,omitempty"`
	Nickname            string          `bun:"nickname" json:"nickname,omitempty"`
	PreferredUsername   string          `bun:"preferred_username" json:"preferred_username,omitempty"`
	Profile             string          `bun:"profile" json:"profile,omitempty"`
	Picture             string          `bun:"picture" json:"picture,omitempty"`
	Website             string          `bun:"website" json:"website,omitempty"`
	Gender              string          `bun:"gender" json:"gender,omitempty"`
	Birthdate           string          `bun:"birthdate" json:"birthdate,omitempty"`
	Zoneinfo            string          `bun:"zoneinfo" json:"zoneinfo,omitempty"`
	Locale              string          `bun:"locale" json:"locale,omitempty"`
	PhoneNumber         string          `bun:"phone_number" json:"phone_number,omitempty"`
	PhoneNumberVerified bool            `bun:"phone_number_verified" json:"phone_number_verified"`
	Address             *Address        `bun:"address,type:text,nullzero" json:"address,omitempty"`
	UserMetadata        json.RawMessage `bun:"user_metadata,type:text,nullzero" json:"user_metadata,omitempty"`
	AppMetadata         json.RawMessage `bun:"app_metadata,type:text,nullzero" json:"app_metadata,omitempty"`
	// Roles and Groups are the administrators' word, for policies and scripts.
	Roles   []string `bun:"roles,type:text" json:"roles,omitempty"`
	Groups  []string `bun:"groups,type:text" json:"groups,omitempty"`
	Blocked bool     `bun:"blocked" json:"blocked"`
	// PasswordExpired forces a new password at the next sign-in.
	PasswordExpired bool `bun:"password_expired" json:"password_expired"`
	// SignedInAt is when they first signed in; zero: never.
	SignedInAt time.Time `bun:"signed_in_at,nullzero" json:"signed_in_at,omitzero"`
	CreatedAt  time.Time `bun:"created_at" json:"created_at"`
	UpdatedAt  time.Time `bun:"updated_at" json:"updated_at"`
	Version    int64     `bun:"version" json:"-"`
}

// Address is the claim of OpenID Connect Core §5.1.1.
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}

// A Client is an application that signs people in (OpenID Connect Dynamic Client
// Registration §2) with our settings beside the standard metadata.
type Client struct {
	ID        string         `bun:"id,pk" json:"client_id"`
	Name      string         `bun:"name" json:"client_name"`
	Secrets   []ClientSecret `bun:"secrets,type:text" json:"-"`
	Metadata  ClientMetadata `bun:"metadata,type:text" json:"metadata"`
	Settings  ClientSettings `bun:"settings,type:text" json:"settings"`
	Disabled  bool           `bun:"disabled" json:"disabled"`
	CreatedAt time.Time      `bun:"created_at" json:"created_at"`
	UpdatedAt time.Time      `bun:"updated_at" json:"updated_at"`
	Version   int64          `bun:"version" json:"-"`
}

// A ClientSecret is kept as a keyed hash of a random secret: never in clear, never
// with a slow hash (fosite.md §3). Several may be valid during a rotation.
type ClientSecret struct {
	Hash      []byte    `json:"hash"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// ClientMetadata is the standard client metadata, by its standard names.
type ClientMetadata struct {
	RedirectURIs              []string        `json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs    []string        `json:"post_logout_redirect_uris,omitempty"`
	ResponseTypes             []string        `json:"response_types,omitempty"`
	GrantTypes                []string        `json:"grant_types,omitempty"`
	ApplicationType           string          `json:"application_type,omitempty"` // web, native
	Contacts                  []string        `json:"contacts,omitempty"`
	LogoURI                   string          `json:"logo_uri,omitempty"`
	ClientURI                 string          `json:"client_uri,omitempty"`
	PolicyURI                 string          `json:"policy_uri,omitempty"`
	TosURI                    string          `json:"tos_uri,omitempty"`
	JWKSURI                   string          `json:"jwks_uri,omitempty"`
	JWKS                      json.RawMessage `json:"jwks,omitempty"`
	SectorIdentifierURI       string          `json:"sector_identifier_uri,omitempty"`
	SubjectType               string          `json:"subject_type,omitempty"` // public, pairwise
	IDTokenSignedResponseAlg  string          `json:"id_token_signed_response_alg,omitempty"`
	UserinfoSignedResponseAlg string          `json:"userinfo_signed_response_alg,omitempty"`
	TokenEndpointAuthMethod   string          `json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthAlg      string          `json:"token_endpoint_auth_signing_alg,omitempty"`
	DefaultMaxAge             *int64          `json:"default_max_age,omitempty"` // seconds
	RequireAuthTime           bool            `json:"require_auth_time,omitempty"`
	DefaultACRValues          []string        `json:"default_acr_values,omitempty"`
	InitiateLoginURI          string          `json:"initiate_login_uri,omitempty"`
	RequirePAR                bool            `json:"require_pushed_authorization_requests,omitempty"`
	Scope                     string          `json:"scope,omitempty"` // space separated; empty: every scope we know
	BackchannelLogoutURI      string          `json:"backchannel_logout_uri,omitempty"`
	FrontchannelLogoutURI     string          `json:"frontchannel_logout_uri,omitempty"`
}

// ClientSettings are ours. A nil pointer means: as the tenant.
type ClientSettings struct {
	// Description and AppType (native, spa, regular_web, non_interactive) are notes of the
	// administrator's.
	Description string `json:"description,omitempty"`
	AppType     string `json:"app_type,omitempty"`
	// Metadata are an administrator's notes about the client, for scripts.
	Metadata map[string]string `json:"metadata,omitempty"`
	// RequirePKCE is on for every client unless set to false; public clients cannot
	// switch it off.
	RequirePKCE *bool `json:"require_pkce,omitempty"`
	// Policy is "never", "always", "adaptive", or "" for the tenant's.
	Policy string `json:"policy,omitempty"`
	// RememberFor is how long a browser is remembered after a second factor, and
	// RememberIdle how long without a sign-in, in seconds; 0: not at all, nil: as the
	// tenant.
	RememberFor  *int64 `json:"remember_for,omitempty"`
	RememberIdle *int64 `json:"remember_idle,omitempty"`
	// Factors are the second factors this client allows; nil: the tenant's.
	Factors []string `json:"factors,omitempty"`
	// Document is the rest of the policy, as flows/policy writes it.
	Document json.RawMessage `json:"document,omitempty"`
	// FirstParty clients ask no consent.
	FirstParty bool `json:"first_party,omitempty"`
	// StrictACR makes an unmet voluntary acr_values an error (RFC 9470, STEP-04);
	// nil: strict where all asked values are ones we advertise.
	StrictACR *bool `json:"strict_acr,omitempty"`
	// Audiences are the APIs this client may ask tokens for, with the scopes it may
	// use in client_credentials. Nil: none but UserInfo.
	Audiences map[string][]string `json:"audiences,omitempty"`
	// AccessTokenAlg signs JWT access tokens: RS256, ES256, EdDSA; "" for ES256.
	AccessTokenAlg string `json:"access_token_alg,omitempty"`
	// Token lifetimes in seconds; nil: the tenant's.
	AccessTokenTTL          *int64 `json:"access_token_ttl,omitempty"`
	IDTokenTTL              *int64 `json:"id_token_ttl,omitempty"`
	RefreshTokenTTL         *int64 `json:"refresh_token_ttl,omitempty"`          // idle
	RefreshTokenAbsoluteTTL *int64 `json:"refresh_token_absolute_ttl,omitempty"` // from the first one
	// RefreshGrace is how long a just rotated refresh token may be presented again
	// after a lost answer, in seconds; nil: the tenant's, 0: never.
	RefreshGrace *int64 `json:"refresh_grace,omitempty"`
	// WebOrigins are where this client's pages are: they may take answers by web_message
	// and call from a browser. Nil: the origins of its redirect_uris.
	WebOrigins []string `json:"web_origins,omitempty"`
	// TrustForwardedFor believes this client's server about where its people are: the
	// header auth0-forwarded-for of its token requests.
	TrustForwardedFor bool `json:"is_token_endpoint_ip_header_trusted,omitempty"`
}

// Public reports whether the client has no way to authenticate itself.
func (c *Client) Public() bool { return c.Metadata.TokenEndpointAuthMethod == "none" }

// An API is an audience that access tokens are made for.
type API struct {
	Audience    string    `bun:"audience,pk" json:"audience"` // absolute URI
	Name        string    `bun:"name" json:"name"`
	Scopes      []Scope   `bun:"scopes,type:text" json:"scopes"`
	TokenFormat string    `bun:"token_format" json:"token_format"` // jwt (RFC 9068) or opaque
	TokenTTL    int64     `bun:"token_ttl" json:"token_ttl"`       // seconds, 0: the tenant's
	CreatedAt   time.Time `bun:"created_at" json:"created_at"`
	UpdatedAt   time.Time `bun:"updated_at" json:"updated_at"`
}

// A Scope is a permission at an API, with the sentence that consent shows.
type Scope struct {
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
}

// A Session is a browser that someone is signed in with: a bag of proofs behind a
// cookie. Key is the keyed hash of the cookie's value.
type Session struct {
	ID         string          `bun:"id,pk"` // the `sid`
	Key        []byte          `bun:"key"`   // unique
	UserID     string          `bun:"user_id"`
	Proofs     []factors.Proof `bun:"proofs,type:text"`
	AuthTime   time.Time       `bun:"auth_time"` // of the newest proof
	UserAgent  string          `bun:"user_agent"`
	Address    string          `bun:"address"`
	Clients    []string        `bun:"clients,type:text"` // signed in to with this session
	CreatedAt  time.Time       `bun:"created_at"`
	LastSeenAt time.Time       `bun:"last_seen_at"`
	ExpiresAt  time.Time       `bun:"expires_at"` // absolute
	EndedAt    time.Time       `bun:"ended_at,nullzero"`
	Version    int64           `bun:"version"`
}

// A Login is one pass through the gate. State is the flows room's own and is sealed
// at rest; a login lives an hour at most, so its shape may change without a
// migration.
type Login struct {
	ID        string    `bun:"id,pk"`
	Key       []byte    `bun:"key"` // keyed hash of the cookie that binds it to a browser
	UserID    string    `bun:"user_id,nullzero"`
	State     []byte    `bun:"state"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
	DoneAt    time.Time `bun:"done_at,nullzero"`
	Version   int64     `bun:"version"`
}

// A Message waits to be sent, or was. Channel is "mail" or the factor that sends it;
// Payload is the sender's own and is sealed at rest.
type Message struct {
	ID        string    `bun:"id,pk"`
	Channel   string    `bun:"channel"`
	Payload   []byte    `bun:"payload"`
	State     string    `bun:"state"`
	Attempts  int       `bun:"attempts"`
	DueAt     time.Time `bun:"due_at"`
	ClaimedAt time.Time `bun:"claimed_at,nullzero"`
	ExpiresAt time.Time `bun:"expires_at"` // it is worth nothing later
	CreatedAt time.Time `bun:"created_at"`
}

// A Transaction is a question that is open at the device of an authenticator: at most
// one. Key is the keyed hash of the token that the device answers with.
type Transaction struct {
	AuthenticatorID string    `bun:"authenticator_id,pk"`
	Key             []byte    `bun:"key"`
	LoginID         string    `bun:"login_id"`
	ExpiresAt       time.Time `bun:"expires_at"`
}

// A Browser is one in which a person is remembered: there the policy's second factor is
// not asked for.
type Browser struct {
	ID     string `bun:"id,pk"`
	UserID string `bun:"user_id"`
	// Key is the hash of the cookie's value, which changes with each use; OldKey is the
	// one before, for requests that were under way.
	Key        []byte    `bun:"key"`
	OldKey     []byte    `bun:"old_key"`
	Device     []byte    `bun:"device"` // hash of the browser's own mark
	UserAgent  string    `bun:"user_agent"`
	Address    string    `bun:"address"`
	CreatedAt  time.Time `bun:"created_at"`
	RotatedAt  time.Time `bun:"rotated_at"`
	LastUsedAt time.Time `bun:"last_used_at"`
	ExpiresAt  time.Time `bun:"expires_at"`
}

// Kinds of grants.
const (
	GrantCode      = "code"
	GrantAccess    = "access"
	GrantRefresh   = "refresh"
	GrantPAR       = "par"
	GrantDevice    = "device"    // a device's request, RFC 8628
	GrantUserCode  = "user_code" // and what people type for it
	GrantAssertion = "assertion" // jti of a client assertion, RFC 7523 §3
)

// A Grant is one opaque thing that can be redeemed: an authorization code, an access
// or refresh token, a pushed request, the id of a client assertion. Tokens are found
// by the hash of their value; all that came from one authorization shares RequestID,
// so one UPDATE revokes the family.
type Grant struct {
	Key       []byte    `bun:"key,pk"`
	Kind      string    `bun:"kind"`
	RequestID string    `bun:"request_id"`
	ClientID  string    `bun:"client_id"`
	UserID    string    `bun:"user_id,nullzero"`
	SessionID string    `bun:"session_id,nullzero"`
	Active    bool      `bun:"active"`
	UsedAt    time.Time `bun:"used_at,nullzero"`
	Uses      int64     `bun:"uses"`
	Data      []byte    `bun:"data"` // provider/oidc's own encoding
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
}

// A SigningKey is a key pair of the provider with its place in the rotation: made →
// published at NotBefore-overlap → signs from NotBefore → retired (still published
// until ExpiresAt) → gone.
type SigningKey struct {
	ID        string    `bun:"id,pk" json:"kid"` // RFC 7638 thumbprint
	Alg       string    `bun:"alg" json:"alg"`   // RS256, ES256, EdDSA
	Private   []byte    `bun:"private" json:"-"` // PKCS #8, sealed at rest
	CreatedAt time.Time `bun:"created_at" json:"created_at"`
	NotBefore time.Time `bun:"not_before" json:"not_before"`                   // signs from
	RetiredAt time.Time `bun:"retired_at,nullzero" json:"retired_at,omitzero"` // signs until
	ExpiresAt time.Time `bun:"expires_at,nullzero" json:"expires_at,omitzero"` // published until
}

// A Consent is what a person allowed a client, until revoked.
type Consent struct {
	UserID    string    `bun:"user_id,pk"`
	ClientID  string    `bun:"client_id,pk"`
	Scopes    []string  `bun:"scopes,type:text"` // API scopes as "audience scope"
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// An Event is one line of the audit log. Data never holds a secret, a code or a
// token.
type Event struct {
	ID       string         `bun:"id,pk" json:"id"` // time-ordered
	At       time.Time      `bun:"at" json:"at"`
	Type     string         `bun:"type" json:"type"`             // "login.done", "authenticator.added"
	Actor    string         `bun:"actor" json:"actor,omitempty"` // user:…, client:…, admin:cli
	UserID   string         `bun:"user_id,nullzero" json:"user_id,omitempty"`
	ClientID string         `bun:"client_id,nullzero" json:"client_id,omitempty"`
	Address  string         `bun:"address" json:"address,omitempty"`
	Data     map[string]any `bun:"data,type:text" json:"data,omitempty"`
}

// A Ticket is a token of the mail kind: single use, found by the hash of its value
// (password reset, invitation).
type Ticket struct {
	Key       []byte    `bun:"key,pk"`
	Kind      string    `bun:"kind"` // "reset", "enroll"
	UserID    string    `bun:"user_id"`
	Data      []byte    `bun:"data"`
	CreatedAt time.Time `bun:"created_at"`
	ExpiresAt time.Time `bun:"expires_at"`
	UsedAt    time.Time `bun:"used_at,nullzero"`
}

// Settings are the tenant's settings that admins change at run time; one row.
type Settings struct {
	// Policy is "never", "always" or "adaptive".
	Policy string `json:"policy"`
	// Factors enabled for the tenant, in the admin's order.
	Factors []string `json:"factors"`
	// RememberFor and RememberIdle are as a client's; nil: thirty days, and seven without a
	// sign-in.
	RememberFor  *int64 `json:"remember_for,omitempty"`
	RememberIdle *int64 `json:"remember_idle,omitempty"`
	// Picker lets people choose among several ways before one of them is asked for.
	Picker bool `json:"picker,omitempty"`
	// InvitedOnly lets nobody set up a first authenticator without an invitation.
	InvitedOnly bool `json:"invited_only,omitempty"`
	// Document is the rest of the policy, as flows/policy writes it.
	Document json.RawMessage `json:"document,omitempty"`
	// Assess has every sign-in's risk assessed and recorded, whatever follows from it: so
	// an administrator sees what the policy adaptive would do.
	Assess bool `json:"assess,omitempty"`
	// AskAt is the highest confidence at which adaptive asks: "low" or "medium"; "" for
	// low.
	AskAt string `json:"ask_at,omitempty"`
	// SignUp lets strangers make an account.
	SignUp bool `json:"signup,omitempty"`
	// AllowedLogoutURLs are where people may go who sign out without naming a client.
	AllowedLogoutURLs []string `json:"allowed_logout_urls,omitempty"`
	// FriendlyName is the service's on pages and in mails, "" for the configuration's.
	FriendlyName string `json:"friendly_name,omitempty"`
	// SupportEmail and SupportURL are where people are helped; pages show the latter where
	// there are both.
	SupportEmail string `json:"support_email,omitempty"`
	SupportURL   string `json:"support_url,omitempty"`
	// Locales are the languages that pages speak, the first where none fits; nil: all that
	// there are words for.
	Locales []string `json:"enabled_locales,omitempty"`
}
