package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/storage"
)

const (
	backtestPage  = 500
	backtestShown = 20 // people and applications that are listed
)

// backtestFlags narrow the sign-ins.
type backtestFlags struct {
	since  string
	client string
	user   string
}

func (b *backtestFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&b.since, "since", "30d", "sign-ins of the last `duration`, such as 30d or 12h")
	f.StringVar(&b.user, "user", "", "of this `user` alone")
}

func (b *backtestFlags) filter(ctx context.Context, h *house) (storage.DecisionFilter, error) {
	f := storage.DecisionFilter{ClientID: b.client, Limit: backtestPage}
	since, err := policy.ParseDuration(b.since)
	if err != nil {
		return f, &misuse{what: "--since: " + err.Error(), mend: "write --since 30d"}
	}
	f.Since = h.now().Add(-time.Duration(since))
	if b.user != "" {
		u, err := h.user(ctx, b.user)
		if err != nil {
			return f, err
		}
		f.UserID = u.ID
	}
	return f, nil
}

// A comparison is what a backtest found.
type comparison struct {
	SignIns  int              `json:"sign_ins"`
	Was      tally            `json:"was"`
	Now      tally            `json:"now"`
	Changed  tally            `json:"changed"`           // "let in → challenged": how often
	ByClient map[string]tally `json:"changed_by_client"` // client_id: new ends
	ByUser   map[string]tally `json:"changed_by_user"`
	Faults   tally            `json:"faults,omitempty"`
	Took     string           `json:"took"`

	mu sync.Mutex
}

// A tally counts by name.
type tally map[string]int

func (t *comparison) add(row *storage.Decision, r *flows.Replay) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.SignIns++
	t.Was[r.Was]++
	t.Now[r.Now]++
	if r.Fault != nil {
		t.Faults[r.Fault.Error()]++
	}
	if r.Was == r.Now {
		return
	}
	t.Changed[r.Was+" → "+r.Now]++
	for id, of := range map[string]map[string]tally{row.ClientID: t.ByClient, row.UserID: t.ByUser} {
		if of[id] == nil {
			of[id] = tally{}
		}
		of[id][r.Now]++
	}
}

// backtest replays the records that the flags name.
func (c *cli) backtest(ctx context.Context, h *house, b *flows.Backtest, flags *backtestFlags) error {
	filter, err := flags.filter(ctx, h)
	if err != nil {
		return err
	}
	total, err := h.db.CountDecisions(ctx, filter)
	if err != nil {
		return err
	}
	if total == 0 {
		return &misuse{what: "there are no recorded sign-ins", mend: "look further back with --since, or wait for some"}
	}
	t := &comparison{Was: tally{}, Now: tally{}, Changed: tally{}, ByClient: map[string]tally{}, ByUser: map[string]tally{}, Faults: tally{}}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription("sign-ins"),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(!c.json))
	begun := time.Now()
	for {
		page, err := h.db.Decisions(ctx, filter)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		if err := replay(ctx, b, page, t); err != nil {
			return err
		}
		_ = bar.Add(len(page)) // nobody is watching
		filter.After = page[len(page)-1].ID
	}
	_ = bar.Finish()
	t.Took = time.Since(begun).Round(time.Millisecond).String()
	return c.show(t, func(w io.Writer) { t.write(ctx, w, h) })
}

// replay decides a page of records, as many at once as there are processors.
func replay(ctx context.Context, b *flows.Backtest, page []*storage.Decision, t *comparison) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, row := range page {
		group.Go(func() error {
			rec, err := flows.ReadRecord(row)
			if err != nil {
				return err
			}
			r, err := b.Replay(ctx, rec, row.ClientID)
			if err != nil {
				return fmt.Errorf("%s: %w", row.ID, err)
			}
			t.add(row, r)
			return nil
		})
	}
	return group.Wait()
}

// write says it in columns, the most affected first.
func (t *comparison) write(ctx context.Context, w io.Writer, h *house) {
	row(w, "sign-ins", t.SignIns, "in "+t.Took)
	for _, end := range []string{flows.LetIn, flows.Challenged, flows.Refused} {
		row(w, end, fmt.Sprintf("%d, now %d", t.Was[end], t.Now[end]))
	}
	for _, change := range slices.Sorted(maps.Keys(t.Changed)) {
		row(w, change, t.Changed[change])
	}
	top(w, "applications that would change", t.ByClient, func(id string) string {
		if one, err := h.db.ClientByID(ctx, id); err == nil {
			return one.Name
		}
		return id
	})
	top(w, "people that would notice", t.ByUser, func(id string) string {
		if u, err := h.db.UserByID(ctx, id); err == nil {
			return u.Username
		}
		return id
	})
	for _, fault := range slices.Sorted(maps.Keys(t.Faults)) {
		row(w, "failed", fault, t.Faults[fault])
	}
}

func (t tally) sum() (n int) {
	for _, one := range t {
		n += one
	}
	return n
}

// top lists who is affected most.
func top(w io.Writer, title string, of map[string]tally, name func(id string) string) {
	if len(of) == 0 {
		return
	}
	row(w, title+":")
	ids := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(of[b].sum()-of[a].sum(), strings.Compare(a, b)) })
	for _, id := range ids[:min(len(ids), backtestShown)] {
		var ends []string
		for _, end := range slices.Sorted(maps.Keys(of[id])) {
			ends = append(ends, fmt.Sprintf("%s %d", end, of[id][end]))
		}
		row(w, "  "+name(id), strings.Join(ends, ", "))
	}
	if more := len(ids) - backtestShown; more > 0 {
		row(w, fmt.Sprintf("  and %d more; see --json", more))
	}
}
