package management_test

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/factors/email"
	"github.com/sallyport-id/sallyport/factors/otp"
	"github.com/sallyport-id/sallyport/factors/password"
	"github.com/sallyport-id/sallyport/factors/sms"
	"github.com/sallyport-id/sallyport/factors/voice"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
	"github.com/sallyport-id/sallyport/storage/storagetest"
)

const secret = "JBSWY3DPEHPK3PXP"

// An importing is a database that people come to.
type importing struct {
	*management.UserImport
	t        *testing.T
	failures []management.ImportFailure
}

func openImporting(t *testing.T, engine string) *importing {
	t.Helper()
	registry, err := factors.Open(factors.Env{Now: time.Now}, map[string]factors.Config{
		factors.Password: password.Defaults(), factors.OTP: otp.Defaults(), factors.SMS: sms.Defaults(),
		factors.Voice: voice.Defaults(), factors.Email: email.Defaults(),
	})
	if err != nil {
		t.Fatal(err)
	}
	im := &importing{t: t}
	im.UserImport = &management.UserImport{
		DB: storagetest.Open(t, engine), Factors: registry, Now: time.Now, Actor: "admin:test",
		Failed: func(f management.ImportFailure) { im.failures = append(im.failures, f) },
	}
	return im
}

// run imports text, whole, and returns how it went.
func (im *importing) run(text string) storage.Import {
	im.t.Helper()
	im.failures = nil
	at, err := im.Run(im.t.Context(), management.ImportSource{R: strings.NewReader(text)})
	if err != nil {
		im.t.Fatal(err)
	}
	return at
}

// codes are the errors of the last run, by code and path.
func (im *importing) codes() string {
	var all []string
	for _, f := range im.failures {
		for _, e := range f.Errors {
			all = append(all, strings.TrimSpace(e.Code+" "+e.Path))
		}
	}
	return strings.Join(all, ", ")
}

func (im *importing) person(name string) *storage.Person {
	im.t.Helper()
	p, err := im.DB.PersonByLogin(im.t.Context(), name)
	if err != nil {
		im.t.Fatalf("%s: %v", name, err)
	}
	return p
}

func factorsOf(p *storage.Person) string {
	var names []string
	for _, a := range p.Authenticators {
		if !a.Usable() {
			names = append(names, "unusable")
		}
		names = append(names, a.Factor)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// signsIn reports whether a password is the person's.
func (im *importing) signsIn(p *storage.Person, typed string) bool {
	im.t.Helper()
	for _, a := range p.Authenticators {
		if a.Factor == factors.Password {
			_, err := im.Factors.Get(factors.Password).Verify(im.t.Context(), factors.Subject{Now: time.Now()}, a, nil, factors.Answer{"password": typed})
			return err == nil
		}
	}
	return false
}

// mfa_factors with all three come over; what is wrong is reported in Auth0's words, and
// the person comes without them.
func TestRow63ImportFactors(t *testing.T) {
	im := openImporting(t, "sqlite")
	eleven := "[" + strings.TrimSuffix(strings.Repeat(`{"totp":{"secret":"`+secret+`"}},`, 11), ",") + "]"
	for name, c := range map[string]struct{ factors, want, failed string }{
		"all three":  {`[{"totp":{"secret":"2PRXZWZAYYDAWCD"}},{"phone":{"value":"+436601234567"}},{"email":{"value":"other@example.org"}}]`, "email otp sms voice", ""},
		"own mail":   {`[{"email":{"value":"Own-Mail@example.com"}}]`, "", ""},
		"twice":      {`[{"totp":{"secret":"` + secret + `"}},{"totp":{"secret":"` + secret + `"}}]`, "otp", ""},
		"eleven":     {eleven, "", "MFA_FACTORS_FAILED mfa_factors"},
		"none":       {`[]`, "", "MFA_FACTORS_FAILED mfa_factors"},
		"bad base32": {`[{"totp":{"secret":"JBSWY3DPEHPK3PX1"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0].totp.secret"},
		"small":      {`[{"totp":{"secret":"jbswy3dpehpk3pxp"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0].totp.secret"},
		"short":      {`[{"totp":{"secret":"JBSWY3DP"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0]"},
		"two keys":   {`[{"phone":{"value":"+436601234567"}},{"totp":{"secret":"` + secret + `"},"email":{"value":"a@example.com"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[1]"},
		"other keys": {`[{"duo":{}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0]"},
		"no plus":    {`[{"phone":{"value":"436601234567"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0].phone.value"},
		"no number":  {`[{"phone":{"value":"+999"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0]"},
		"no mailbox": {`[{"email":{"value":"nobody"}}]`, "", "MFA_FACTORS_FAILED mfa_factors[0].email.value"},
		"no array":   {`{"totp":{}}`, "", "MFA_FACTORS_FAILED mfa_factors"},
	} {
		address := strings.ReplaceAll(name, " ", "-") + "@example.com"
		at := im.run(fmt.Sprintf(`[{"email":%q,"email_verified":true,"given_name":"Kept","mfa_factors":%s}]`, address, c.factors))
		if got := im.codes(); got != c.failed || at.Inserted != 1 || at.Failed != int64(len(im.failures)) {
			t.Errorf("%s: errors %q, want %q; %+v", name, got, c.failed, at)
		}
		for _, f := range im.failures {
			if !f.Kept || !strings.HasPrefix(f.Errors[0].Message, "Unable to import factors") || strings.Contains(string(f.User), secret) {
				t.Errorf("%s: %s %+v", name, f.User, f)
			}
		}
		p := im.person(address)
		if p.GivenName != "Kept" || factorsOf(p) != c.want {
			t.Errorf("%s: %s with %q, want %q", name, p.GivenName, factorsOf(p), c.want)
		}
	}
}

// Upsert changes what Auth0's does, and adds factors that are not there yet.
func TestRow63ImportUpsert(t *testing.T) {
	im := openImporting(t, "sqlite")
	one := `[{"user_id":"1","email":"anna@example.com","username":"anna","name":"Anna","app_metadata":{"a":1},"mfa_factors":[{"totp":{"secret":"` + secret + `"}}]}]`
	im.run(one)
	if at := im.run(one); at.Failed != 1 || im.codes() != "DUPLICATED_USER email" {
		t.Errorf("again: %+v %s", at, im.codes())
	}
	im.Upsert = true
	at := im.run(`[{"email":"ANNA@example.com","name":"Anna B.","blocked":true,"email_verified":true,"app_metadata":{"b":2},"password_hash":"` + hashOf(t, "right horse") + `",
		"mfa_factors":[{"totp":{"secret":"` + secret + `"}},{"phone":{"value":"+436601234567"}}]},
		{"email":"anna@example.com","name":"again"},{"email":"bert@example.com"}]`)
	if at.Updated != 1 || at.Inserted != 1 || at.Failed != 1 || im.codes() != "DUPLICATED_USER email" {
		t.Errorf("upsert: %+v %s", at, im.codes())
	}
	p := im.person("anna")
	if p.ID != "auth0|1" || p.Name != "Anna B." || p.Blocked || !p.EmailVerified || string(p.AppMetadata) != `{"b":2}` || factorsOf(p) != "otp password sms voice" {
		t.Errorf("%+v with %s", p.User, factorsOf(p))
	}
	if !im.signsIn(p, "right horse") {
		t.Error("the password is not theirs")
	}

	custom := func(password string) string {
		return `[{"email":"anna@example.com","custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"` + hashOf(t, password) + `"}}}]`
	}
	im.run(custom("second horse"))
	if p = im.person("anna"); !im.signsIn(p, "second horse") || im.signsIn(p, "right horse") {
		t.Error("a hash that nobody used was not replaced")
	}
	if err := im.DB.NoteSignIn(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	im.run(custom("third horse"))
	if p = im.person("anna"); !im.signsIn(p, "second horse") {
		t.Error("the password of somebody who signed in was replaced")
	}
	at = im.run(`[{"user_id":"auth0|1","email":"bert@example.com"}]`)
	if at.Failed != 1 || im.codes() != "CONFLICT user_id" {
		t.Errorf("two people in one: %s", im.codes())
	}
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

// Every form of a hash that can be checked here lets its person in; the others are
// refused, or left where that is asked for.
func TestImportHashes(t *testing.T) {
	const typed = "correct horse"
	im := openImporting(t, "sqlite")
	b64 := base64.RawStdEncoding
	salt := []byte{0xfb, 0xff, 1, 2, 3, 4, 5, 6, 7, 8}
	long, err := pbkdf2.Key(sha512.New, typed, salt, 1000, 64)
	if err != nil {
		t.Fatal(err)
	}
	scrypted, err := scrypt.Key([]byte(typed), []byte("abc123"), 1<<10, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	good := map[string]string{
		"hash":    `"password_hash":"` + hashOf(t, typed) + `"`,
		"export":  `"passwordHash":"` + hashOf(t, typed) + `"`,
		"bcrypt":  `"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"` + strings.Replace(hashOf(t, typed), "$2a$", "$2y$", 1) + `","encoding":"utf8"}}`,
		"argon2":  `"custom_password_hash":{"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$` + argon(typed) + `"}}`,
		"pbkdf2":  `"custom_password_hash":{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha512$i=1000,l=64$` + b64.EncodeToString(salt) + "$" + b64.EncodeToString(long) + `"}}`,
		"scrypt":  `"custom_password_hash":{"algorithm":"scrypt","hash":{"value":"` + hex.EncodeToString(scrypted) + `","encoding":"hex"},"salt":{"value":"abc123"},"keylen":32,"cost":1024}`,
		"scrypt2": `"custom_password_hash":{"algorithm":"scrypt","hash":{"value":"` + base64.URLEncoding.EncodeToString(scrypted) + `","encoding":"base64"},"salt":{"value":"YWJjMTIz","encoding":"base64"},"keylen":32,"cost":1024}`,
	}
	for name, field := range good {
		im.run(`[{"email":"` + name + `@example.com",` + field + `}]`)
		if im.codes() != "" || !im.signsIn(im.person(name+"@example.com"), typed) {
			t.Errorf("%s: %v", name, im.failures)
		}
	}
	bad := map[string][2]string{
		"md5":     {`"custom_password_hash":{"algorithm":"md5","hash":{"value":"5f4dcc3b5aa765d61d8327deb882cf99","encoding":"hex"}}`, "custom_password_hash.algorithm"},
		"ldap":    {`"custom_password_hash":{"algorithm":"ldap","hash":{"value":"{SSHA}x"}}`, "custom_password_hash.algorithm"},
		"hmac":    {`"custom_password_hash":{"algorithm":"hmac","hash":{"value":"cg7f","encoding":"base64","digest":"sha1","key":{"value":"k"}}}`, "custom_password_hash.algorithm"},
		"salted":  {`"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"` + hashOf(t, typed) + `"},"salt":{"value":"x"}}`, "custom_password_hash.salt"},
		"ucs2":    {`"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"` + hashOf(t, typed) + `"},"password":{"encoding":"ucs2"}}`, "custom_password_hash.password.encoding"},
		"md4":     {`"custom_password_hash":{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-md4$i=1,l=1$YQ$YQ"}}`, "custom_password_hash.hash.value"},
		"length":  {`"custom_password_hash":{"algorithm":"pbkdf2","hash":{"value":"$pbkdf2-sha512$i=1000,l=32$YQ$` + b64.EncodeToString(long) + `"}}`, "custom_password_hash.hash.value"},
		"keylen":  {`"custom_password_hash":{"algorithm":"scrypt","hash":{"value":"00","encoding":"hex"},"salt":{"value":"abc123"},"keylen":32}`, "custom_password_hash.keylen"},
		"costly":  {`"custom_password_hash":{"algorithm":"argon2","hash":{"value":"$argon2id$v=19$m=4194304,t=2,p=1$YQ$YQ"}}`, "custom_password_hash"},
		"plain":   {`"password_hash":"hunter2"`, "password_hash"},
		"crypt":   {`"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":"$1$abc$def"}}`, "custom_password_hash.hash.value"},
		"several": {`"password_hash":"` + hashOf(t, typed) + `","passwordHash":"` + hashOf(t, typed) + `"`, "password_hash"},
	}
	for name, c := range bad {
		at := im.run(`[{"email":"` + name + `@bad.example",` + c[0] + `}]`)
		if im.codes() != "NOT_PASSED "+c[1] || at.Inserted != 0 {
			t.Errorf("%s: %q, want NOT_PASSED %s", name, im.codes(), c[1])
		}
	}
	im.WithoutPasswords = true
	at := im.run(`[{"email":"md5@bad.example",` + bad["md5"][0] + `}]`)
	if p := im.person("md5@bad.example"); at.Inserted != 1 || factorsOf(p) != "" || im.Left["custom_password_hash.algorithm"] != 1 {
		t.Errorf("without passwords: %+v %v", at, im.Left)
	}
}

func TestImportRecords(t *testing.T) {
	im := openImporting(t, "sqlite")
	at := im.run(`{"_id":{"$oid":"65a"},"email":"a@example.com","passwordHash":"` + hashOf(t, "correct horse") + `","connection":"db"}

not json
{"email":42}
{"user_id":"x"}
{"email":"no address"}
{"email":"b@example.com","app_metadata":[]}
{"email":"c@example.com","user_id":"` + strings.Repeat("x", 60) + `"}
{"email":"d@example.com","user_id":"a b"}
{"user_id":"google-oauth2|7","email":"e@example.com","identities":[{"provider":"google-oauth2"}],"created_at":"2019-02-03T04:05:06.789Z","logins_count":3}
{"email":"E@example.com"}
["x"]`)
	want := "INVALID_TYPE, INVALID_TYPE email, OBJECT_REQUIRED email, INVALID_FORMAT email, INVALID_TYPE app_metadata, MAX_LENGTH user_id, PATTERN user_id, INVALID_TYPE, DUPLICATED_USER email"
	if got := im.codes(); got != want {
		t.Errorf("errors\n%s, want\n%s", got, want)
	}
	if at.Records != 11 || at.Inserted != 2 || at.Failed != 9 {
		t.Errorf("%+v", at)
	}
	if p := im.person("a@example.com"); p.ID != "auth0|65a" || factorsOf(p) != "password" {
		t.Errorf("%+v", p.User)
	}
	if p := im.person("e@example.com"); p.ID != "google-oauth2|7" || p.CreatedAt.Year() != 2019 {
		t.Errorf("%+v", p.User)
	}
	if im.Left["logins_count"] != 1 || im.Left["identities of google-oauth2"] != 1 || im.Left["connection"] != 1 {
		t.Errorf("left: %v", im.Left)
	}
	list, err := im.DB.Events(t.Context(), storage.EventFilter{Type: "user.created"})
	if err != nil || len(list) != 2 || list[0].Actor != "admin:test" || list[0].UserID == "" {
		t.Errorf("%d events, %v", len(list), err)
	}
}

// people are n records, in one of both forms.
func people(n int, array bool) string {
	var b bytes.Buffer
	for i := range n {
		switch {
		case !array:
		case i == 0:
			b.WriteString("[\n  ")
		default:
			b.WriteString(" ,\n  ")
		}
		fmt.Fprintf(&b, `{"user_id":"auth0|%d","email":"p%d@example.com","mfa_factors":[{"totp":{"secret":%q}}]}`, i, i, secret)
		if !array {
			b.WriteString("\n")
		}
	}
	if array {
		b.WriteString("\n]\n")
	}
	return b.String()
}

// An import that ends anywhere goes on where it was and counts nobody twice.
func TestImportGoesOn(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, array := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s array=%t", engine, array), func(t *testing.T) {
				im := openImporting(t, engine)
				text := people(700, array)
				src := func() management.ImportSource {
					return management.ImportSource{ID: "file", R: strings.NewReader(text)}
				}
				var at storage.Import
				runs := 0
				for {
					ctx, cancel := context.WithCancel(t.Context())
					im.Progress = func(storage.Import) { cancel() } // after each batch
					var err error
					at, err = im.Run(ctx, src())
					runs++
					if !errors.Is(err, context.Canceled) {
						if err != nil {
							t.Fatal(err)
						}
						break
					}
				}
				if runs != 4 || at.Records != 700 || at.Inserted != 700 || at.Failed != 0 || at.DoneAt.IsZero() {
					t.Errorf("%d runs: %+v %v", runs, at, im.failures)
				}
				if _, err := im.Run(t.Context(), src()); !errors.Is(err, management.ErrImported) {
					t.Errorf("once more: %v", err)
				}
				if p := im.person("p699@example.com"); p.ID != "auth0|699" || factorsOf(p) != "otp" {
					t.Errorf("%+v", p.User)
				}
			})
		}
	}
}

// One who is refused by the database alone keeps nobody else out.
func TestImportRefusedByOne(t *testing.T) {
	im := openImporting(t, "sqlite")
	im.run(`[{"user_id":"1","email":"gone@example.com"}]`)
	if err := im.DB.DeleteUser(t.Context(), "auth0|1"); err != nil {
		t.Fatal(err)
	}
	at := im.run(`[{"email":"a@example.com"},{"user_id":"1","email":"gone@example.com"},{"email":"b@example.com","name":"\u0000"},{"email":"c@example.com","extra":1}]`)
	if at.Inserted != 2 || im.codes() != "CONFLICT, CONFLICT" || im.Left["extra"] != 1 {
		t.Errorf("%+v %s %v", at, im.codes(), im.Left)
	}
}

// What cannot be read on ends the import; what was before is stored.
func TestImportBroken(t *testing.T) {
	for name, text := range map[string]string{
		"cut":      `[{"email":"a@example.com"},{"email":"b@exam`,
		"no comma": `[{"email":"a@example.com"} {"email":"b@example.com"}]`,
		"unended":  `[{"email":"a@example.com"}`,
		"huge":     `[{"email":"a@example.com"},{"email":"b@example.com","name":"` + strings.Repeat("x", 3<<20) + `"}]`,
		"lines":    `{"email":"a@example.com"}` + "\n" + `{"email":"b@example.com","name":"` + strings.Repeat("x", 3<<20) + `"}`,
	} {
		im := openImporting(t, "sqlite")
		at, err := im.Run(t.Context(), management.ImportSource{ID: "file", R: strings.NewReader(text)})
		var broken *management.ImportSyntax
		if !errors.As(err, &broken) || at.Inserted != 1 || broken.Record != 1 {
			t.Errorf("%s: %+v, %v", name, at, err)
		}
	}
}

// A trial stores nothing and says the same.
func TestImportDry(t *testing.T) {
	im := openImporting(t, "sqlite")
	im.Dry = true
	text := `[{"email":"a@example.com"},{"email":"a@example.com"},{"email":"b"}]`
	at, err := im.Run(t.Context(), management.ImportSource{ID: "file", R: strings.NewReader(text)})
	if err != nil || at.Inserted != 1 || im.codes() != "INVALID_FORMAT email, DUPLICATED_USER email" {
		t.Errorf("%+v %s %v", at, im.codes(), err)
	}
	list, err := im.DB.Users(t.Context(), storage.UserFilter{})
	if err != nil || len(list) != 0 {
		t.Errorf("%d people are stored, %v", len(list), err)
	}
	b, err := json.Marshal(im.failures[0])
	if err != nil || string(b) != `{"user":{"email":"b"},"errors":[{"code":"INVALID_FORMAT","message":"Error in email property - Object didn't pass validation for format email: b","path":"email"}]}` {
		t.Errorf("%s, %v", b, err)
	}
}

func argon(typed string) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(typed), []byte("0123456789abcdef"), 1, 64, 1, 32))
}
