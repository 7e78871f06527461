package management

import (
	"context"
	"net/http"
	"reflect"
	"strings"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// A userChange is the body of PATCH: what is absent stays.
type userChange struct {
	Profile
	Blocked           *bool   `json:"blocked,omitempty" doc:"true ends sessions and tokens too"`
	Username          *string `json:"username,omitempty" minLength:"1" maxLength:"128"`
	Email             *string `json:"email,omitempty" minLength:"3" maxLength:"320" doc:"another one is not verified, unless email_verified says so"`
	EmailVerified     *bool   `json:"email_verified,omitempty"`
	PhoneNumber       *string `json:"phone_number,omitempty" maxLength:"16"`
	PhoneVerified     *bool   `json:"phone_verified,omitempty"`
	Password          *string `json:"password,omitempty" minLength:"1" maxLength:"1024" doc:"ends sessions and tokens too"`
	VerifyEmail       *bool   `json:"verify_email,omitempty" doc:"mail a link to prove the address"`
	VerifyPhoneNumber *bool   `json:"verify_phone_number,omitempty"`
	Connection        string  `json:"connection,omitempty" maxLength:"128"`
	ClientID          string  `json:"client_id,omitempty" maxLength:"128" doc:"of no meaning: mails are the same for every application"`
}

// mayPatch holds a caller to what their scope is about.
func (a *API) mayPatch(ctx context.Context, id string, c *userChange) error {
	caller := callerOf(ctx)
	rest := *c // the other members
	rest.AppMetadata, rest.Connection, rest.ClientID = Optional[Metadata]{}, "", ""
	switch {
	case caller.May("update:users"),
		caller.May("update:users_app_metadata") && reflect.ValueOf(rest).IsZero():
		return nil
	}
	return refusal(http.StatusForbidden, "insufficient_scope", "Insufficient scope, expected any of: update:users")
}

func (a *API) patchUser(ctx context.Context, in *struct {
	UserPath
	Body userChange
},
) (*struct{ Body *userView }, error) {
	c := &in.Body
	if err := a.mayPatch(ctx, in.ID, c); err != nil {
		return nil, err
	}
	switch {
	case c.Connection != "" && c.Connection != a.Connection:
		return nil, refusal(http.StatusBadRequest, "inexistent_connection", "The connection does not exist.")
	case c.VerifyPhoneNumber != nil && *c.VerifyPhoneNumber:
		return nil, impossible("no message proves a phone number here; set phone_verified, or have the user enrol the number")
	}
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	blocked := u.Blocked
	if err := c.apply(u); err != nil {
		return nil, err
	}
	var password *storage.Authenticator
	if c.Password != nil {
		if password, err = a.newPassword(ctx, u, *c.Password); err != nil {
			return nil, err
		}
		u.PasswordExpired = false
	}
	err = a.change(ctx, storage.Event{Type: "user.changed", UserID: u.ID, Data: map[string]any{"by": "api", "fields": c.fields()}}, func(ctx context.Context) error {
		return a.storePatch(ctx, u, password, blocked)
	})
	if err == nil && c.VerifyEmail != nil && *c.VerifyEmail && u.Email != "" && !u.EmailVerified && !u.Blocked {
		err = a.mailVerification(ctx, u)
	}
	if err != nil {
		return nil, err
	}
	v, err := a.viewedUser(ctx, u.ID)
	return &struct{ Body *userView }{v}, err
}

// storePatch writes a changed user with what follows from the change. blocked is what the
// user was.
func (a *API) storePatch(ctx context.Context, u *storage.User, password *storage.Authenticator, blocked bool) error {
	if err := a.DB.UpdateUser(ctx, u); err != nil {
		return userExists(err)
	}
	var events []*storage.Event
	tell := func(kind string) { events = append(events, &storage.Event{Type: kind, UserID: u.ID}) }
	if u.Blocked != blocked {
		tell(map[bool]string{true: "user.blocked", false: "user.unblocked"}[u.Blocked])
	}
	if password != nil {
		old, err := a.DB.Authenticators(ctx, u.ID)
		if err != nil {
			return err
		}
		for _, o := range old {
			if o.Factor != factors.Password {
				continue
			}
			if err := a.DB.DeleteAuthenticator(ctx, o.ID); err != nil {
				return err
			}
		}
		if err := a.DB.CreateAuthenticator(ctx, password); err != nil {
			return err
		}
		tell("password.changed")
	}
	if u.Blocked && !blocked || password != nil {
		if err := a.signOut(ctx, u.ID); err != nil {
			return err
		}
	}
	for _, e := range events {
		a.desk(ctx).sign(e)
	}
	return a.DB.AddEvents(ctx, events...)
}

// signOut ends what a user has open: sessions and tokens.
func (a *API) signOut(ctx context.Context, id string) error {
	if err := a.DB.EndSessions(ctx, id, ""); err != nil {
		return err
	}
	return a.DB.RevokeUserGrants(ctx, id)
}

// apply puts the change into u, all but the password.
func (c *userChange) apply(u *storage.User) error {
	unnamed := u.Username == u.Email || u.Username == u.PhoneNumber // and so called by it
	if c.Email != nil && *c.Email != u.Email {
		if unnamed && u.Username == u.Email {
			u.Username = *c.Email
		}
		u.Email, u.EmailVerified = *c.Email, false
	}
	if c.PhoneNumber != nil && *c.PhoneNumber != u.PhoneNumber {
		if unnamed && u.Username == u.PhoneNumber {
			u.Username = *c.PhoneNumber
		}
		u.PhoneNumber, u.PhoneNumberVerified = *c.PhoneNumber, false
	}
	for field, to := range map[*bool]*bool{&u.EmailVerified: c.EmailVerified, &u.PhoneNumberVerified: c.PhoneVerified, &u.Blocked: c.Blocked} {
		if to != nil {
			*field = *to
		}
	}
	if c.Username != nil {
		u.Username = *c.Username
	}
	if storage.Normalise(u.Username) == "" {
		return invalid("username", "would be empty; give one")
	}
	if err := validateContacts(u.Email, u.PhoneNumber); err != nil {
		return err
	}
	return c.Profile.apply(u)
}

// fields names what the change is about, for the audit log.
func (c *userChange) fields() string {
	p := &c.Profile
	var names []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"app_metadata", p.AppMetadata.Set}, {"blocked", c.Blocked != nil}, {"email", c.Email != nil}, {"email_verified", c.EmailVerified != nil},
		{"family_name", p.FamilyName.Set}, {"given_name", p.GivenName.Set}, {"name", p.Name.Set}, {"nickname", p.Nickname.Set},
		{"password", c.Password != nil}, {"phone_number", c.PhoneNumber != nil}, {"phone_verified", c.PhoneVerified != nil},
		{"picture", p.Picture.Set}, {"user_metadata", p.UserMetadata.Set}, {"username", c.Username != nil},
	} {
		if f.set {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, " ")
}
