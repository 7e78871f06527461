package storage

import (
	"context"
	"encoding/json"
)

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
func (d *DB) Membership(ctx context.Context, org, user string) (*Member, error) {
	return nil, ErrNotFound
}
