package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// importUsers sends the form of an import, with users in a file.
func (x *tenant) importUsers(scopes, users string, fields map[string]string) reply {
	x.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if _, ok := fields["connection_id"]; !ok {
		_ = form.WriteField("connection_id", "con_default") // a buffer takes everything
	}
	for name, value := range fields {
		_ = form.WriteField(name, value)
	}
	file, err := form.CreateFormFile("users", "users.json")
	if err != nil {
		x.t.Fatal(err)
	}
	_, _ = io.WriteString(file, users)
	_ = form.Close()
	var got reply
	got.status = x.send(http.MethodPost, management.Base+"/jobs/users-imports", form.FormDataContentType(), &body, &got.body, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+x.token(strings.Fields(scopes)...))
	})
	return got
}

func jobOf(t testing.TB, got reply) string {
	t.Helper()
	id, _ := got.object(t)["id"].(string)
	if !strings.HasPrefix(id, "job_") || got.object(t)["status"] != "pending" {
		t.Fatalf("no job: %+v", got)
	}
	return "/jobs/" + id
}

// TestRow63_64_Import: people come with a hash and second factors, and sign in with them.
func TestRow63_64_Import(t *testing.T) {
	x := newTenant(t, nil)
	const key, password = "JBSWY3DPEHPK3PXP", "correct horse battery staple"
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	users := fmt.Sprintf(`[
		{"email":"ada@example.com","user_id":"ada","email_verified":true,"custom_password_hash":{"algorithm":"bcrypt","hash":{"value":%q}},
		 "mfa_factors":[{"totp":{"secret":%q}},{"phone":{"value":"+4915123456789"}}],"app_metadata":{"plan":"gold"},"shoe_size":44},
		{"email":"bob@example.com","custom_password_hash":{"algorithm":"bcrypt","hash":{"value":%q}},"mfa_factors":[{"totp":{"secret":"1"}}]},
		{"email":"nobody"},
		{"email":"eve@example.com","roles":["admin"]}
	]`, hash, key, hash)
	for name, one := range map[string]struct {
		users  string
		fields map[string]string
		status int
	}{
		"no array":            {`{"email":"a@example.com"}`, nil, 400},
		"no JSON":             {`[{"email":`, nil, 400},
		"another connection":  {`[]`, map[string]string{"connection_id": "con_other"}, 400},
		"a field of nobody's": {`[]`, map[string]string{"colour": "red"}, 400},
		"a mail":              {`[]`, map[string]string{"send_completion_email": "true"}, 403},
		"upsert, no scope":    {`[]`, map[string]string{"upsert": "true"}, 403},
		"a large file":        {"[" + strings.Repeat(" ", 501<<10) + "]", nil, 413},
		"a huge one":          {"[" + strings.Repeat(" ", 900<<10) + "]", nil, 413},
	} {
		if got := x.importUsers("create:users", one.users, one.fields); got.status != one.status {
			t.Errorf("%s: %+v, want %d", name, got, one.status)
		}
	}
	x.may("create:users", 415, "POST", "/jobs/users-imports", `{"users":[]}`)

	got := x.importUsers("create:users", users, map[string]string{"external_id": "batch 7", "upsert": "false", "send_completion_email": "false"})
	if got.status != 202 || fieldsOf(got.object(t)) != "connection connection_id created_at external_id id status type upsert" {
		t.Fatalf("%+v", got)
	}
	at := jobOf(t, got)
	x.importUsers("create:users", "[ ]", nil)
	if got := x.importUsers("create:users", "[]", nil); got.status != 429 {
		t.Errorf("a third at once: %+v", got)
	}
	x.built.admin.DoJobs(t.Context())
	done := x.may("read:users", 200, "GET", at, "").object(t)
	if summary, _ := done["summary"].(object); done["status"] != "completed" || done["percentage_done"] != 100.0 || done["time_left_seconds"] != 0.0 ||
		summary["inserted"] != 2.0 || summary["failed"] != 3.0 || summary["updated"] != 0.0 || summary["total"] != 4.0 || done["external_id"] != "batch 7" {
		t.Errorf("%v", done)
	}
	if left, _ := done["ignored_fields"].(object); left["shoe_size"] != 1.0 {
		t.Errorf("left: %v", left)
	}
	var codes []string
	failures := x.may("create:users", 200, "GET", at+"/errors", "")
	for _, one := range failures.body.([]any) {
		first := one.(object)["errors"].([]any)[0].(object)
		codes = append(codes, fmt.Sprint(first["code"], " ", first["path"]))
	}
	if !slices.Equal(codes, []string{"INVALID_FORMAT email", "OBJECT_ADDITIONAL_PROPERTIES roles", "MFA_FACTORS_FAILED mfa_factors[0].totp.secret"}) {
		t.Errorf("errors %q", codes)
	}
	if text, _ := json.Marshal(failures.body); strings.Contains(string(text), string(hash)) {
		t.Errorf("a hash is told: %s", text)
	}
	x.may("read:clients", 403, "GET", at, "")
	x.may("read:users", 404, "GET", "/jobs/job_none", "")
	x.may("read:users", 404, "GET", "/jobs/job_none/errors", "")
	if e := x.events("job.done"); len(e) != 2 || !strings.HasPrefix(e[1].Actor, "client:admin") || e[1].Data["inserted"] != 2.0 || e[1].Data["failed"] != 3.0 {
		t.Errorf("%+v", e)
	}
	if left, err := x.house.db.JobParts(t.Context(), strings.TrimPrefix(at, "/jobs/"), "input", -1, 1); err != nil || len(left) != 0 {
		t.Errorf("the file is still there: %v, %v", left, err)
	}
	x.signsInImported(password, key)

	changed := `[{"email":"ada@example.com","given_name":"Ada","app_metadata":{"plan":"silver"}}]`
	at = jobOf(t, x.importUsers("create:users update:users", changed, map[string]string{"upsert": "true"}))
	x.built.admin.DoJobs(t.Context())
	done = x.may("read:users", 200, "GET", at, "").object(t)
	if summary, _ := done["summary"].(object); summary["updated"] != 1.0 {
		t.Errorf("%v", done)
	}
	if got := x.may("create:users", 204, "GET", at+"/errors", ""); got.body != nil {
		t.Errorf("%+v", got)
	}
	if u, err := x.house.db.UserByID(t.Context(), "auth0|ada"); err != nil || u.GivenName != "Ada" {
		t.Errorf("%+v, %v", u, err)
	}
	wide := fmt.Sprintf(`[{"email":"wide@example.com","app_metadata":{"a":%q}},{"email":"nul@example.com","user_metadata":{"a":"\u0000"}}]`, strings.Repeat("a", 65<<10))
	at = jobOf(t, x.importUsers("create:users", wide, nil))
	x.built.admin.DoJobs(t.Context())
	if got, _ := x.may("create:users", 200, "GET", at+"/errors", "").body.([]any); len(got) != 2 {
		t.Errorf("metadata without bounds: %d failures", len(got))
	}
	x.upsertsFactors()
	x.breaks()
	x.clock.ahead += 25 * time.Hour
	x.may("read:users", 404, "GET", at, "")
}

// upsertsFactors: who may not add second factors to people cannot do so by an import.
func (x *tenant) upsertsFactors() {
	x.t.Helper()
	const users = `[{"email":"ada@example.com","family_name":"Byron","mfa_factors":[{"totp":{"secret":"KRSXG5CTMVRXEZLU"}}]},
		{"email":"new@example.com","mfa_factors":[{"totp":{"secret":"KRSXG5CTMVRXEZLU"}}]}]`
	has := func(id string) (n int) {
		all, err := x.house.db.Authenticators(x.t.Context(), id)
		if err != nil {
			x.t.Fatal(err)
		}
		return len(all)
	}
	before := has("auth0|ada")
	at := jobOf(x.t, x.importUsers("create:users update:users", users, map[string]string{"upsert": "true"}))
	x.built.admin.DoJobs(x.t.Context())
	text, _ := json.Marshal(x.may("create:users", 200, "GET", at+"/errors", "").body)
	if has("auth0|ada") != before || strings.Count(string(text), "MFA_FACTORS_FAILED") != 1 || !strings.Contains(string(text), "create:authentication_methods") {
		x.t.Errorf("%d factors and %d before; %s", has("auth0|ada"), before, text)
	}
	ada, adaErr := x.house.db.UserByID(x.t.Context(), "auth0|ada")
	fresh, freshErr := x.house.db.UserByLogin(x.t.Context(), "new@example.com")
	if adaErr != nil || freshErr != nil || ada.FamilyName != "Byron" || has(fresh.ID) != 1 {
		x.t.Errorf("%+v, %v; %+v, %v", ada, adaErr, fresh, freshErr)
	}
	at = jobOf(x.t, x.importUsers("create:users update:users create:authentication_methods", users, map[string]string{"upsert": "true"}))
	x.built.admin.DoJobs(x.t.Context())
	x.may("create:users", 204, "GET", at+"/errors", "")
	if has("auth0|ada") != before+1 || has(fresh.ID) != 1 {
		x.t.Errorf("%d and %d factors", has("auth0|ada"), has(fresh.ID))
	}
}

// breaks: what breaks in a job ends the job and not the provider.
func (x *tenant) breaks() {
	x.t.Helper()
	registry := x.built.admin.Factors
	at := jobOf(x.t, x.importUsers("create:users", `[{"email":"zoe@example.com","mfa_factors":[{"totp":{"secret":"KRSXG5CTMVRXEZLU"}}]}]`, nil))
	x.built.admin.Factors = nil // asking it panics
	x.built.admin.DoJobs(x.t.Context())
	x.built.admin.Factors = registry
	if got := x.may("read:users", 200, "GET", at, "").object(x.t); got["status"] != "failed" || got["status_details"] != "It broke on our side." {
		x.t.Errorf("%v", got)
	}
}

// signsInImported is Ada at an application that asks for the password and a code itself.
func (x *tenant) signsInImported(password, key string) {
	x.t.Helper()
	secret := x.client("own", func(c *storage.Client) {
		c.Metadata.GrantTypes = []string{"password", "http://auth0.com/oauth/grant-type/mfa-otp"}
		c.Settings.FirstParty = true
	})
	token := func(form url.Values) object {
		var body object
		x.post("/oauth/token", form, &body, func(r *http.Request) { r.SetBasicAuth("own", secret) })
		return body
	}
	x.may("update:mfa_policies", 200, "PUT", "/guardian/policies", `["all-applications"]`)
	asked := token(url.Values{"grant_type": {"password"}, "username": {"ada@example.com"}, "password": {password}, "scope": {"openid"}})
	open, _ := asked["mfa_token"].(string)
	if open == "" {
		x.t.Fatalf("the imported hash: %v", asked)
	}
	code, err := totp.GenerateCode(key, x.clock.now())
	if err != nil {
		x.t.Fatal(err)
	}
	if got := token(url.Values{"grant_type": {"http://auth0.com/oauth/grant-type/mfa-otp"}, "mfa_token": {open}, "otp": {code}}); got["id_token"] == nil {
		x.t.Errorf("the imported secret: %v", got)
	}
}

// TestJobResumed: a node that died in the middle of an import keeps it until its lease has
// run out. Then another one goes on where it was.
func TestJobResumed(t *testing.T) {
	x := newTenant(t, nil)
	people := make([]string, 250)
	for i := range people {
		people[i] = fmt.Sprintf(`{"email":"p%03d@example.com"}`, i)
	}
	people[10] = `{"email":"wrong"}`
	text := "[" + strings.Join(people, ",") + "]"
	at := jobOf(t, x.importUsers("create:users", text, nil))
	id := strings.TrimPrefix(at, "/jobs/")
	dead := &management.UserImport{DB: x.house.db, Factors: x.house.factors, Now: x.clock.now, Actor: "test", WithoutRoles: true}
	half := io.MultiReader(strings.NewReader(text[:len(text)/2]), iotest.ErrReader(errors.New("killed")))
	before, err := dead.Run(t.Context(), management.ImportSource{ID: id, R: half})
	if err == nil || before.Inserted < 100 || before.Inserted > 200 {
		t.Fatalf("%+v, %v", before, err)
	}
	row, err := x.house.db.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	row.LeasedUntil = x.clock.now().Add(2 * time.Minute)
	if err := x.house.db.PutJob(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	x.built.admin.DoJobs(t.Context())
	if got := x.may("read:users", 200, "GET", at, "").object(t); got["status"] != "pending" {
		t.Errorf("somebody else's: %v", got)
	}
	x.clock.ahead += 3 * time.Minute
	x.built.admin.DoJobs(t.Context())
	got := x.may("read:users", 200, "GET", at, "").object(t)
	if summary, _ := got["summary"].(object); got["status"] != "completed" || summary["inserted"] != 249.0 || summary["failed"] != 1.0 || summary["total"] != 250.0 {
		t.Errorf("%v", got)
	}
	if n, err := x.house.db.CountUsers(t.Context(), nil); err != nil || n != 249 {
		t.Errorf("%d people, %v", n, err)
	}
	x.built.admin.DoJobs(t.Context())
	if n := len(x.events("job.done")); n != 1 {
		t.Errorf("done %d times", n)
	}

	at = jobOf(t, x.importUsers("create:users", `[{"email":"z@example.com"}]`, nil))
	// It has been tried five times, and ended whoever did it.
	row, err = x.house.db.Job(t.Context(), strings.TrimPrefix(at, "/jobs/"))
	if err != nil {
		t.Fatal(err)
	}
	var state object
	if err := json.Unmarshal(row.Body, &state); err != nil {
		t.Fatal(err)
	}
	state["tries"] = 5
	if row.Body, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	if err := x.house.db.PutJob(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	x.built.admin.DoJobs(t.Context())
	if got := x.may("read:users", 200, "GET", at, "").object(t); got["status"] != "failed" || got["status_details"] == nil {
		t.Errorf("%v", got)
	}
}

// dying is a context that ends when it was looked at so many times.
type dying struct {
	context.Context //nolint:containedctx // it is one
	looks           *int
}

func (d dying) Err() error {
	if *d.looks--; *d.looks < 0 {
		return context.Canceled
	}
	return d.Context.Err()
}

// fetch follows a link of an export, and gives what is in the file.
func (x *tenant) fetch(link string) (status int, text string) {
	x.t.Helper()
	r, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, link, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		x.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, ""
	}
	file, err := gzip.NewReader(answer.Body)
	if err != nil {
		x.t.Fatal(err)
	}
	all, err := io.ReadAll(file)
	if err != nil {
		x.t.Fatal(err)
	}
	return answer.StatusCode, string(all)
}

// TestExportJob: what is in the file, and who gets it, once.
func TestExportJob(t *testing.T) {
	x := newTenant(t, nil)
	const people = 620 // in two parts
	list := make([]*storage.Newcomer, people)
	for i := range list {
		list[i] = &storage.Newcomer{User: &storage.User{
			ID: fmt.Sprintf("auth0|%03d", i), Username: fmt.Sprintf("p%03d", i), Email: fmt.Sprintf("p%03d@example.com", i), Name: "=1+1", PhoneNumber: "+491701234567",
			AppMetadata: json.RawMessage(`{"plan":{"name":"gold"}}`), CreatedAt: time.Now(),
		}}
	}
	if err := x.house.db.CreateCrowd(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	x.may("read:users", 400, "POST", "/jobs/users-exports", `{"fields":[{"name":"password_hash"}]}`)
	x.may("read:users", 400, "POST", "/jobs/users-exports", `{"fields":[{"name":"email.x"}]}`)
	x.may("read:users", 400, "POST", "/jobs/users-exports", `{"fields":[{"name":"email"},{"name":"name","export_as":"email"}]}`)
	x.may("read:users", 400, "POST", "/jobs/users-exports", `{"fields":[{"name":"email"},{"name":"email","export_as":"again"}]}`)
	x.may("read:users", 400, "POST", "/jobs/users-exports", `{"connection_id":"con_other"}`)
	x.may("create:users", 403, "POST", "/jobs/users-exports", `{}`)
	at := jobOf(t, x.may("read:users", 200, "POST", "/jobs/users-exports", `{}`))
	sheet := jobOf(t, x.may("read:users", 200, "POST", "/jobs/users-exports", `{"format":"csv","limit":3,"connection_id":"con_default","fields":[{"name":"email"},
		{"name":"name","export_as":"who"},{"name":"phone_number"},{"name":"app_metadata.plan.name"},{"name":"identities[0].connection"},{"name":"email_verified"}]}`))
	x.may("read:users", 429, "POST", "/jobs/users-exports", `{}`)
	looks := 2
	x.built.admin.DoJobs(dying{t.Context(), &looks}) // stops behind the first part
	if got := x.may("read:users", 200, "GET", at, "").object(t); got["status"] != "processing" || got["percentage_done"] != 80.0 || got["location"] != nil {
		t.Errorf("half of it: %v", got)
	}
	x.built.admin.DoJobs(t.Context())

	if got := x.may("create:users", 200, "GET", at, "").object(t); got["status"] != "completed" || got["location"] != nil {
		t.Errorf("who may not read users: %v", got)
	}
	link := func(at string) string {
		t.Helper()
		where, _ := x.may("read:users", 200, "GET", at, "").object(t)["location"].(string)
		return where
	}
	one, other := link(at), link(at)
	if !strings.HasPrefix(one, x.issuer+"api/v2/exports/") || one == other {
		t.Fatalf("%s and %s", one, other)
	}
	head, err := http.Head(one) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = head.Body.Close() // it has none
	if head.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a look at the link: %d", head.StatusCode)
	}
	status, text := x.fetch(one)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var first object
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || status != 200 || len(lines) != people {
		t.Fatalf("%d, %d lines, %v", status, len(lines), err)
	}
	if fieldsOf(first) != "created_at email email_verified name phone_number updated_at user_id username" || first["user_id"] != "auth0|000" {
		t.Errorf("%v", first)
	}
	if status, _ := x.fetch(one); status != 404 {
		t.Errorf("twice: %d", status)
	}
	forged := other[:len(other)-43] + base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, link := range map[string]string{"forged": forged, "none": x.issuer + "api/v2/exports/none"} {
		if status, _ := x.fetch(link); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
	x.clock.ahead += 6 * time.Minute
	if status, _ := x.fetch(other); status != 404 {
		t.Errorf("too late: %d", status)
	}
	if e := x.events("job.downloaded"); len(e) != 1 || e[0].Actor != "" || e[0].Address != "127.0.0.1" {
		t.Errorf("the log of downloads: %+v", e)
	}
	if e := x.events("job.linked"); len(e) != 2 || !strings.HasPrefix(e[0].Actor, "client:admin") {
		t.Errorf("the log of links: %+v", e)
	}

	_, text = x.fetch(link(sheet))
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 4 || strings.Join(rows[0], "|") != "email|who|phone_number|app_metadata.plan.name|identities[0].connection|email_verified" ||
		strings.Join(rows[1], "|") != "p000@example.com|'=1+1|+491701234567|gold|"+connection+"|false" {
		t.Errorf("%q, %v", rows, err)
	}
	late := link(at)
	x.clock.ahead += 25 * time.Hour
	if status, _ := x.fetch(late); status != 404 {
		t.Errorf("a day later: %d", status)
	}
}
