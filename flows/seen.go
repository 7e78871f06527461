package flows

import (
	"encoding/json"
	"time"

	"github.com/sallyport-id/sallyport/flows/risk"
)

// What scripts see, in the shapes and spellings of Auth0's contracts. Members that are
// there only sometimes are pointers or empty.

// A seenUser is user of rules; of actions it has enrolledFactors beside.
type seenUser struct {
	ID                string          `json:"user_id"`
	Username          string          `json:"username"`
	Email             string          `json:"email,omitempty"`
	EmailVerified     bool            `json:"email_verified"`
	PhoneNumber       string          `json:"phone_number,omitempty"`
	PhoneVerified     bool            `json:"phone_verified"`
	Name              string          `json:"name,omitempty"`
	GivenName         string          `json:"given_name,omitempty"`
	FamilyName        string          `json:"family_name,omitempty"`
	Nickname          string          `json:"nickname,omitempty"`
	Picture           string          `json:"picture,omitempty"`
	Locale            string          `json:"locale,omitempty"`
	CreatedAt         time.Time       `json:"created_at"`
	UpdatedAt         time.Time       `json:"updated_at"`
	LastPasswordReset *time.Time      `json:"last_password_reset,omitempty"`
	Blocked           bool            `json:"blocked"`
	Identities        []seenIdentity  `json:"identities"`
	AppMetadata       json.RawMessage `json:"app_metadata"`
	UserMetadata      json.RawMessage `json:"user_metadata"`
	Multifactor       []string        `json:"multifactor"`
}

type seenIdentity struct {
	Connection string `json:"connection"`
	Provider   string `json:"provider"`
	UserID     string `json:"user_id"`
	IsSocial   bool   `json:"isSocial"`
}

// A seenContext is context of rules.
type seenContext struct {
	Tenant             string   `json:"tenant"`
	Connection         string   `json:"connection"`
	ConnectionID       string   `json:"connectionID"`
	ConnectionStrategy string   `json:"connectionStrategy"`
	ConnectionOptions  struct{} `json:"connectionOptions"`
	ConnectionMetadata struct{} `json:"connectionMetadata"`
	*seenRuleClient
	Protocol  string `json:"protocol"`
	SessionID string `json:"sessionID,omitempty"`
	Request   struct {
		UserAgent string            `json:"userAgent"`
		IP        string            `json:"ip"`
		Hostname  string            `json:"hostname"`
		Query     map[string]string `json:"query"`
		Body      map[string]string `json:"body"`
		GeoIP     seenPlace         `json:"geoip"`
	} `json:"request"`
	Authentication struct {
		Methods []seenMethod `json:"methods"`
	} `json:"authentication"`
	Authorization seenRoles `json:"authorization"`
	Stats         struct {
		LoginsCount int64 `json:"loginsCount"`
	} `json:"stats"`
	SSO struct {
		WithAuth0      bool     `json:"with_auth0"`
		WithDBConn     bool     `json:"with_dbconn"`
		CurrentClients []string `json:"current_clients"`
	} `json:"sso"`
	IDToken        struct{}          `json:"idToken"`
	AccessToken    struct{}          `json:"accessToken"`
	Organization   *seenOrganization `json:"organization,omitempty"`
	RiskAssessment *risk.Report      `json:"riskAssessment,omitempty"`
}

type seenRuleClient struct {
	ID       string            `json:"clientID"`
	Name     string            `json:"clientName"`
	Metadata map[string]string `json:"clientMetadata"`
}

// A seenEvent is event of actions, but for the user.
type seenEvent struct {
	Authentication struct {
		Methods        []seenMethod `json:"methods"`
		RiskAssessment *risk.Report `json:"riskAssessment,omitempty"`
	} `json:"authentication"`
	Authorization seenRoles         `json:"authorization"`
	Client        *seenActionClient `json:"client,omitempty"`
	Connection    struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Strategy string   `json:"strategy"`
		Metadata struct{} `json:"metadata"`
	} `json:"connection"`
	Organization *seenOrganization `json:"organization,omitempty"`
	Request      struct {
		IP        string            `json:"ip"`
		Hostname  string            `json:"hostname"`
		Method    string            `json:"method"`
		Query     map[string]string `json:"query"`
		Body      map[string]string `json:"body"`
		Language  string            `json:"language"`
		UserAgent string            `json:"user_agent"`
		GeoIP     risk.Place        `json:"geoip"`
	} `json:"request"`
	ResourceServer  *seenResourceServer `json:"resource_server,omitempty"`
	SecurityContext struct{}            `json:"security_context"`
	Session         *seenSession        `json:"session,omitempty"`
	Stats           struct {
		LoginsCount int64 `json:"logins_count"`
	} `json:"stats"`
	Tenant struct {
		ID string `json:"id"`
	} `json:"tenant"`
	Transaction seenTransaction `json:"transaction"`
}

type seenActionClient struct {
	ID       string            `json:"client_id"`
	Name     string            `json:"name"`
	Metadata map[string]string `json:"metadata"`
}

type seenResourceServer struct {
	Identifier string `json:"identifier"`
}

type seenRoles struct {
	Roles []string `json:"roles"`
}

// A seenMethod is a proof. Timestamp is in milliseconds for rules, a text for actions.
type seenMethod struct {
	Name      string `json:"name"`
	Type      string `json:"type,omitempty"` // of mfa
	Timestamp any    `json:"timestamp"`
}

type seenOrganization struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	DisplayName string            `json:"display_name"`
	Metadata    map[string]string `json:"metadata"`
}

type seenSession struct {
	ID               string   `json:"id"`
	CreatedAt        string   `json:"created_at"`
	AuthenticatedAt  string   `json:"authenticated_at"`
	LastInteractedAt string   `json:"last_interacted_at"`
	ExpiresAt        string   `json:"expires_at"`
	Clients          []string `json:"clients"`
	Device           struct {
		LastIP        string `json:"last_ip"`
		LastUserAgent string `json:"last_user_agent"`
	} `json:"device"`
}

type seenTransaction struct {
	ID              string         `json:"id"`
	ACRValues       []string       `json:"acr_values"`
	RequestedScopes []string       `json:"requested_scopes"`
	Protocol        string         `json:"protocol"`
	Prompt          []string       `json:"prompt"`
	UILocales       []string       `json:"ui_locales"`
	Locale          string         `json:"locale"`
	RedirectURI     string         `json:"redirect_uri"`
	LoginHint       string         `json:"login_hint"`
	ResponseType    []string       `json:"response_type"`
	ResponseMode    string         `json:"response_mode"`
	State           string         `json:"state"`
	Metadata        map[string]any `json:"metadata"`
}

// A seenPlace is a place in the spelling of rules; an unknown one has nothing.
type seenPlace struct {
	CountryCode     string   `json:"country_code,omitempty"`
	CountryCode3    string   `json:"country_code3,omitempty"`
	CountryName     string   `json:"country_name,omitempty"`
	CityName        string   `json:"city_name,omitempty"`
	TimeZone        string   `json:"time_zone,omitempty"`
	ContinentCode   string   `json:"continent_code,omitempty"`
	SubdivisionCode string   `json:"subdivision_code,omitempty"`
	SubdivisionName string   `json:"subdivision_name,omitempty"`
	Latitude        *float64 `json:"latitude,omitempty"` // both, or none
	Longitude       *float64 `json:"longitude,omitempty"`
}
