package management

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// maxUserID is what a passkey can carry (WebAuthn §5.4.3), in bytes.
const maxUserID = 64

// auth0User is a record in the schema of Auth0's bulk import, and in what its exports
// write.
type auth0User struct {
	UserID        string          `json:"user_id"`
	Email         *string         `json:"email"`
	EmailVerified *bool           `json:"email_verified"`
	Username      string          `json:"username"`
	Name          *string         `json:"name"`
	GivenName     *string         `json:"given_name"`
	FamilyName    *string         `json:"family_name"`
	Nickname      *string         `json:"nickname"`
	Picture       *string         `json:"picture"`
	Phone         *string         `json:"phone_number"`
	PhoneVerified *bool           `json:"phone_verified"`
	Blocked       bool            `json:"blocked"`
	UserMetadata  json.RawMessage `json:"user_metadata"`
	AppMetadata   json.RawMessage `json:"app_metadata"`
	PasswordHash  string          `json:"password_hash"`
	CustomHash    json.RawMessage `json:"custom_password_hash"`
	MFAFactors    json.RawMessage `json:"mfa_factors"`
	CreatedAt     json.RawMessage `json:"created_at"`
	Identities    []struct {
		Provider string `json:"provider"`
	} `json:"identities"`
	// Roles are ours: Auth0 exports none.
	Roles []string `json:"roles"`

	// The support's export of password hashes has these two.
	ExportedHash string `json:"passwordHash"`
	ExportedID   struct {
		OID string `json:"$oid"`
	} `json:"_id"`
}

// auth0Fields are those that are read; the others are counted and left.
var auth0Fields = []string{
	"_id", "app_metadata", "blocked", "created_at", "custom_password_hash", "email", "email_verified", "family_name",
	"given_name", "identities", "mfa_factors", "name", "nickname", "passwordHash", "password_hash", "phone_number",
	"phone_verified", "picture", "roles", "user_id", "user_metadata", "username",
}

// readAuth0 understands one record of Auth0's.
func (im *UserImport) readAuth0(r *record) (*incoming, *ImportError) {
	var one auth0User
	if err := json.Unmarshal(r.text, &one); err != nil {
		return nil, typeFault(err)
	}
	if im.WithoutRoles && len(one.Roles) > 0 {
		return nil, &ImportError{Code: "OBJECT_ADDITIONAL_PROPERTIES", Message: "Additional properties not allowed: roles", Path: "roles"}
	}
	im.count(r.text, &one)
	u, fault := one.user()
	if fault == nil && im.Bounded {
		fault = one.unbounded()
	}
	if fault != nil {
		return nil, fault
	}
	in := &incoming{record: r, user: u, apply: one.apply, renewing: len(one.CustomHash) > 0}
	if in.password, fault = im.password(&one); fault != nil {
		return nil, fault
	}
	var err error
	if in.seconds, err = im.mfaFactors(one.MFAFactors, u); err != nil {
		in.seconds = nil
		in.faults = append(in.faults, asMFAFailed(err))
	}
	return in, nil
}

func typeFault(err error) *ImportError {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return &ImportError{Code: "INVALID_TYPE", Message: "Expected another type than " + wrong.Value + ".", Path: wrong.Field}
	}
	return &ImportError{Code: "INVALID_TYPE", Message: "The record is not an object."}
}

// count notes what of a record has no place here.
func (im *UserImport) count(text []byte, one *auth0User) {
	for _, identity := range one.Identities {
		if identity.Provider != "auth0" {
			im.leave("identities of " + identity.Provider)
		}
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(text, &all) != nil {
		return
	}
	for name := range all {
		if !slices.Contains(auth0Fields, name) {
			im.leave(name)
		}
	}
}

// maxLeft bounds the names in Left, which are of whoever wrote the file.
const maxLeft = 100

func (im *UserImport) leave(name string) {
	if _, ok := im.Left[name]; ok || len(im.Left) < maxLeft {
		im.Left[name]++
	}
}

// user is the person as a new one.
func (one *auth0User) user() (*storage.User, *ImportError) {
	u := &storage.User{ID: one.id(), Username: one.Username, Blocked: one.Blocked, Roles: one.Roles, CreatedAt: one.created()}
	one.apply(u)
	if one.Email != nil {
		u.Email = *one.Email
	}
	if u.Username == "" {
		u.Username = u.Email
	}
	switch {
	case storage.Normalise(u.Username) == "":
		return nil, &ImportError{Code: "OBJECT_REQUIRED", Message: "Missing required property: email", Path: "email"}
	case u.Email != "" && !mailAddress(u.Email):
		return nil, &ImportError{Code: "INVALID_FORMAT", Message: "Error in email property - Object didn't pass validation for format email: " + u.Email, Path: "email"}
	case len(u.ID) > maxUserID:
		return nil, &ImportError{Code: "MAX_LENGTH", Message: "It has more than 64 bytes, which no passkey can carry.", Path: "user_id"}
	case strings.ContainsFunc(u.ID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, &ImportError{Code: "PATTERN", Message: "It has other characters than printable ASCII.", Path: "user_id"}
	}
	for path, text := range map[string]json.RawMessage{"user_metadata": u.UserMetadata, "app_metadata": u.AppMetadata} {
		if len(text) > 0 && text[0] != '{' {
			return nil, &ImportError{Code: "INVALID_TYPE", Message: "Expected an object.", Path: path}
		}
	}
	return u, nil
}

// unbounded is what of the metadata is more, or other, than the API of users takes.
func (one *auth0User) unbounded() *ImportError {
	for path, text := range map[string]json.RawMessage{"user_metadata": one.UserMetadata, "app_metadata": one.AppMetadata} {
		switch {
		case len(text) > metadataSize:
			return &ImportError{Code: "MAX_LENGTH", Message: "It has more than 64 KiB; keep large things elsewhere.", Path: path}
		case !utf8.Valid(text) || bytes.Contains(text, []byte(`\u0000`)):
			return &ImportError{Code: "INVALID_FORMAT", Message: "It has characters that no text may have.", Path: path}
		}
	}
	return nil
}

// id is the person's, as applications know it: an import puts the name of the database's
// kind ahead, an export has it. Ids of ours stay what they are.
func (one *auth0User) id() string {
	id := one.UserID
	if id == "" {
		id = one.ExportedID.OID
	}
	if id == "" || strings.Contains(id, "|") || strings.HasPrefix(id, "usr_") {
		return id
	}
	return "auth0|" + id
}

// created is when the account was made there; zero where that is not said.
func (one *auth0User) created() time.Time {
	var at time.Time
	if json.Unmarshal(one.CreatedAt, &at) != nil {
		return time.Time{}
	}
	return at
}

// apply puts what Auth0 changes of people who are there onto u.
func (one *auth0User) apply(u *storage.User) {
	for field, value := range map[*string]*string{
		&u.Name: one.Name, &u.GivenName: one.GivenName, &u.FamilyName: one.FamilyName, &u.Nickname: one.Nickname,
		&u.Picture: one.Picture, &u.PhoneNumber: one.Phone,
	} {
		if value != nil {
			*field = *value
		}
	}
	for field, value := range map[*bool]*bool{&u.EmailVerified: one.EmailVerified, &u.PhoneNumberVerified: one.PhoneVerified} {
		if value != nil {
			*field = *value
		}
	}
	for field, value := range map[*json.RawMessage]json.RawMessage{&u.UserMetadata: one.UserMetadata, &u.AppMetadata: one.AppMetadata} {
		if len(value) > 0 && !bytes.Equal(value, []byte("null")) {
			*field = value
		}
	}
}

// password is what the person signs in with, nil where the record has no hash.
func (im *UserImport) password(one *auth0User) (*factors.Authenticator, *ImportError) {
	given := map[string]string{}
	for path, hash := range map[string]string{"password_hash": one.PasswordHash, "passwordHash": one.ExportedHash} {
		if hash != "" {
			given[path] = hash
		}
	}
	path := "custom_password_hash"
	if len(one.CustomHash) > 0 && !bytes.Equal(one.CustomHash, []byte("null")) {
		encoded, err := crypted(one.CustomHash)
		if err != nil {
			return im.noPassword(path+err.path, err.why)
		}
		given[path] = encoded
	}
	if len(given) == 0 {
		return nil, nil
	}
	paths := slices.Sorted(maps.Keys(given))
	if len(paths) > 1 {
		return nil, &ImportError{Code: "NOT_PASSED", Message: "There are several password hashes; give one.", Path: paths[1]}
	}
	path = paths[0]
	importer, ok := im.Factors.Get(factors.Password).(factors.Importer)
	if !ok {
		return nil, &ImportError{Code: "NOT_PASSED", Message: "There are no passwords here.", Path: path}
	}
	a, err := importer.Import(factors.Answer{"hash": given[path]}, im.Now())
	if err != nil {
		return im.noPassword(path, err.Error())
	}
	return a, nil
}

// noPassword is what becomes of a hash that cannot be checked here.
func (im *UserImport) noPassword(path, why string) (*factors.Authenticator, *ImportError) {
	if im.WithoutPasswords {
		im.leave(path)
		return nil, nil
	}
	return nil, &ImportError{Code: "NOT_PASSED", Message: why + "; import without passwords, and these people set a new one", Path: path}
}
