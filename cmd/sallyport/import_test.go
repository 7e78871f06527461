package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/oauth2"

	"github.com/sallyport-id/sallyport/cmd/sallyport/demo"
	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

const importedPassword = "all the queen's horses"

// appKey is the key of an imported person's app, which nobody else has.
func appKey(i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "app of %d", i))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

func importedName(i int) string { return fmt.Sprintf("person%d@example.com", i) }

// writeExport generates an export of n people with passwords and factors, and returns the
// name of its content.
func writeExport(t *testing.T, path string, n int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(importedPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	w := bufio.NewWriter(io.MultiWriter(f, sum))
	for i := range n {
		phone := ""
		if i%10 == 0 {
			phone = fmt.Sprintf(`,{"phone":{"value":"+43660%07d"}}`, i)
		}
		_, _ = fmt.Fprintf(w, `{"user_id":"auth0|%d","email":%q,"email_verified":true,"name":"Person %d","created_at":"2020-01-02T03:04:05.678Z","logins_count":3,"identities":[{"provider":"auth0","user_id":"%d","connection":"Username-Password-Authentication","isSocial":false}],"app_metadata":{"plan":"gold","number":%d},"password_hash":%q,"mfa_factors":[{"totp":{"secret":%q}}%s]}`+"\n",
			i, importedName(i), i, i, i, hash, appKey(i), phone)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// A run of the product that ends by itself.
type ended struct {
	status   int
	out, err string
	rss      int64 // bytes, at most
}

// started runs the product; meanwhile may send it signals.
func started(t *testing.T, meanwhile func(*os.Process), args ...string) ended {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.Command(self, args...)
	cmd.Env = []string{asBinary + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	most := make(chan int64, 1)
	go func() { most <- mostOf(cmd.Process.Pid) }()
	meanwhile(cmd.Process)
	_ = cmd.Wait() // its status is looked at
	rss := <-most
	if rss == 0 {
		t.Fatal("this system does not say what a process used")
	}
	return ended{cmd.ProcessState.ExitCode(), out.String(), errs.String(), rss}
}

var highWater = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// mostOf is the most memory that a process has had when it ends, in bytes. Its rusage would
// begin with what we had when we started it.
func mostOf(pid int) (bytes int64) {
	for ; ; time.Sleep(2 * time.Millisecond) {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		found := highWater.FindSubmatch(status)
		if err != nil || found == nil {
			return bytes
		}
		kib, err := strconv.ParseInt(string(found[1]), 10, 64)
		if err != nil {
			return bytes
		}
		bytes = kib << 10
	}
}

func undisturbed(*os.Process) {}

// houseOf opens the register of settings beside whoever else uses it.
func houseOf(t *testing.T, config string) *house {
	t.Helper()
	s, err := (&cli{configFile: config}).settings()
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHouse(t.Context(), s, newLogger(io.Discard, "text", warnings))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// TestRow63ImportOfMany imports a generated export, is stopped in the middle by a real
// signal and goes on; the provider runs all the while. Nobody is lost or counted twice,
// memory does not grow with the file, and every one-time password is right.
func TestRow63ImportOfMany(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 4_000
	}
	p := startDev(t)
	config, file := filepath.Join(p.data, "sallyport.yaml"), filepath.Join(t.TempDir(), "users.ndjson")
	id := writeExport(t, file, n)
	h := houseOf(t, config)
	args := []string{"import", "auth0", file, "--json", "--config", config}

	stopped := started(t, func(child *os.Process) {
		key := id + " upsert=false without_passwords=false"
		for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if at, err := h.db.Import(context.Background(), key); err == nil && at.Records >= int64(n/8) {
				break
			}
		}
		if err := child.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
	}, args...)
	var first, rest struct {
		People []peopleView `json:"people"`
	}
	if err := json.Unmarshal([]byte(stopped.out), &first); err != nil || stopped.status != statusFailed || !strings.Contains(stopped.err, "run the same command again") {
		t.Fatalf("stopped with status %d, %v:\n%s%s", stopped.status, err, stopped.out, stopped.err)
	}
	if got := first.People[0]; got.Done || got.Inserted < int64(n/8) || got.Inserted >= int64(n) || got.Inserted != int64(countUsers(t, h, "auth0|")) {
		t.Fatalf("stopped at %+v with %d people", got, countUsers(t, h, "auth0|"))
	}
	begun := time.Now()
	whole := started(t, undisturbed, args...)
	if err := json.Unmarshal([]byte(whole.out), &rest); err != nil || whole.status != statusDone {
		t.Fatalf("then status %d, %v:\n%s%s", whole.status, err, whole.out, whole.err)
	}
	if got := rest.People[0]; !got.Done || got.Records != int64(n) || got.Inserted != int64(n) || got.Failed != 0 || countUsers(t, h, "auth0|") != n {
		t.Errorf("then %+v with %d people", got, countUsers(t, h, "auth0|"))
	}
	t.Logf("%d people in %s after the stop; %d MiB, and %d MiB before it", n-int(first.People[0].Inserted), time.Since(begun).Round(time.Millisecond), whole.rss>>20, stopped.rss>>20)
	if whole.rss > importMemory || stopped.rss > importMemory {
		t.Errorf("the import used %d MiB, at most %d MiB are its due", max(whole.rss, stopped.rss)>>20, importMemory>>20)
	}
	if again := started(t, undisturbed, args...); again.status != statusDone || !strings.Contains(again.out, `"before": true`) {
		t.Errorf("once more: status %d\n%s%s", again.status, again.out, again.err)
	}
	everyCode(t, h, n)
	for _, i := range []int{0, n / 8, n/2 + 1, n - 1} {
		signsInWithCode(t, p, i)
	}
}

func countUsers(t *testing.T, h *house, prefix string) (count int) {
	t.Helper()
	everyone(t, h, func(list []*storage.User) {
		for _, u := range list {
			if strings.HasPrefix(u.ID, prefix) {
				count++
			}
		}
	})
	return count
}

func everyone(t *testing.T, h *house, do func([]*storage.User)) {
	t.Helper()
	filter := storage.UserFilter{Limit: 1000}
	for {
		list, err := h.db.Users(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return
		}
		do(list)
		filter.After = list[len(list)-1].ID
	}
}

// everyCode lets the factor verify a code of each person's own app.
func everyCode(t *testing.T, h *house, n int) {
	t.Helper()
	right, phones := 0, 0
	now := time.Now()
	everyone(t, h, func(list []*storage.User) {
		var ids []string
		for _, u := range list {
			if strings.HasPrefix(u.ID, "auth0|") {
				ids = append(ids, u.ID)
			}
		}
		of, err := h.db.AuthenticatorsOf(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			var i int
			if _, err := fmt.Sscanf(id, "auth0|%d", &i); err != nil {
				t.Fatal(err)
			}
			for _, a := range of[id] {
				switch a.Factor {
				case factors.SMS:
					phones++
				case factors.OTP:
					subject := factors.Subject{UserID: id, Now: now, Authenticators: []*factors.Authenticator{a}}
					if _, err := h.factors.Get(factors.OTP).Verify(t.Context(), subject, a, nil, factors.Answer{"code": totpCode(t, appKey(i), now)}); err != nil {
						t.Fatalf("%s: %v", id, err)
					}
					right++
				}
			}
		}
	})
	if right != n || phones != (n+9)/10 {
		t.Errorf("%d codes are right and %d telephones there, want %d and %d", right, phones, n, (n+9)/10)
	}
}

// signsInWithCode goes through the pages of an application that always asks twice.
func signsInWithCode(t *testing.T, p *process, i int) {
	t.Helper()
	c := p.client("mfa")
	config := &oauth2.Config{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: callback, Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: p.ready.Issuer + "authorize", TokenURL: p.ready.Issuer + "oauth/token", AuthStyle: oauth2.AuthStyleInHeader},
	}
	one := &person{
		browser: newBrowser(t), t: t, phone: &phone{t: t, secret: appKey(i)},
		user: demo.User{Username: importedName(i), Password: importedPassword},
	}
	verifier := oauth2.GenerateVerifier()
	answer := one.visit(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), callback)
	if !slices.Equal(one.asked, []string{"password", "code"}) {
		t.Errorf("%s was asked for %v", importedName(i), one.asked)
	}
	token, err := config.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil || token.Extra("id_token") == nil {
		t.Errorf("%s: %v", importedName(i), err)
	}
}
