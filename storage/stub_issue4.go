package storage

import (
	"context"
	"encoding/json"
	"time"
)

type Script struct {
	ID, Name, Kind  string
	Position        int
	Enabled         bool
	Deployed        int64
	Secrets         map[string]string
	CreatedAt       time.Time
}
type LiveScript struct {
	Script
	Source string
}

func (d *DB) CachedScripts(ctx context.Context) ([]*LiveScript, error) { return nil, nil }

type Organization struct {
	ID, Name, DisplayName string
	Metadata              map[string]string
	Policy                string
	Factors               []string
	Document              json.RawMessage
}
type Member struct {
	OrganizationID, UserID string
	Roles                  []string
}

func (d *DB) CachedOrganization(ctx context.Context, id string) (*Organization, error) {
	return nil, ErrNotFound
}
func (d *DB) Membership(ctx context.Context, org, user string) (*Member, error) { return nil, ErrNotFound }
