package storagetest

import (
	"fmt"
	"testing"

	"github.com/sallyport-id/sallyport/storage"
)

// newcomers compares what was stored at once with what is read one by one, and refuses all
// where one is refused.
func newcomers(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	gone := aUser(t, db, "gone")
	must(t, db.DeleteUser(ctx, gone.ID))
	aUser(t, db, "there")

	var list []*storage.Newcomer
	for i := range 3 {
		n := &storage.Newcomer{User: &storage.User{Username: fmt.Sprintf("Person%d", i), Roles: []string{"a"}, AppMetadata: []byte(`{"a":"\u0000"}`)}}
		for range i {
			n.Authenticators = append(n.Authenticators, &storage.Authenticator{Factor: "otp", Secret: []byte("s3cret"), ConfirmedAt: now()})
		}
		list = append(list, n)
	}
	list[1].Email = "Two@Example.com"
	must(t, db.CreateCrowd(ctx, list))
	must(t, db.CreateCrowd(ctx, nil))
	var ids []string
	for _, n := range list {
		ids = append(ids, n.ID)
		p, err := db.PersonByLogin(ctx, n.Username)
		must(t, err)
		same(t, p.User, n.User)
		same(t, len(p.Authenticators), len(n.Authenticators))
	}
	of, err := db.AuthenticatorsOf(ctx, ids)
	must(t, err)
	same(t, of[ids[2]], list[2].Authenticators)
	same(t, len(of), 2)

	for name, u := range map[string]*storage.User{
		"a name":          {Username: "THERE"},
		"a name as mail":  {Username: "new", Email: "there"},
		"a deleted id":    {ID: gone.ID, Username: "new"},
		"one of the same": {Username: "fresh"},
		"a known id":      {ID: ids[0], Username: "new"},
	} {
		err := db.CreateCrowd(ctx, []*storage.Newcomer{{User: &storage.User{Username: "fresh"}}, {User: u}})
		if err == nil {
			t.Errorf("%s was given out again", name)
		}
		want(t, err, storage.ErrConflict)
		_, err = db.UserByLogin(ctx, "fresh")
		want(t, err, storage.ErrNotFound)
	}
	want(t, db.CreateCrowd(ctx, []*storage.Newcomer{{User: &storage.User{}}}), storage.ErrInvalid)

	found, err := db.Namesakes(ctx, []string{ids[0], "nobody"}, []string{"TWO@example.com", "", "person2", "person2"})
	must(t, err)
	same(t, len(found), 3)
	found, err = db.Namesakes(ctx, nil, nil)
	must(t, err)
	same(t, len(found), 0)
}

func imports(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	_, err := db.Import(ctx, "file")
	want(t, err, storage.ErrNotFound)
	one := &storage.Import{ID: "file", Position: 7, Records: 3, Inserted: 1, Updated: 1, Failed: 1}
	must(t, db.PutImport(ctx, one))
	got, err := db.Import(ctx, "file")
	must(t, err)
	same(t, got, one)
	want(t, db.PutImport(ctx, &storage.Import{ID: "file"}), storage.ErrConflict)
	one.DoneAt = now()
	must(t, db.PutImport(ctx, one))
	want(t, db.PutImport(ctx, got), storage.ErrConflict)
	got, err = db.Import(ctx, "file")
	must(t, err)
	same(t, got, one)
}
