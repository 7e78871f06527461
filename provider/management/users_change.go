package management

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// metadataSize bounds what is kept of a user beside what every user has, in bytes.
const metadataSize = 64 << 10

// A Metadata is an object whose members are kept as they were sent.
type Metadata map[string]json.RawMessage

// Profile are the members that are written in the same way at creation and afterwards.
type Profile struct {
	GivenName    Optional[string]   `json:"given_name,omitempty" maxLength:"150"`
	FamilyName   Optional[string]   `json:"family_name,omitempty" maxLength:"150"`
	Name         Optional[string]   `json:"name,omitempty" maxLength:"300"`
	Nickname     Optional[string]   `json:"nickname,omitempty" maxLength:"300"`
	Picture      Optional[string]   `json:"picture,omitempty" maxLength:"2048" doc:"a web address"`
	UserMetadata Optional[Metadata] `json:"user_metadata,omitempty" doc:"what the user may change; members that are null are removed"`
	AppMetadata  Optional[Metadata] `json:"app_metadata,omitempty" doc:"what the user may not change"`
}

// apply puts a profile into u. Metadata are merged member by member, at the top.
func (p *Profile) apply(u *storage.User) error {
	p.GivenName.change(&u.GivenName)
	p.FamilyName.change(&u.FamilyName)
	p.Name.change(&u.Name)
	p.Nickname.change(&u.Nickname)
	p.Picture.change(&u.Picture)
	if u.Picture != "" && p.Picture.Set && !strings.HasPrefix(u.Picture, "https://") && !strings.HasPrefix(u.Picture, "http://") {
		return invalid("picture", "is not a web address; use https://…")
	}
	if err := merge("user_metadata", &u.UserMetadata, p.UserMetadata); err != nil {
		return err
	}
	return merge("app_metadata", &u.AppMetadata, p.AppMetadata)
}

func merge(field string, into *json.RawMessage, change Optional[Metadata]) error {
	if !change.Set {
		return nil
	}
	if change.Null || len(change.Value) == 0 { // {} clears, as at Auth0
		*into = nil
		return nil
	}
	all := Metadata{}
	if len(*into) > 0 {
		if err := json.Unmarshal(*into, &all); err != nil {
			all = Metadata{} // an older version let other things be imported
		}
	}
	for name, value := range change.Value {
		if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	text, err := json.Marshal(all)
	switch {
	case err != nil:
		return invalid(field, "cannot be stored as JSON")
	case len(text) > metadataSize:
		return invalid(field, "has more than 64 KiB; keep large things elsewhere")
	case !utf8.Valid(text) || bytes.Contains(text, []byte(`\u0000`)):
		return invalid(field, "has characters that no text may have")
	}
	*into = text
	return nil
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// validateContacts looks at the addresses of u, "" for none.
func validateContacts(email, phone string) error {
	if email != "" && !mailAddress(email) {
		return invalid("email", "is not a mail address; write ada@example.com")
	}
	if phone != "" && !e164.MatchString(phone) {
		return invalid("phone_number", "is not a number with its country code; write +4930123456")
	}
	return nil
}

func (a *API) createUser(ctx context.Context, in *struct {
	Body struct {
		Profile
		Connection    string `json:"connection" minLength:"1" maxLength:"128"`
		UserID        string `json:"user_id,omitempty" maxLength:"58" pattern:"^[A-Za-z0-9._@+-]+$" doc:"becomes auth0|user_id, which a passkey carries: at most 64 bytes; without it we choose one"`
		Username      string `json:"username,omitempty" maxLength:"128"`
		Email         string `json:"email,omitempty" maxLength:"320"`
		EmailVerified bool   `json:"email_verified,omitempty"`
		PhoneNumber   string `json:"phone_number,omitempty" maxLength:"16"`
		PhoneVerified bool   `json:"phone_verified,omitempty"`
		Blocked       bool   `json:"blocked,omitempty"`
		Password      string `json:"password,omitempty" maxLength:"1024" doc:"without it there is none: the user sets one by a reset"`
		VerifyEmail   *bool  `json:"verify_email,omitempty" doc:"mail a link to prove the address; default: where it is not verified"`
	}
},
) (*struct{ Body *userView }, error) {
	b := &in.Body
	if b.Connection != a.Connection {
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	}
	u := &storage.User{
		ID: storage.NewID("usr"), Username: b.Username, Email: b.Email, EmailVerified: b.EmailVerified, PhoneNumber: b.PhoneNumber,
		PhoneNumberVerified: b.PhoneVerified, Blocked: b.Blocked,
	}
	if b.UserID != "" {
		u.ID = idPrefix + b.UserID
	}
	for _, otherwise := range []string{b.Email, b.PhoneNumber} {
		if storage.Normalise(u.Username) == "" {
			u.Username = otherwise
		}
	}
	if storage.Normalise(u.Username) == "" {
		return nil, invalid("email", "is missing; give email, username or phone_number")
	}
	if err := validateContacts(u.Email, u.PhoneNumber); err != nil {
		return nil, err
	}
	if err := b.apply(u); err != nil {
		return nil, err
	}
	password, err := a.newPassword(ctx, u, b.Password)
	if err != nil {
		return nil, err
	}
	verify := u.Email != "" && !u.EmailVerified
	if b.VerifyEmail != nil {
		verify = verify && *b.VerifyEmail
	}
	err = a.change(ctx, storage.Event{Type: "user.created", UserID: u.ID}, func(ctx context.Context) error {
		if err := a.DB.CreateUser(ctx, u); err != nil {
			return userExists(err)
		}
		if password == nil {
			return nil
		}
		return a.DB.CreateAuthenticator(ctx, password)
	})
	if err == nil && verify && !u.Blocked {
		err = a.mailVerification(ctx, u)
	}
	if err != nil {
		return nil, err
	}
	return &struct{ Body *userView }{a.viewUser(u)}, nil
}

func userExists(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return refusal(http.StatusConflict, "auth0_idp_error", "The user already exists.")
	}
	return err
}

// newPassword makes the authenticator for a new password, nil for "". It hashes, which
// takes long: not in a transaction.
func (a *API) newPassword(ctx context.Context, u *storage.User, password string) (*storage.Authenticator, error) {
	if password == "" {
		return nil, nil
	}
	has, err := a.DB.FactorsOf(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	s := factors.Subject{
		UserID: u.ID, Username: u.Username, Email: u.Email, Name: u.Name, Phone: u.PhoneNumber, Locale: u.Locale,
		SecondFactor: len(a.multifactor(has[u.ID])) > 0, Now: a.Now(),
	}
	fresh, _, err := a.Factors.Get(factors.Password).Enroll(ctx, s, factors.Answer{"password": password})
	var rejected *factors.Rejection
	if errors.As(err, &rejected) {
		why := strings.ReplaceAll(strings.TrimPrefix(rejected.Message, "password."), "_", " ")
		return nil, refusal(http.StatusBadRequest, "invalid_body", "PasswordStrengthError: Password is too weak: "+why)
	}
	if err != nil {
		return nil, err
	}
	fresh.ID, fresh.UserID = storage.NewID("aut"), u.ID
	return fresh, nil
}
