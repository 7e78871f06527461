package main

import (
	"crypto/rsa"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport-id/sallyport/factors/standin"
)

func accountOf(t *testing.T, id, name, issuer string) *account {
	t.Helper()
	phone, err := standin.NewPhone("x")
	if err != nil {
		t.Fatal(err)
	}
	a := &account{Phone: *phone, Key: jose.JSONWebKey{Key: phone.Key, Algorithm: "RS256", Use: "sig"}}
	a.ID, a.Account, a.Issuer, a.Base = id, name, issuer, "https://id.example.com/appliance-mfa"
	return a
}

// Nothing is lost where several set this device up at once, and keys come back as they
// were.
func TestStore(t *testing.T) {
	s := store{filepath.Join(t.TempDir(), "a", "b", "authenticator.json")}
	if all, err := s.read(); all != nil || err != nil {
		t.Errorf("before there is a file: %v, %v", all, err)
	}
	one := accountOf(t, "", "ada", "Sallyport")
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			a := *one
			a.ID = strconv.Itoa(i)
			if err := s.change(func(all []*account) ([]*account, error) { return append(all, &a), nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all, err := s.read()
	if err != nil || len(all) != 16 {
		t.Fatalf("%d accounts, %v", len(all), err)
	}
	if key, ok := one.Key.Key.(*rsa.PrivateKey); !ok || !all[7].Phone.Key.Equal(key) {
		t.Error("the key is another one")
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(s.path), ".authenticator-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A file that others may open, or that is broken, is not used, not changed, and not
// shown.
func TestStoreRefused(t *testing.T) {
	d := newDevice(t)
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(d.store), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(d.store, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.store, mode); err != nil {
			t.Fatal(err)
		}
	}
	verbs := [][]string{{"list"}, {"code"}, {"wait"}, {"remove", "ada", "--yes"}, {"enroll", "http://127.0.0.1:1/authenticator#T"}}
	for text, mend := range map[string]string{
		`{"accounts":[]}`: "chmod 600 ", `{"accounts":[{"id":"HUSH"}]}`: "not what this program wrote", `{"accounts":[null]}`: "not what this program wrote",
		`{"accounts":"HUSH"}`: "not what this program wrote", "": "not what this program wrote",
	} {
		mode := os.FileMode(0o600)
		if strings.HasPrefix(mend, "chmod") {
			mode = 0o640
		}
		write(text, mode)
		for _, verb := range verbs {
			if r := d.does(statusMisused, mend, verb...); strings.Contains(r.out+r.err, "HUSH") {
				t.Errorf("%v shows what is in the file: %s", verb, r.err)
			}
		}
		if b, err := os.ReadFile(d.store); err != nil || string(b) != text {
			t.Errorf("%q became %q, %v", text, b, err)
		}
	}
}

// RFC 6238 appendix B.
func TestCode(t *testing.T) {
	for _, c := range []struct {
		algorithm string
		secret    string
		at        int64
		want      string
	}{
		{"sha1", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, "94287082"},
		{"sha256", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA", 1111111109, "68084774"},
		{"sha512", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA", 1234567890, "93441116"},
	} {
		a := &account{}
		a.Secret, a.Algorithm, a.Digits, a.Period = c.secret, c.algorithm, 8, 30
		got, err := a.code(time.Unix(c.at, 0))
		if err != nil || got.Code != c.want || got.Left != int(30-c.at%30) {
			t.Errorf("%s: %+v, %v", c.algorithm, got, err)
		}
		a.Algorithm = "md5"
		if _, err := a.code(time.Unix(c.at, 0)); err == nil {
			t.Error("a kind that nobody knows")
		}
	}
}

func TestPick(t *testing.T) {
	all := []*account{
		accountOf(t, "aut_1", "ada", "One"), accountOf(t, "aut_2", "ada", "Two"), accountOf(t, "aut_3", "alan", "Two"), accountOf(t, "aut_4", "alan", "Two"),
	}
	for name, want := range map[string]*account{"aut_2": all[1], "One:ada": all[0], "Two:ada": all[1], "aut_4": all[3]} {
		if got, err := pick(all, name); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{"ada": "aut_1 (ada at One), aut_2 (ada at Two)", "Two:alan": "aut_3", "grace": "no account", "": "no account"} {
		if got, err := pick(all, name); got != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
