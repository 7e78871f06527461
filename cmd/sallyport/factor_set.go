package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-id/sallyport/cmd/sallyport/config"
	"github.com/sallyport-id/sallyport/provider/management"
)

// settingView is a setting of a factor as the command line shows it.
type settingView struct {
	Key     string `json:"key"`
	Value   any    `json:"value"`
	Changed bool   `json:"changed"` // over the configuration
}

func (c *cli) factorShow() *cobra.Command {
	return &cobra.Command{
		Use: "show FACTOR", Short: "Show how a factor is set up", Args: takes("FACTOR"),
		Long: `Show its settings: those of the configuration, and over them those that were changed with
factor set or the Management API. Secrets are hidden.`,
		Example: "  sallyport factor show sms",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.withHouse(cmd, func(_ context.Context, h *house) error { return c.showSetup(h, args[0]) })
		},
	}
}

func (c *cli) showSetup(h *house, name string) error {
	if err := h.checkFactor(name); err != nil {
		return err
	}
	all := h.setup.Settings(name)
	views := []settingView{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		one := all[key]
		if one.Secret {
			one.Value = config.Secret(fmt.Sprint(one.Value)).String()
		}
		if text, ok := one.Value.(fmt.Stringer); ok {
			one.Value = text.String()
		}
		views = append(views, settingView{key, one.Value, one.Changed})
	}
	return c.show(views, func(w io.Writer) {
		row(w, "SETTING", "VALUE", "CHANGED")
		for _, v := range views {
			row(w, v.Key, v.Value, yesNo(v.Changed))
		}
		if lacks := h.factors.Info(name).Missing; lacks != "" {
			row(w, "It is on offer to nobody: it lacks "+lacks)
		}
	})
}

func (c *cli) factorSet() *cobra.Command {
	var from string
	cmd := forceFlag(&cobra.Command{
		Use: "set FACTOR [KEY=VALUE…]", Short: "Set a factor up while the provider runs",
		Long: `Keys are those of the configuration below factors.FACTOR (sallyport config keys), and what is set
here goes over it. Running providers follow within five seconds, without a restart. What the
factor refuses is not stored. A secret does not belong on a command line, which other accounts
can see: write KEY=@FILE, KEY=@- for standard input, or all of them in YAML with --from. KEY= alone
sets nothing there; factor reset has the configuration hold again.`,
		Example: `  sallyport factor set sms sender=twilio twilio.account_sid=AC… twilio.from=+15005550006 twilio.auth_token=@token
  sallyport factor set push --from push.yaml
  sallyport factor set webauthn-roaming user_verification=required`,
		Args: cobra.MinimumNArgs(1),
	})
	cmd.Flags().StringVar(&from, "from", "", "`file` of settings in YAML or JSON, - for standard input")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		values, err := c.givenSettings(from, args[1:])
		if err != nil {
			return err
		}
		return c.setUp(cmd, args[0], func(map[string]management.Setting) map[string]any { return values })
	}
	return cmd
}

func (c *cli) factorReset() *cobra.Command {
	return forceFlag(&cobra.Command{
		Use: "reset FACTOR [KEY…]", Short: "Have the configuration hold again, for some settings or all",
		Example: "  sallyport factor reset sms twilio.auth_token",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.setUp(cmd, args[0], func(now map[string]management.Setting) map[string]any {
				keys := args[1:]
				if len(keys) == 0 {
					keys = slices.Collect(maps.Keys(now))
				}
				values := map[string]any{}
				for _, key := range keys {
					values[key] = nil
				}
				return values
			})
		},
	})
}

// setUp changes a factor's settings and shows what they are then.
func (c *cli) setUp(cmd *cobra.Command, name string, edit func(map[string]management.Setting) map[string]any) error {
	return c.withHouse(cmd, func(ctx context.Context, h *house) error {
		if err := h.checkFactor(name); err != nil {
			return err
		}
		if err := h.setup.Set(ctx, h.desk(forced(cmd)), management.FactorEdit{Factor: name, Edit: edit}); err != nil {
			return unforced(err)
		}
		return c.showSetup(h, name)
	})
}

// givenSettings are those of a file and, over them, those of arguments, by key.
func (c *cli) givenSettings(from string, args []string) (map[string]any, error) {
	values := map[string]any{}
	if from != "" {
		text, err := c.readAll(from)
		if err != nil {
			return nil, err
		}
		if text, err = config.JSON(from, text); err != nil {
			return nil, err
		}
		var nested map[string]any
		if err := json.Unmarshal(text, &nested); err != nil {
			return nil, &misuse{what: from + ": " + err.Error(), mend: "write keys with values, as below factors.FACTOR of the configuration"}
		}
		flatten(values, "", nested)
	}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, &misuse{what: fmt.Sprintf("%q is no setting", arg), mend: "write KEY=VALUE"}
		}
		if path, isFile := strings.CutPrefix(value, "@"); isFile {
			text, err := c.readAll(path)
			if err != nil {
				return nil, err
			}
			value = strings.TrimRight(string(text), "\r\n")
		}
		values[key] = value
	}
	if len(values) == 0 {
		return nil, &misuse{what: "there is nothing to set", mend: "write KEY=VALUE, or --from FILE"}
	}
	return values, nil
}

// flatten turns nested values into values by key.
func flatten(into map[string]any, prefix string, nested map[string]any) {
	for key, value := range nested {
		if below, ok := value.(map[string]any); ok {
			flatten(into, prefix+key+".", below)
		} else {
			into[prefix+key] = value
		}
	}
}
