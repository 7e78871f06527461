package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport-id/sallyport/storage"
)

// Run runs the suite on databases that open makes: empty, migrated, closed with t.
func Run(t *testing.T, open func(t *testing.T) *storage.DB) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, db *storage.DB)
	}{
		{"users", users}, {"search", search}, {"search of events", eventSearch}, {"lock-outs", lockouts}, {"refresh tokens", refreshTokens}, {"names", names}, {"deleted user", deletedUser}, {"user versions", userVersions},
		{"clients", clients}, {"apis", apis}, {"settings", settings}, {"cache", cache},
		{"organizations", organizations}, {"cached organizations", cachedOrganizations}, {"members", members}, {"roles", roles}, {"policy versions", policyVersions},
		{"scripts", scripts}, {"limits of scripts", scriptLimits}, {"drafts of scripts", scriptDrafts}, {"live scripts", liveScripts}, {"configuration of rules", configuration}, {"documents", documents}, {"crowd", newcomers}, {"imports", imports}, {"jobs", jobs},
		{"sessions", sessions}, {"sessions with persons", sessionsWithPersons}, {"ending sessions", endingSessions}, {"session clients", sessionClients},
		{"logins", logins}, {"authenticators", authenticators}, {"failures", failures},
		{"consents", consents}, {"grants", grants}, {"redeem", redeem}, {"redeem again", redeemAgain}, {"retry", retry}, {"commit", commit},
		{"pushed requests", pushedRequests}, {"revocation", revocation}, {"assertions", assertions},
		{"signing keys", signingKeys}, {"events", events}, {"limits", limits}, {"tickets", tickets}, {"messages", messages}, {"browsers", browsers}, {"histories", histories}, {"decisions", decisions}, {"browsers of a factor", forgetting}, {"open questions", openQuestions}, {"linked authenticators", linkedAuthenticators}, {"sweep", sweep},
		{"transactions", transactions}, {"versions undone", versionsUndone}, {"round trips", roundTrips},
		{"hostile text", hostileText}, {"times", times},
		{"race: redeem", raceRedeem}, {"race: redeem again", raceRedeemAgain}, {"race: ticket", raceTicket}, {"race: message", raceMessage},
		{"race: authenticator", raceAuthenticator}, {"race: login", raceLogin}, {"race: failures", raceFailures},
		{"race: limits", raceLimits}, {"race: names", raceNames}, {"race: clients of a session", raceSessionClients},
		{"race: revocation", raceRevocation}, {"race: transactions", raceTransactions},
		{"race: assertion", raceAssertion}, {"race: pushed request", racePushedRequest},
		{"race: versions of a policy", racePolicyVersions},
		{"race: versions of a script", raceScriptVersions}, {"race: script", raceScript},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open(t)) })
	}
}

// must fails the test where err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want fails the test where err is not of that kind.
func want(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want %v", err, kind)
	}
}

// same compares what was stored with what was read back.
func same(t testing.TB, got, stored any) {
	t.Helper()
	if diff := cmp.Diff(stored, got, cmpopts.EquateComparable()); diff != "" {
		t.Fatalf("(-stored +got):\n%s", diff)
	}
}

// now is the time at the precision of the tables.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

func soon() time.Time { return now().Add(time.Hour) }
func past() time.Time { return now().Add(-time.Hour) }

// aUser stores a user with nothing but a name.
func aUser(t testing.TB, db *storage.DB, name string) *storage.User {
	t.Helper()
	u := &storage.User{Username: name}
	must(t, db.CreateUser(t.Context(), u))
	return u
}

// parallel calls do n times at once and returns how many calls gave nil; other errors
// than allowed fail the test.
func parallel(t *testing.T, n int, allowed error, do func(ctx context.Context, i int) error) int {
	t.Helper()
	start, results := make(chan struct{}), make(chan error, n)
	for i := range n {
		go func() {
			<-start
			results <- do(t.Context(), i)
		}()
	}
	close(start)
	won := 0
	for range n {
		switch err := <-results; {
		case err == nil:
			won++
		case allowed == nil || !errors.Is(err, allowed):
			t.Errorf("in parallel: %v", err)
		}
	}
	return won
}

// one fails the test unless exactly one of n parallel calls won.
func one(t *testing.T, won int) {
	t.Helper()
	if won != 1 {
		t.Fatalf("%d calls won, want exactly 1", won)
	}
}
