package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) userInvite() *cobra.Command {
	var names []string
	var silent bool
	cmd := &cobra.Command{
		Use: "invite USER", Short: "Invite a person to set up a factor", Args: takes("USER"),
		Long: `The link works once, within five days. It opens nothing by itself: the person signs in as they
always do. The running provider mails it, in the person's language; --no-mail only prints it.`,
		Example: `  sallyport user invite anna
  sallyport user invite anna --factor webauthn-roaming --no-mail`,
	}
	cmd.Flags().StringArrayVar(&names, "factor", nil, "`factor` to set up (repeatable); none: any")
	cmd.Flags().BoolVar(&silent, "no-mail", false, "send nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withUser(cmd, args[0], func(ctx context.Context, h *house, u *storage.User) error {
			engine, err := h.engine(ctx)
			if err != nil {
				return err
			}
			if !silent && u.Email == "" {
				return &misuse{what: u.Username + " has no e-mail address", mend: "use --no-mail and hand the link over yourself"}
			}
			e := &storage.Event{
				ID: storage.NewID("evt"), At: h.now(), Type: "user.invited", Actor: administrator, UserID: u.ID,
				Data: map[string]any{"factors": names, "mail": !silent},
			}
			link, err := engine.Invite(ctx, u, names, !silent, e)
			if errors.Is(err, factors.ErrUnsupported) {
				return &misuse{what: err.Error(), mend: "see `sallyport factor list`"}
			}
			if err != nil {
				return err
			}
			view := map[string]any{"link": link, "expires_at": h.now().Add(flows.InvitationLifetime).UTC().Truncate(time.Second)}
			return c.show(view, func(w io.Writer) { row(w, link) })
		})
	}
	return cmd
}

// queued stands for the mail server of the provider that runs: a verb writes messages
// down, and the provider sends them.
type queued struct{}

// Send implements flows.Mailer.
func (queued) Send(context.Context, string, string, string, string) error { return factors.ErrUnsent }

// engine are the flows as a verb needs them.
func (h *house) engine(ctx context.Context) (*flows.Engine, error) {
	s := h.settings
	issuer, err := url.Parse(s.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, &misuse{what: "issuer: is not set", mend: "links need the public address, such as https://id.example.com/"}
	}
	pages, err := s.pages(h.factors, issuer, nil)
	if err != nil {
		return nil, err
	}
	if err := management.NewLooks(h.db, pages, h.setup.Logger).Load(ctx); err != nil {
		return nil, err
	}
	return flows.New(flows.Options{
		Issuer: issuer, Name: s.Name, DB: h.db, Factors: h.factors, Themes: pages, Mailer: queued{}, Config: s.Login, Ladder: s.ladder(), Now: h.now,
	})
}
