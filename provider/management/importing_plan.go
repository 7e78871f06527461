package management

import (
	"bytes"
	"context"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/storage"
)

// maxAuthenticators is what one person may have, as in a sign-in.
const maxAuthenticators = 20

// A plan is what the records of a batch come to.
type plan struct {
	fresh    []*storage.Newcomer
	members  []*storage.Member
	changed  []*changedPerson
	events   []*storage.Event
	failures []ImportFailure
}

// stores reports whether there is anything that could be refused.
func (p *plan) stores() bool { return len(p.fresh)+len(p.changed) > 0 }

// after is how far the import is when p is stored.
func (p *plan) after(at *storage.Import, list []record) *storage.Import {
	next := *at
	if len(list) > 0 {
		next.Position = list[len(list)-1].end
	}
	next.Records += int64(len(list))
	next.Inserted += int64(len(p.fresh))
	next.Updated += int64(len(p.changed))
	next.Failed += int64(len(p.failures))
	return &next
}

// A changedPerson was there before.
type changedPerson struct {
	user     *storage.User
	added    []*factors.Authenticator
	replaced *factors.Authenticator
}

func (c *changedPerson) store(ctx context.Context, db *storage.DB) error {
	if err := db.UpdateUser(ctx, c.user); err != nil {
		return err
	}
	if c.replaced != nil {
		if err := db.UpdateAuthenticator(ctx, c.replaced); err != nil {
			return err
		}
	}
	for _, a := range c.added {
		if err := db.CreateAuthenticator(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// An incoming person is what a record says, understood.
type incoming struct {
	record *record
	user   *storage.User
	// apply puts what the record says onto a person who is there already.
	apply func(*storage.User)
	// password is the hash, nil: none. It may replace one that nobody signed in with yet
	// where renewing is set.
	password *factors.Authenticator
	renewing bool
	seconds  []*factors.Authenticator
	// memberships are of an export of ours alone.
	memberships []*storage.Member
	faults      []ImportError // with which the person comes all the same
}

func (in *incoming) all() []*factors.Authenticator {
	if in.password == nil {
		return in.seconds
	}
	return append([]*factors.Authenticator{in.password}, in.seconds...)
}

// plan says what becomes of records.
func (im *UserImport) plan(ctx context.Context, list []record) (*plan, error) {
	p := &plan{}
	var coming []*incoming
	var ids, names []string
	for i := range list {
		in, err := im.read(&list[i])
		if err != nil {
			p.failures = append(p.failures, list[i].failure(*err))
			continue
		}
		coming = append(coming, in)
		ids, names = append(ids, in.user.ID), append(names, in.user.Username, in.user.Email)
	}
	there, err := im.DB.Namesakes(ctx, ids, names)
	if err != nil {
		return nil, err
	}
	known := map[string][]*factors.Authenticator{}
	if im.Upsert && len(there) > 0 {
		var owners []string
		for _, u := range there {
			owners = append(owners, u.ID)
		}
		if known, err = im.DB.AuthenticatorsOf(ctx, owners); err != nil {
			return nil, err
		}
	}
	crowd := newCrowd(there)
	for _, in := range coming {
		im.place(p, crowd, known, in)
	}
	return p, nil
}

// read understands a record.
func (im *UserImport) read(r *record) (*incoming, *ImportError) {
	if r.fault != nil {
		return nil, r.fault
	}
	if im.native {
		return im.readNative(r)
	}
	return im.readAuth0(r)
}

// place decides between a new person, one who is there, and a failure.
func (im *UserImport) place(p *plan, crowd *crowd, known map[string][]*factors.Authenticator, in *incoming) {
	old, path, fault := crowd.find(in.user)
	switch {
	case fault != nil:
		p.failures = append(p.failures, in.record.failure(*fault))
		return
	case old == nil:
		im.add(p, in)
		crowd.note(in.user)
		return
	case crowd.met[old.ID]:
		p.failures = append(p.failures, in.record.failure(ImportError{Code: "DUPLICATED_USER", Message: "A user with this " + path + " was already provided.", Path: path}))
		return
	case !im.Upsert || im.native:
		p.failures = append(p.failures, in.record.failure(ImportError{Code: "DUPLICATED_USER", Message: "A user with this " + path + " already exists.", Path: path}))
		return
	}
	crowd.met[old.ID] = true
	im.change(p, old, known[old.ID], in)
}

func (im *UserImport) add(p *plan, in *incoming) {
	if in.user.ID == "" {
		in.user.ID = storage.NewID("usr")
	}
	n := &storage.Newcomer{User: in.user, Authenticators: in.all()}
	if !im.native { // an export has the twins
		n.Authenticators = link(im.Factors, n.Authenticators, 0)
	}
	for _, m := range in.memberships {
		m.UserID = in.user.ID
		p.members = append(p.members, m)
	}
	p.fresh = append(p.fresh, n)
	im.note(p, "user.created", in, n.Authenticators)
}

// change brings a person up to date. Authenticators that they have are not added twice.
func (im *UserImport) change(p *plan, old *storage.User, has []*factors.Authenticator, in *incoming) {
	in.apply(old)
	c := &changedPerson{user: old}
	at := slices.IndexFunc(has, func(a *factors.Authenticator) bool { return a.Factor == factors.Password })
	switch {
	case in.password == nil:
	case at < 0:
		c.added = append(c.added, in.password)
	case in.renewing && old.SignedInAt.IsZero():
		c.replaced = has[at]
		c.replaced.Secret = in.password.Secret
	}
	if im.WithoutNewFactors && in.seconds != nil {
		in.seconds = nil // those that the person has, too: nobody finds out which these are
		in.faults = append(in.faults, mfaFailed("mfa_factors", "for people who are there it takes create:authentication_methods"))
	}
	for _, a := range in.seconds {
		same := func(b *factors.Authenticator) bool { return a.Factor == b.Factor && bytes.Equal(a.Secret, b.Secret) }
		if !slices.ContainsFunc(has, same) && !slices.ContainsFunc(c.added, same) {
			c.added = append(c.added, a)
		}
	}
	c.added = link(im.Factors, c.added, len(has))
	if len(has)+len(c.added) > maxAuthenticators {
		c.added = slices.DeleteFunc(c.added, func(a *factors.Authenticator) bool { return a.Factor != factors.Password })
		in.faults = append(in.faults, mfaFailed("mfa_factors", "the person would have more than twenty"))
	}
	for _, a := range c.added {
		a.ID, a.UserID = named(a), old.ID
	}
	p.changed = append(p.changed, c)
	im.note(p, "user.updated", in, c.added)
}

// named is the id of a, a new one where it has none.
func named(a *factors.Authenticator) string {
	if a.ID == "" {
		a.ID = storage.NewID("aut")
	}
	return a.ID
}

// link adds what each of list brings along, as far as the person, who had others, has room
// for it: a number that takes texts takes calls.
func link(registry *factors.Registry, list []*factors.Authenticator, had int) []*factors.Authenticator {
	for _, a := range slices.Clone(list) {
		linker, ok := registry.Get(a.Factor).(factors.Linker)
		if !ok || a.Link != "" {
			continue
		}
		twins, err := linker.Link(a)
		if err != nil {
			continue // it stands alone then
		}
		for _, twin := range twins {
			if registry.Get(twin.Factor) == nil || had+len(list) >= maxAuthenticators {
				continue
			}
			a.Link = named(a)
			twin.ID, twin.Link = storage.NewID("aut"), a.Link
			list = append(list, twin)
		}
	}
	return list
}

// note writes down what happened to a person, and what did not come over.
func (im *UserImport) note(p *plan, kind string, in *incoming, added []*factors.Authenticator) {
	id := in.user.ID
	if len(p.changed) > 0 && kind == "user.updated" {
		id = p.changed[len(p.changed)-1].user.ID
	}
	data := map[string]any{"import": true}
	if len(added) > 0 {
		list := make([]string, len(added))
		for i, a := range added {
			list[i] = a.Factor
		}
		data["authenticators"] = list
	}
	p.events = append(p.events, &storage.Event{At: im.Now(), Type: kind, Actor: im.Actor, UserID: id, Data: data})
	if len(in.faults) > 0 {
		f := in.record.failure(in.faults...)
		f.Kept = true
		p.failures = append(p.failures, f)
	}
}
