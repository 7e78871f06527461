package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// A LoginView is a login with what a step of it needs.
type LoginView struct {
	Login          *Login
	User           *User            // nil until the person is known
	Authenticators []*Authenticator // all of the user, pending ones of any login included
}

// CreateLogin stores a new login. It assigns ID where that is empty, CreatedAt where
// that is zero, and Version.
//
// Errors: ErrConflict where the id is in use.
func (d *DB) CreateLogin(ctx context.Context, l *Login) error {
	if l.ID == "" {
		l.ID = NewID("lgn")
	}
	if l.CreatedAt.IsZero() {
		l.CreatedAt = d.now()
	}
	l.Version = 1
	row, err := d.sealedLogin(l)
	if err != nil {
		return err
	}
	return d.insert(ctx, row)
}

// A loginLine is a login with its user and one of their authenticators.
type loginLine struct {
	Login         Login         `bun:"embed:l_"`
	User          User          `bun:"embed:u_"`
	Authenticator Authenticator `bun:"embed:a_"`
}

func (d *DB) loginQuery(q bun.IDB, id any) *bun.SelectQuery {
	return q.NewSelect().ColumnExpr("?", d.prefixed("l", &Login{})).ColumnExpr("?", d.prefixed("u", &User{})).
		ColumnExpr("?", d.prefixed("a", &Authenticator{})).TableExpr("logins AS l").
		Join("LEFT JOIN users AS u ON u.id = l.user_id").Join("LEFT JOIN authenticators AS a ON a.user_id = u.id").
		Where("l.id = ?", id).OrderExpr("a.id")
}

// LoginByID finds a login, done and expired ones too: that is for the caller to say.
//
// Errors: ErrNotFound.
func (d *DB) LoginByID(ctx context.Context, id string) (*LoginView, error) {
	var lines []loginLine
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		lines = lines[:0]
		if d.loginByID != nil && d.tx(ctx) == nil {
			return d.loginByID.scanAll(ctx, d.reader, &lines, id)
		}
		return d.loginQuery(q, id).Scan(ctx, &lines)
	})
	if err == nil && len(lines) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	view := &LoginView{Login: &lines[0].Login}
	if view.Login.State, err = d.open(loginState, id, view.Login.State); err != nil {
		return nil, err
	}
	if lines[0].User.ID == "" {
		return view, nil
	}
	view.User = &lines[0].User
	for i := range lines {
		if err := d.keep(&view.Authenticators, &lines[i].Authenticator); err != nil {
			return nil, err
		}
	}
	return view, nil
}

// keep opens an authenticator that a join found and puts it on the list.
func (d *DB) keep(list *[]*Authenticator, a *Authenticator) error {
	if a.ID == "" {
		return nil
	}
	var err error
	if a.Secret, err = d.open(authenticatorSecret, a.ID, a.Secret); err == nil {
		*list = append(*list, a)
	}
	return err
}

// UpdateLogin stores all of l but CreatedAt, where its Version is that of the table,
// and advances Version. Setting DoneAt finishes the login; of two requests that do
// so at once one gets ErrConflict.
//
// Errors: ErrConflict where the login has changed or is gone.
func (d *DB) UpdateLogin(ctx context.Context, l *Login) error {
	return d.versioned(ctx, &l.Version, func() error {
		row, err := d.sealedLogin(l)
		if err != nil {
			return err
		}
		return d.update(ctx, row, l.ID, l.Version)
	})
}

// sealedLogin is a copy of l as the table holds it.
func (d *DB) sealedLogin(l *Login) (*Login, error) {
	row := *l
	var err error
	row.State, err = d.seal(loginState, l.ID, l.State)
	return &row, err
}
