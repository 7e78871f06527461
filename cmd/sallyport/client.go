package main

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/flows/policy"
	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) clientCommand() *cobra.Command {
	return group("client", "Applications that sign people in",
		`An application is registered once; its client_id, and unless it is public its secret,
go into its own settings. The secret is shown when it is made and never again.`,
		c.clientCreate(), c.clientList(), c.clientShow(), c.clientUpdate(), c.clientRotate(), c.clientDelete())
}

// clientView is a client as the command line shows it, with the secret where it was
// just made.
type clientView struct {
	*storage.Client
	Secret string `json:"client_secret,omitempty"`
}

func (c *cli) clientCreate() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "create", Short: "Register an application", Args: takes(),
		Example: `  # a web application with a server
  sallyport client create --name Shop --redirect-uri https://shop.example/callback \
      --grant authorization_code --grant refresh_token
  # an application in the browser or on a phone: no secret, PKCE instead
  sallyport client create --name App --auth-method none --type native --redirect-uri com.example.app:/callback
  # a program that signs nobody in
  sallyport client create --name Nightly --grant client_credentials --audience "https://api.example/=read write"
  # a program that administrates by the Management API
  sallyport client create --name Tool --grant client_credentials --audience "https://id.example/api/v2/=read:users update:users"
  # always with a second factor
  sallyport client create --name Payroll --policy always --redirect-uri https://pay.example/callback`,
	}
	apply := clientFlags(cmd)
	cmd.Flags().StringVar(&id, "id", "", "client_id; empty: a new one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			client := &storage.Client{ID: id}
			if id == "" {
				client.ID = storage.NewID("cli")
			}
			if err := apply(client); err != nil {
				return err
			}
			management.ClientDefaults(client)
			secret, err := h.createClient(ctx, client)
			if err != nil {
				return err
			}
			return c.showClient(clientView{Client: client, Secret: secret})
		})
	}
	return cmd
}

// createClient checks and stores a client and makes its secret, if it has one.
func (h *house) createClient(ctx context.Context, client *storage.Client) (secret string, err error) {
	if err := h.checkClient(ctx, client); err != nil {
		return "", err
	}
	if needsSecret(client) {
		secret, client.Secrets = h.newSecret(nil, 0)
	}
	return secret, h.change(ctx, event{Type: "client.created", ClientID: client.ID}, func(ctx context.Context) error {
		if err := h.db.CreateClient(ctx, client); err != nil {
			return named(err, "client", client.ID)
		}
		return h.noteVersion(ctx, management.OfClient(client), policy.Document{}, nil)
	})
}

func needsSecret(c *storage.Client) bool {
	return strings.HasPrefix(c.Metadata.TokenEndpointAuthMethod, "client_secret_")
}

// checkClient adds to the client's own rules that what it names exists.
func (h *house) checkClient(ctx context.Context, client *storage.Client) error {
	if err := management.ValidateClient(client); err != nil {
		return err
	}
	for audience, scopes := range client.Settings.Audiences {
		if audience == strings.TrimSuffix(h.settings.Issuer, "/")+"/api/v2/" {
			if err := checkManagementScopes(scopes); err != nil {
				return err
			}
			continue
		}
		api, err := h.db.APIByAudience(ctx, audience)
		if err != nil {
			return named(err, "api", audience)
		}
		for _, scope := range scopes {
			if !slices.ContainsFunc(api.Scopes, func(s storage.Scope) bool { return s.Value == scope }) {
				return &misuse{what: fmt.Sprintf("the API %s has no scope %q", audience, scope), mend: "add it with `sallyport api update` or leave it out"}
			}
		}
	}
	for _, name := range client.Settings.Factors {
		if err := h.checkFactor(name); err != nil {
			return err
		}
	}
	return nil
}

var managementScope = regexp.MustCompile(`^(create|read|update|delete):[a-z_]+$`)

// checkManagementScopes looks at scopes of the Management API, which is ours and not
// registered. A noun that it does not have opens nothing.
func checkManagementScopes(scopes []string) error {
	for _, scope := range scopes {
		if !managementScope.MatchString(scope) {
			return &misuse{what: fmt.Sprintf("the Management API has no scope %q", scope), mend: "write create, read, update or delete, a colon and the noun, such as read:users"}
		}
	}
	return nil
}

func (c *cli) clientList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the applications", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				clients, err := h.db.Clients(ctx)
				if err != nil {
					return err
				}
				return c.show(clients, func(w io.Writer) {
					row(w, "CLIENT_ID", "NAME", "AUTHENTICATES WITH", "SECOND FACTOR", "GRANTS")
					for _, one := range clients {
						row(w, one.ID, one.Name, one.Metadata.TokenEndpointAuthMethod, or(one.Settings.Policy, "as the tenant"),
							strings.Join(one.Metadata.GrantTypes, " ")+disabledMark(one.Disabled))
					}
				})
			})
		},
	}
}

func disabledMark(disabled bool) string {
	if disabled {
		return " (disabled)"
	}
	return ""
}

func (c *cli) clientShow() *cobra.Command {
	return &cobra.Command{
		Use: "show CLIENT_ID", Short: "Show all of an application", Args: takes("CLIENT_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				client, err := h.db.ClientByID(ctx, args[0])
				if err != nil {
					return named(err, "client", args[0])
				}
				return c.showClient(clientView{Client: client})
			})
		},
	}
}

func (c *cli) clientUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update CLIENT_ID", Short: "Change an application", Args: takes("CLIENT_ID"),
		Long: "Change the fields that are given. A list is replaced as a whole; --factor=\"\" clears it.",
		Example: `  sallyport client update cli_… --policy always
  sallyport client update cli_… --redirect-uri https://a.example/cb --redirect-uri https://b.example/cb`,
	}
	apply := clientFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			client, err := h.db.ClientByID(ctx, args[0])
			if err != nil {
				return named(err, "client", args[0])
			}
			scope := management.OfClient(client)
			before, err := scope.Document()
			if err == nil {
				err = apply(client)
			}
			if err != nil {
				return err
			}
			if err := h.checkClient(ctx, client); err != nil {
				return err
			}
			view := clientView{Client: client}
			switch {
			case !needsSecret(client):
				client.Secrets = nil
			case len(client.Secrets) == 0:
				view.Secret, client.Secrets = h.newSecret(nil, 0)
			}
			err = h.change(ctx, event{Type: "client.updated", ClientID: client.ID}, func(ctx context.Context) error {
				if err := h.noteVersion(ctx, scope, before, nil); err != nil {
					return err
				}
				return h.store(ctx, scope)
			})
			if err != nil {
				return err
			}
			return c.showClient(view)
		})
	}
	return cmd
}

func (c *cli) clientRotate() *cobra.Command {
	var keep time.Duration
	cmd := &cobra.Command{
		Use: "rotate-secret CLIENT_ID", Short: "Make a new secret", Args: takes("CLIENT_ID"),
		Long:    "Make a new secret. The old one goes on working for --keep, so that the application can change over.",
		Example: "  sallyport client rotate-secret cli_… --keep 24h",
	}
	cmd.Flags().DurationVar(&keep, "keep", 0, "how long the old secret goes on working")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			client, err := h.db.ClientByID(ctx, args[0])
			if err != nil {
				return named(err, "client", args[0])
			}
			if !needsSecret(client) {
				return &misuse{what: "this client has no secret: it authenticates with " + client.Metadata.TokenEndpointAuthMethod,
					mend: "set --auth-method client_secret_basic with `sallyport client update` first"}
			}
			view := clientView{Client: client}
			view.Secret, client.Secrets = h.newSecret(client.Secrets, keep)
			e := event{Type: "client.secret_rotated", ClientID: client.ID, Data: map[string]any{"keep_seconds": int64(keep / time.Second)}}
			if err := h.change(ctx, e, func(ctx context.Context) error { return h.db.UpdateClient(ctx, client) }); err != nil {
				return err
			}
			return c.showClient(view)
		})
	}
	return cmd
}

func (c *cli) clientDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete CLIENT_ID", Short: "Remove an application and all its tokens", Args: takes("CLIENT_ID"),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			client, err := h.db.ClientByID(ctx, args[0])
			if err != nil {
				return named(err, "client", args[0])
			}
			if err := c.confirm(yes, "Remove the application "+client.Name+" and all its tokens?"); err != nil {
				return err
			}
			return h.change(ctx, event{Type: "client.deleted", ClientID: client.ID}, func(ctx context.Context) error {
				return h.db.DeleteClient(ctx, client.ID)
			})
		})
	}
	return cmd
}

func (c *cli) showClient(v clientView) error {
	return c.show(v, func(w io.Writer) {
		row(w, "client_id", v.ID)
		if v.Secret != "" {
			row(w, "client_secret", v.Secret+"   (shown this once)")
		}
		row(w, "name", v.Name+disabledMark(v.Disabled))
		for _, line := range plainFields(v.Metadata) {
			row(w, line.name, line.value)
		}
		for _, line := range plainFields(v.Settings) {
			row(w, line.name, line.value)
		}
	})
}
