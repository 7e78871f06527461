package management

import (
	"encoding/json"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// readNative understands a person of an export of ours.
func (im *UserImport) readNative(r *record) (*incoming, *ImportError) {
	var one struct {
		User           *storage.User            `json:"user"`
		Authenticators []*factors.Authenticator `json:"authenticators"`
	}
	if err := json.Unmarshal(r.text, &one); err != nil || one.User == nil {
		return nil, &ImportError{Code: "INVALID_TYPE", Message: "The record is not one of this version's export."}
	}
	for _, a := range one.Authenticators {
		a.UserID, a.Version = one.User.ID, 0
	}
	return &incoming{record: r, user: one.User, seconds: one.Authenticators, apply: func(*storage.User) {}}, nil
}
