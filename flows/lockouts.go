package flows

import (
	"context"
	"fmt"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// A Lockout is that nobody gets any further with an account for now, after too many wrong
// answers.
type Lockout struct {
	Kind    string // "password", "code" or "recovery"
	Network string // where the wrong answers came from; "" where it holds for all
}

// Lockouts are those of a person, or of a name that nobody has, where u is nil.
func (e *Engine) Lockouts(ctx context.Context, u *storage.User, typed string) ([]Lockout, error) {
	full, err := e.db.FullLimits(ctx, e.now(), e.lockKeys(u, typed)...)
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	var all []Lockout
	who := e.who(u, typed)
	for _, key := range full {
		kind, rest, _ := strings.Cut(key, ":")
		network := strings.TrimPrefix(strings.TrimPrefix(rest, who), ":")
		if strings.HasPrefix(network, "device:") {
			network = ""
		}
		all = append(all, Lockout{kind, network})
	}
	return all, nil
}

// Unlock lets a person try again at once, from everywhere. event is stored with it.
func (e *Engine) Unlock(ctx context.Context, u *storage.User, typed string, event *storage.Event) error {
	keys := e.lockKeys(u, typed)
	if u != nil {
		auths, err := e.db.Authenticators(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("authenticators: %w", err)
		}
		for _, a := range auths {
			keys = append(keys, "code:"+a.ID)
		}
	}
	return e.db.Tx(ctx, func(ctx context.Context) error {
		if err := e.db.DropLimits(ctx, keys...); err != nil {
			return err
		}
		return e.db.AddEvents(ctx, event)
	})
}

func (e *Engine) lockKeys(u *storage.User, typed string) []string {
	who := e.who(u, typed)
	return []string{"password:" + who, "code:" + who, "recovery:" + who}
}
