package management

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// tenantSettings are what holds for the whole site.
func (a *API) tenantSettings() {
	op(a, operation{method: http.MethodGet, path: "/tenants/settings", scopes: []string{"read:tenant_settings"}, summary: "What holds for the whole site"}, a.readTenant)
	op(a, operation{method: http.MethodPatch, path: "/tenants/settings", scopes: []string{"update:tenant_settings"}, summary: "Change what holds for the whole site, and confirm the rest", conflict: true}, a.patchTenant)
}

// A TenantChange are the members that may be set; null has the default again.
type TenantChange struct {
	FriendlyName Optional[string]   `json:"friendly_name,omitempty" maxLength:"100" doc:"on pages and in mails; in authenticator apps stands the configuration's name"`
	SupportEmail Optional[string]   `json:"support_email,omitempty" maxLength:"320" doc:"at the foot of pages, where there is no support_url"`
	SupportURL   Optional[string]   `json:"support_url,omitempty" maxLength:"2000" doc:"at the foot of pages"`
	Logout       Optional[[]string] `json:"allowed_logout_urls,omitempty" maxItems:"100" doc:"where /v2/logout may lead without a client_id"`
	Locales      Optional[[]string] `json:"enabled_locales,omitempty" maxItems:"100" doc:"languages of pages, the first where none fits"`
	Flags        map[string]bool    `json:"flags,omitempty" doc:"mfa_show_factor_list_on_enrollment may be changed, the others confirmed"`
	TenantFixed
}

// TenantFixed are the members that are as they are: by the configuration, or because this
// product does it so. Sending what is so already is no error.
type TenantFixed struct {
	PictureURL       *string         `json:"picture_url,omitempty" maxLength:"2000" doc:"see /branding"`
	Session          *float64        `json:"session_lifetime,omitempty" doc:"hours"`
	SessionMinutes   *float64        `json:"session_lifetime_in_minutes,omitempty"`
	Idle             *float64        `json:"idle_session_lifetime,omitempty" doc:"hours"`
	IdleMinutes      *float64        `json:"idle_session_lifetime_in_minutes,omitempty"`
	Audience         *string         `json:"default_audience,omitempty" maxLength:"2000"`
	Directory        *string         `json:"default_directory,omitempty" maxLength:"200"`
	Redirection      *string         `json:"default_redirection_uri,omitempty" maxLength:"2000"`
	SandboxVersion   *string         `json:"sandbox_version,omitempty" maxLength:"20"`
	MFAInActions     *bool           `json:"customize_mfa_in_postlogin_action,omitempty"`
	ACRValues        *[]string       `json:"acr_values_supported,omitempty" maxItems:"100"`
	PAR              *bool           `json:"pushed_authorization_requests_supported,omitempty"`
	IssuerInAnswers  *bool           `json:"authorization_response_iss_parameter_supported,omitempty"`
	Cookie           *tenantCookie   `json:"session_cookie,omitempty"`
	Sessions         *tenantSessions `json:"sessions,omitempty"`
	Logouts          *tenantLogout   `json:"oidc_logout,omitempty"`
	MTLS             *tenantMTLS     `json:"mtls,omitempty"`
	MetadataDocument *bool           `json:"client_id_metadata_document_supported,omitempty"`
}

type tenantCookie struct {
	Mode string `json:"mode" enum:"persistent,non-persistent"`
}

type tenantSessions struct {
	Prompt bool `json:"oidc_logout_prompt_enabled"`
}

type tenantLogout struct {
	Discovery bool `json:"rp_logout_end_session_endpoint_discovery"`
}

type tenantMTLS struct {
	Aliases bool `json:"enable_endpoint_aliases"`
}

// A tenantSettingsView is what holds for the whole site, as the API shows it.
type tenantSettingsView struct {
	FriendlyName string          `json:"friendly_name"`
	SupportEmail string          `json:"support_email,omitempty"`
	SupportURL   string          `json:"support_url,omitempty"`
	Logout       []string        `json:"allowed_logout_urls"`
	Locales      []string        `json:"enabled_locales"`
	Flags        map[string]bool `json:"flags"`
	TenantFixed
}

// flagPicker has people choose among factors before one of them is asked for.
const flagPicker = "mfa_show_factor_list_on_enrollment"

// tenantFlags are Auth0's flags as far as they say something about us, as it is.
var tenantFlags = map[string]bool{
	"allow_changing_enable_sso": false, "allow_legacy_delegation_grant_types": false, "allow_legacy_ro_grant_types": false,
	"allow_legacy_tokeninfo_endpoint": false, "disable_clickjack_protection_headers": false, "disable_impersonation": true,
	"disable_management_api_sms_obfuscation": false, "enable_apis_section": true, "enable_client_connections": true,
	"enable_custom_domain_in_emails": true, "enable_dynamic_client_registration": false, "enable_idtoken_api2": false,
	"enable_legacy_logs_search_v2": false, "enable_legacy_profile": false, "enable_public_signup_user_exists_error": false,
	"enable_sso": true, "remove_alg_from_jwks": false, "require_pushed_authorization_requests": false, "universal_login": true,
	"use_scope_descriptions_for_consent": true,
}

// tenantMends say where to set what is not set here.
var tenantMends = map[string]string{
	"session_lifetime": "login.session_absolute", "session_lifetime_in_minutes": "login.session_absolute",
	"idle_session_lifetime": "login.session_idle", "idle_session_lifetime_in_minutes": "login.session_idle",
	"acr_values_supported": "acr", "default_directory": "login.connection",
}

func (a *API) viewTenant(s *storage.Settings) *tenantSettingsView {
	idle, absolute := a.Flows.SessionsEnd()
	v := &tenantSettingsView{
		FriendlyName: s.FriendlyName, SupportEmail: s.SupportEmail, SupportURL: s.SupportURL, Logout: listOf(s.AllowedLogoutURLs), Locales: s.Locales,
		Flags: maps.Clone(tenantFlags),
		TenantFixed: TenantFixed{
			Session: new(absolute.Hours()), SessionMinutes: new(absolute.Minutes()), Idle: new(idle.Hours()), IdleMinutes: new(idle.Minutes()),
			Directory: &a.Connection, ACRValues: &a.ACRValues, MFAInActions: new(true), PAR: new(true), IssuerInAnswers: new(true), MetadataDocument: new(false),
			Cookie: &tenantCookie{"persistent"}, Sessions: &tenantSessions{true}, Logouts: &tenantLogout{true}, MTLS: &tenantMTLS{false},
		},
	}
	if v.FriendlyName == "" {
		v.FriendlyName = a.Name
	}
	if v.Locales == nil {
		v.Locales = a.Looks.pages.Languages()
	}
	v.Flags[flagPicker] = s.Picker
	return v
}

func (a *API) readTenant(ctx context.Context, _ *struct{ Picked }) (*body[*tenantSettingsView], error) {
	s, err := a.DB.Settings(ctx)
	if err != nil {
		return nil, err
	}
	return say(a.viewTenant(s)), nil
}

func (a *API) patchTenant(ctx context.Context, in *struct {
	Body    TenantChange
	RawBody []byte
},
) (*body[*tenantSettingsView], error) {
	var changed []string
	e := storage.Event{Type: "tenant.changed", Data: map[string]any{}}
	s, err := a.desk(ctx).ChangeSettings(ctx, e, func(s *storage.Settings) (err error) {
		if changed, err = a.confirm(in.RawBody, a.viewTenant(s)); err != nil {
			return err
		}
		e.Data["settings"] = changed
		return in.Body.edit(s, a.Looks)
	})
	if err != nil {
		return nil, err
	}
	a.Looks.changed(ctx)
	return say(a.viewTenant(s)), nil
}

// settable are the members that edit takes.
var settable = []string{"friendly_name", "support_email", "support_url", "allowed_logout_urls", "enabled_locales", "flags"}

// confirm refuses what is to become another than it is and cannot, and names the members
// that may be changed.
func (a *API) confirm(sent []byte, is *tenantSettingsView) (changed []string, err error) {
	var asked map[string]json.RawMessage
	if err := json.Unmarshal(sent, &asked); err != nil {
		return nil, err
	}
	var flags map[string]bool
	if text, ok := asked["flags"]; ok {
		if err := json.Unmarshal(text, &flags); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		if now, known := is.Flags[name]; name != flagPicker && (!known || now != flags[name]) {
			return nil, impossible("flags." + name + ": this cannot be changed here")
		}
	}
	for _, name := range settable {
		if _, ok := asked[name]; ok {
			changed = append(changed, name)
			delete(asked, name)
		}
	}
	fixed, err := json.Marshal(asked)
	if err != nil {
		return nil, err
	}
	other, err := differs(fixed, is)
	switch {
	case err != nil || other == "":
		return changed, err
	case tenantMends[other] != "":
		return nil, impossible(other + ": this is a setting of the configuration, " + tenantMends[other] + ", and cannot be changed while the provider runs")
	case other == "picture_url":
		return nil, impossible("picture_url: the logo of pages is set at /branding, as logo_url")
	}
	return nil, impossible(other + ": this cannot be changed here")
}

// edit changes s. Errors: *Invalid, and refusals.
func (c TenantChange) edit(s *storage.Settings, looks *Looks) error {
	c.FriendlyName.change(&s.FriendlyName)
	c.SupportEmail.change(&s.SupportEmail)
	c.SupportURL.change(&s.SupportURL)
	c.Logout.change(&s.AllowedLogoutURLs)
	c.Locales.change(&s.Locales)
	if picker, ok := c.Flags[flagPicker]; ok {
		s.Picker = picker
	}
	if c.Locales.Set && !c.Locales.Null && len(s.Locales) == 0 {
		return invalid("enabled_locales", "is empty; name a language, or send null to have all of them")
	}
	s.FriendlyName = strings.TrimSpace(s.FriendlyName)
	if err := looks.check(s); err != nil {
		return err
	}
	return ValidateTenant(s)
}
