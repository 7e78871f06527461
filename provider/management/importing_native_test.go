package management_test

import (
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

// exported is a decrypted export with some lines.
func exported(lines ...string) string {
	all := append([]string{`{"kind":"header","format":1}`}, lines...)
	return strings.Join(append(all, `{"kind":"end","people":0}`), "\n") + "\n"
}

// A line may be as long as a script with all its versions; what has not what it says it
// has is damaged.
func TestReadExported(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	e, err := management.ReadExported(strings.NewReader(exported(`{"kind":"script","script":{"name":"` + long + `","versions":[]}}`)))
	if err != nil || len(e.Scripts) != 1 || e.Scripts[0].Name != long {
		t.Errorf("a long line: %v", err)
	}
	for _, line := range []string{
		`{"kind":"settings"}`, `{"kind":"api"}`, `{"kind":"client"}`, `{"kind":"script"}`, `{"kind":"script","script":{}}`,
		`{"kind":"script","script":{"name":"a","versions":[null]}}`, `{"kind":"organization"}`, `{"kind":"document"}`, `{"kind":"person"}`,
		`{"kind":"person","user":{"user_id":"usr_1"},"memberships":[null]}`, `{"kind":"person","user":{"user_id":"usr_1"},"authenticators":[null]}`,
	} {
		if _, err := management.ReadExported(strings.NewReader(exported(line))); err == nil || !strings.Contains(err.Error(), "damaged at byte") {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Memberships are the person's whose line they are on, whoever's name is in them.
func TestExportedMemberships(t *testing.T) {
	im := openImporting(t, "sqlite")
	o, other := &storage.Organization{ID: "org_1", Name: "acme"}, &storage.User{ID: "usr_other", Username: "other"}
	if err := im.DB.CreateOrganization(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := im.DB.CreateUser(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(exported(`{"kind":"person","user":{"user_id":"usr_1","username":"anna"},"memberships":[{"organization_id":"org_1","user_id":"usr_other","roles":["owner"]}]}`), `"people":0`, `"people":1`, 1)
	e, err := management.ReadExported(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if at, err := im.RunExported(t.Context(), e, "file", strings.NewReader(text)); err != nil || at.Inserted != 1 {
		t.Fatalf("%+v, %v %v", at, err, im.failures)
	}
	list, err := im.DB.Members(t.Context(), "org_1")
	if err != nil || len(list) != 1 || list[0].UserID != "usr_1" {
		t.Errorf("members %+v, %v", list, err)
	}
}

// What a failed record shows has no secret, however its names are written.
func TestImportBlots(t *testing.T) {
	im := openImporting(t, "sqlite")
	im.run(`[{"email":"nobody","Password_Hash":"hidden","CUSTOM_password_hash":{"algorithm":"hidden","key":{"value":"hidden"}},"MFA_Factors":[{"totp":{"secret":"hidden"}}]}]`)
	if len(im.failures) != 1 || strings.Contains(string(im.failures[0].User), "hidden") || !strings.Contains(string(im.failures[0].User), "nobody") {
		t.Errorf("%s", im.failures[0].User)
	}
}
