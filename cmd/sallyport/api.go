package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/provider/management"
	"github.com/sallyport-id/sallyport/storage"
)

func (c *cli) apiCommand() *cobra.Command {
	return group("api", "APIs that access tokens are made for",
		`An API is an audience: an absolute URI that access tokens carry in aud. Its scopes, each
with a sentence, are what people consent to.`,
		c.apiCreate(), c.apiList(), c.apiShow(), c.apiUpdate(), c.apiDelete())
}

// apiFlags registers the fields of an API and returns what applies the given ones.
func apiFlags(cmd *cobra.Command) func(*storage.API) error {
	flags := cmd.Flags()
	name := flags.String("name", "", "`name` that administrators see")
	scopes := flags.StringArray("scope", nil, "\"`SCOPE`=sentence that consent shows\" (repeatable)")
	format := flags.String("format", "jwt", "access tokens: jwt (RFC 9068) or opaque")
	ttl := flags.Duration("ttl", 0, "life of access tokens; 0: the tenant's")
	return func(a *storage.API) error {
		if flags.Changed("name") {
			a.Name = *name
		}
		if flags.Changed("format") || a.TokenFormat == "" {
			a.TokenFormat = *format
		}
		if flags.Changed("ttl") {
			a.TokenTTL = int64(*ttl / time.Second)
		}
		if flags.Changed("scope") {
			a.Scopes = apiScopes(*scopes)
		}
		return management.ValidateAPI(a)
	}
}

func apiScopes(values []string) []storage.Scope {
	scopes := []storage.Scope{}
	for _, v := range withoutEmpty(values) {
		value, sentence, _ := strings.Cut(v, "=")
		scopes = append(scopes, storage.Scope{Value: value, Description: sentence})
	}
	return scopes
}

func (c *cli) apiCreate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create AUDIENCE", Short: "Register an API", Args: takes("AUDIENCE"),
		Example: `  sallyport api create https://api.example/ --name Orders \
      --scope "read=See your orders" --scope "write=Change your orders" --ttl 15m`,
	}
	apply := apiFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withHouse(cmd, func(ctx context.Context, h *house) error {
			api := &storage.API{Audience: args[0], Name: args[0]}
			if err := apply(api); err != nil {
				return err
			}
			err := h.change(ctx, apiEvent("api.created", api), func(ctx context.Context) error {
				return named(h.db.CreateAPI(ctx, api), "api", api.Audience)
			})
			if err != nil {
				return err
			}
			return c.showAPI(api)
		})
	}
	return cmd
}

func apiEvent(kind string, a *storage.API) event {
	return event{Type: kind, Data: map[string]any{"audience": a.Audience}}
}

func (c *cli) apiList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the APIs", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.withHouse(cmd, func(ctx context.Context, h *house) error {
				apis, err := h.db.APIs(ctx)
				if err != nil {
					return err
				}
				return c.show(apis, func(w io.Writer) {
					row(w, "AUDIENCE", "NAME", "TOKENS", "SCOPES")
					for _, a := range apis {
						row(w, a.Audience, a.Name, a.TokenFormat, strings.Join(scopeNames(a), " "))
					}
				})
			})
		},
	}
}

func scopeNames(a *storage.API) []string {
	names := make([]string, len(a.Scopes))
	for i, s := range a.Scopes {
		names[i] = s.Value
	}
	return names
}

func (c *cli) apiShow() *cobra.Command {
	return &cobra.Command{
		Use: "show AUDIENCE", Short: "Show an API", Args: takes("AUDIENCE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withAPI(cmd, args[0], func(_ context.Context, _ *house, api *storage.API) error { return c.showAPI(api) })
		},
	}
}

func (c *cli) apiUpdate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update AUDIENCE", Short: "Change an API", Args: takes("AUDIENCE"),
		Long:    "Change the fields that are given. The scopes are replaced as a whole.",
		Example: "  sallyport api update https://api.example/ --ttl 5m",
	}
	apply := apiFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withAPI(cmd, args[0], func(ctx context.Context, h *house, api *storage.API) error {
			if err := apply(api); err != nil {
				return err
			}
			err := h.change(ctx, apiEvent("api.updated", api), func(ctx context.Context) error { return h.db.UpdateAPI(ctx, api) })
			if err != nil {
				return err
			}
			return c.showAPI(api)
		})
	}
	return cmd
}

func (c *cli) apiDelete() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{Use: "delete AUDIENCE", Short: "Remove an API", Args: takes("AUDIENCE")}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.withAPI(cmd, args[0], func(ctx context.Context, h *house, api *storage.API) error {
			if err := c.confirm(yes, "Remove the API "+api.Audience+"? No more tokens will be made for it."); err != nil {
				return err
			}
			return h.change(ctx, apiEvent("api.deleted", api), func(ctx context.Context) error { return h.db.DeleteAPI(ctx, api.Audience) })
		})
	}
	return cmd
}

func (c *cli) withAPI(cmd *cobra.Command, audience string, do func(context.Context, *house, *storage.API) error) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		api, err := h.db.APIByAudience(ctx, audience)
		if err != nil {
			return named(err, "api", audience)
		}
		return do(ctx, h, api)
	})
}

func (c *cli) showAPI(a *storage.API) error {
	return c.show(a, func(w io.Writer) {
		row(w, "audience", a.Audience)
		row(w, "name", a.Name)
		row(w, "access tokens", a.TokenFormat)
		if a.TokenTTL > 0 {
			row(w, "life", time.Duration(a.TokenTTL)*time.Second)
		}
		for _, s := range a.Scopes {
			row(w, "scope "+s.Value, s.Description)
		}
	})
}
