package management

import "github.com/sallyport-id/sallyport/storage"

// A crowd is who is there already, by everything that has to be theirs alone.
type crowd struct {
	ids, names map[string]*storage.User
	met        map[string]bool // by id: in this batch
}

func newCrowd(there []*storage.User) *crowd {
	c := &crowd{ids: map[string]*storage.User{}, names: map[string]*storage.User{}, met: map[string]bool{}}
	for _, u := range there {
		c.put(u)
	}
	return c
}

func (c *crowd) put(u *storage.User) {
	c.ids[u.ID] = u
	c.names[storage.Normalise(u.Username)] = u
	if key := storage.Normalise(u.Email); key != "" {
		c.names[key] = u
	}
}

func (c *crowd) note(u *storage.User) {
	c.put(u)
	c.met[u.ID] = true
}

// find is who u is already, and by which field; nil: nobody. A fault says that u is two
// people.
func (c *crowd) find(u *storage.User) (old *storage.User, path string, fault *ImportError) {
	for _, one := range []struct {
		path string
		who  *storage.User
		code string
	}{
		{"email", c.names[storage.Normalise(u.Email)], "CONFLICT_EMAIL"},
		{"user_id", c.ids[u.ID], "CONFLICT"},
		{"username", c.names[storage.Normalise(u.Username)], "CONFLICT_USERNAME"},
	} {
		switch {
		case one.who == nil:
		case old == nil:
			old, path = one.who, one.path
		case old != one.who:
			return nil, "", &ImportError{Code: one.code, Message: "The " + path + " is one person's and the " + one.path + " another's.", Path: one.path}
		}
	}
	return old, path, nil
}
