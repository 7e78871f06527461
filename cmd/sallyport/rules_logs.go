package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows"
)

// An execution is one run of one script.
type execution struct {
	At      time.Time     `json:"at"`
	Login   string        `json:"login"`
	Script  string        `json:"script"`
	Took    time.Duration `json:"took"`
	Said    []string      `json:"said,omitempty"`
	Console []string      `json:"console,omitempty"`
	Fault   string        `json:"fault,omitempty"`
}

func (c *cli) rulesLogs() *cobra.Command {
	var flags backtestFlags
	var name string
	cmd := &cobra.Command{
		Use: "logs", Short: "Show what scripts said in the sign-ins of late, with their console", Args: takes(),
		Long:    "Show each run of each script, the oldest first. The log is kept for login.record_for.",
		Example: "  sallyport rules logs --since 1h --name \"office hours\"",
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&name, "name", "", "of the script of this `name` alone")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			list, err := h.executions(ctx, &flags, name)
			if err != nil {
				return err
			}
			return c.show(list, func(w io.Writer) {
				row(w, "AT", "LOGIN", "SCRIPT", "TOOK", "SAID", "CONSOLE")
				for _, one := range list {
					said := strings.Join(one.Said, ", ")
					if one.Fault != "" {
						said = "failed: " + one.Fault
					}
					row(w, one.At.Format(time.RFC3339), one.Login, one.Script, one.Took.Round(10*time.Microsecond), plain(said), plain(strings.Join(one.Console, " | ")))
				}
			})
		})
	}
	return cmd
}

// executions are the runs in the records that the flags name.
func (h *house) executions(ctx context.Context, flags *backtestFlags, name string) ([]execution, error) {
	filter, err := flags.filter(ctx, h)
	if err != nil {
		return nil, err
	}
	list := []execution{}
	for {
		page, err := h.db.Decisions(ctx, filter)
		if err != nil || len(page) == 0 {
			return list, err
		}
		for _, row := range page {
			rec, err := flows.ReadRecord(row)
			if err != nil {
				return nil, err
			}
			list = append(list, runsOf(rec, name)...)
		}
		filter.After = page[len(page)-1].ID
	}
}

func runsOf(rec *flows.Record, name string) []execution {
	var list []execution
	for _, s := range rec.Steps {
		list = append(list, execution{At: rec.At, Login: rec.LoginID, Script: s.Script, Took: s.Took, Said: s.Said, Console: s.Console})
	}
	if d := rec.Denial; d != nil && d.Fault {
		if n := len(list); n == 0 || list[n-1].Script != d.Script {
			list = append(list, execution{At: rec.At, Login: rec.LoginID, Script: d.Script})
		}
		last := &list[len(list)-1]
		if last.Fault = d.Reason; d.Line > 0 {
			last.Fault = fmt.Sprintf("line %d: %s", d.Line, d.Reason)
		}
	}
	return slices.DeleteFunc(list, func(one execution) bool { return name != "" && one.Script != name })
}
