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

// LoginByID finds a login, done and expired ones too: that is for the caller to say.
// It takes one query, and a second where the login has a user.
//
// Errors: ErrNotFound.
func (d *DB) LoginByID(ctx context.Context, id string) (*LoginView, error) {
	var row struct {
		Login Login `bun:"embed:l_"`
		User  User  `bun:"embed:u_"`
	}
	err := d.query(ctx, func(ctx context.Context, q bun.IDB) error {
		return q.NewSelect().ColumnExpr("?", d.prefixed("l", &row.Login)).ColumnExpr("?", d.prefixed("u", &row.User)).
			TableExpr("logins AS l").Join("LEFT JOIN users AS u ON u.id = l.user_id").
			Where("l.id = ?", id).Scan(ctx, &row)
	})
	if err != nil {
		return nil, err
	}
	if row.Login.State, err = d.open(loginState, id, row.Login.State); err != nil {
		return nil, err
	}
	view := &LoginView{Login: &row.Login}
	if row.User.ID == "" {
		return view, nil
	}
	view.User = &row.User
	view.Authenticators, err = d.Authenticators(ctx, row.User.ID)
	return view, err
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
