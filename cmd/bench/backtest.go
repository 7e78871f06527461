package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	pastSignIns    = 10_000
	pastPeople     = 50                  // who really sign in, once each
	pastDays       = 29 * 24 * time.Hour // over which copies are spread
	pastBatch      = 500                 // copies in a transaction
	backtestBudget = 10 * time.Second    // for pastSignIns
)

// fillPast makes the sign-ins of the last weeks: some real ones through the product, and
// copies of their records under other ids and times.
func (s *side) fillPast(ctx context.Context) (err error) {
	for i := range pastPeople {
		if _, _, err := signedIn(ctx, s.target, len(s.target.people)-1-i); err != nil {
			return err
		}
	}
	db, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	made, err := db.Decisions(ctx, storage.DecisionFilter{ClientID: s.target.login.id, Limit: pastSignIns})
	if err != nil {
		return err
	}
	if len(made) < pastPeople {
		return fmt.Errorf("%d records of %d sign-ins", len(made), pastPeople)
	}
	return spread(ctx, db, made)
}

// spread stores copies of rows until there are pastSignIns.
func spread(ctx context.Context, db *storage.DB, rows []*storage.Decision) error {
	missing := pastSignIns - len(rows)
	for i := 0; i < missing; i += pastBatch {
		err := db.Tx(ctx, func(ctx context.Context) error {
			for n := i; n < min(i+pastBatch, missing); n++ {
				row, err := copyOf(rows[n%len(rows)], pastDays/time.Duration(missing)*time.Duration(n+1))
				if err != nil {
					return err
				}
				if err := db.PutDecision(ctx, row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// open opens the product's register beside it.
func (s *side) open(ctx context.Context) (*storage.DB, error) {
	keyset, err := os.ReadFile(filepath.Join(s.dir, "keyset"))
	if err != nil {
		return nil, err
	}
	sealer, err := storage.NewSealer(bytes.TrimSpace(keyset))
	if err != nil {
		return nil, err
	}
	return storage.Open(ctx, storage.Options{DSN: s.at.dsn, Sealer: sealer})
}

// copyOf is a record as it would be had the sign-in been earlier.
func copyOf(row *storage.Decision, earlier time.Duration) (*storage.Decision, error) {
	rec, err := flows.ReadRecord(row)
	if err != nil {
		return nil, err
	}
	one := *row
	one.ID, one.At = storage.NewID("lgn"), row.At.Add(-earlier)
	rec.LoginID, rec.At = one.ID, one.At
	rec.Facts.Now, rec.Facts.RequestedAt = rec.Facts.Now.Add(-earlier), rec.Facts.RequestedAt.Add(-earlier)
	for i, p := range rec.Facts.Proofs {
		rec.Facts.Proofs[i].At = p.At.Add(-earlier)
	}
	one.Data, err = json.Marshal(rec)
	return &one, err
}

// backtest prints how long drafts take on the past.
func (s *side) backtest(ctx context.Context, o options, database string) error {
	if err := s.fillPast(ctx); err != nil {
		return fmt.Errorf("backtest: %w", err)
	}
	draft, err := unpack(s.dir, "draft.js")
	if err != nil {
		return err
	}
	document, err := unpack(s.dir, "draft.yaml")
	if err != nil {
		return err
	}
	fmt.Printf("\nbacktest of %d recorded sign-ins, %s, load average %s\n%-34s %8s %8s  %-8s %s\n",
		pastSignIns, database, loadAverage(), "command", "took", "CPU", "in "+backtestBudget.String(), "found")
	for _, one := range []struct {
		name string
		args []string
	}{
		{"rules test, beside three rules", []string{"rules", "test", draft, "--since", "30d"}},
		{"rules test --alone", []string{"rules", "test", draft, "--since", "30d", "--alone"}},
		{"policy test", []string{"policy", "test", document, "--since", "30d", "--client", s.target.login.id}},
	} {
		if err := s.backtestOne(ctx, one.name, one.args); err != nil {
			return fmt.Errorf("backtest: %s: %w", one.name, err)
		}
	}
	return nil
}

func (s *side) backtestOne(ctx context.Context, name string, args []string) error {
	var found struct {
		SignIns int            `json:"sign_ins"`
		Changed map[string]int `json:"changed"`
		Faults  map[string]int `json:"faults"`
	}
	before, err := s.at.cpu()
	if err != nil {
		return err
	}
	begin := time.Now()
	out, state, err := s.run(ctx, args...)
	took := time.Since(begin)
	if err != nil {
		return err
	}
	after, err := s.at.cpu()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &found); err != nil {
		return err
	}
	if found.SignIns < pastSignIns || len(found.Faults) > 0 || len(found.Changed) == 0 {
		return fmt.Errorf("it found %s", out)
	}
	verdict := "yes"
	if took > backtestBudget {
		verdict = "no"
	}
	var changes []string
	for _, change := range slices.Sorted(maps.Keys(found.Changed)) {
		changes = append(changes, fmt.Sprintf("%s %d", change, found.Changed[change]))
	}
	cpu := state.UserTime() + state.SystemTime() + after - before
	fmt.Printf("%-34s %8s %8s  %-8s %s\n", name, seconds(took), seconds(cpu), verdict, strings.Join(changes, ", "))
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
