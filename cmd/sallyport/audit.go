package main

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) auditCommand() *cobra.Command {
	return group("audit", "What happened: the log of every security act",
		`Every sign-in, every change of a factor, and every act of an administrator is one event. No
event holds a secret, a code or a token.`,
		c.auditList(), c.auditTail())
}

// auditFlags narrow the events.
type auditFlags struct {
	user  string
	since time.Duration
	storage.EventFilter
}

func (a *auditFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&a.user, "user", "", "of this `user`")
	f.StringVar(&a.ClientID, "client", "", "of this `client_id`")
	f.StringVar(&a.Type, "type", "", "of this `type`, such as login.done")
	f.DurationVar(&a.since, "since", 0, "of the last `duration`, such as 24h")
	f.IntVar(&a.Limit, "limit", 100, "at most this `many`")
}

// filter resolves what the flags name.
func (a *auditFlags) filter(ctx context.Context, h *house) (storage.EventFilter, error) {
	if a.since > 0 {
		a.Since = h.now().Add(-a.since)
	}
	if a.user == "" {
		return a.EventFilter, nil
	}
	u, err := h.user(ctx, a.user)
	if err != nil {
		return a.EventFilter, err
	}
	a.UserID = u.ID
	return a.EventFilter, nil
}

func (c *cli) auditList() *cobra.Command {
	var flags auditFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List events, the newest first", Args: takes(),
		Example: `  sallyport audit list --user anna --since 24h
  sallyport audit list --type login.denied --json`,
	}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			filter, err := flags.filter(ctx, h)
			if err != nil {
				return err
			}
			events, err := h.db.Events(ctx, filter)
			if err != nil {
				return err
			}
			return c.show(events, func(w io.Writer) {
				row(w, "AT", "TYPE", "ACTOR", "USER", "CLIENT", "ADDRESS", "DATA")
				for _, e := range events {
					eventRow(w, e)
				}
			})
		})
	}
	return cmd
}

func eventRow(w io.Writer, e *storage.Event) {
	data := ""
	if len(e.Data) > 0 {
		if b, err := json.Marshal(e.Data); err == nil {
			data = string(b)
		}
	}
	row(w, e.At.Format(time.RFC3339), e.Type, e.Actor, e.UserID, e.ClientID, e.Address, data)
}

func (c *cli) auditTail() *cobra.Command {
	var flags auditFlags
	cmd := &cobra.Command{
		Use: "tail", Short: "Print events as they happen, until interrupted", Args: takes(),
		Long:    "Print events as they happen, one a line (one JSON object a line with --json).",
		Example: "  sallyport audit tail --type login.denied",
	}
	flags.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			filter, err := flags.filter(ctx, h)
			if err != nil {
				return err
			}
			if filter.Since.IsZero() {
				filter.Since = h.now()
			}
			return c.tail(ctx, h, filter)
		})
	}
	return cmd
}

// tail looks for new events each second. Ids are time-ordered, but two machines'
// clocks differ, so it looks back a little and remembers what it has shown.
func (c *cli) tail(ctx context.Context, h *house, filter storage.EventFilter) error {
	const overlap = 5 * time.Second
	shown := map[string]time.Time{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		events, err := h.db.Events(ctx, filter)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		slices.SortFunc(events, func(a, b *storage.Event) int { return a.At.Compare(b.At) })
		for _, e := range events {
			if _, old := shown[e.ID]; old {
				continue
			}
			shown[e.ID] = e.At
			if err := c.showEvent(e); err != nil {
				return err
			}
			if next := e.At.Add(-overlap); next.After(filter.Since) {
				filter.Since = next
			}
		}
		for id, at := range shown {
			if at.Before(filter.Since) {
				delete(shown, id)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (c *cli) showEvent(e *storage.Event) error {
	if c.json {
		return json.NewEncoder(c.out).Encode(e)
	}
	return c.show(e, func(w io.Writer) { eventRow(w, e) })
}
