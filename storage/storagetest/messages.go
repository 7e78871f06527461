package storagetest

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

func aMessage(id string) *storage.Message {
	return &storage.Message{ID: id, Channel: "sms", Payload: []byte(`{"code":"123456"}`), ExpiresAt: soon()}
}

func messages(t *testing.T, db *storage.DB) {
	ctx := t.Context()
	a, late, over := aMessage("a"), aMessage("b"), aMessage("c")
	late.DueAt, over.ExpiresAt = soon(), now().Add(-time.Second)
	must(t, db.Commit(ctx, storage.Change{Messages: []*storage.Message{a, late, over}}))
	due, err := db.DueMessages(ctx, 10)
	must(t, err)
	same(t, due, []string{"a"})
	for _, id := range []string{"b", "c", "none"} {
		_, err = db.ClaimMessage(ctx, id)
		want(t, err, storage.ErrSpent)
	}

	got, err := db.ClaimMessage(ctx, "a")
	must(t, err)
	if got.State != storage.MessageSending || got.Attempts != 1 || string(got.Payload) != string(a.Payload) {
		t.Fatalf("%+v", got)
	}
	_, err = db.ClaimMessage(ctx, "a")
	want(t, err, storage.ErrSpent)
	must(t, db.DeferMessage(ctx, "a", now().Add(-time.Second)))
	got, err = db.ClaimMessage(ctx, "a")
	must(t, err)
	if got.Attempts != 2 {
		t.Fatalf("%+v", got)
	}
	must(t, db.FinishMessage(ctx, "a", storage.MessageSent))
	must(t, db.FinishMessage(ctx, "a", storage.MessageFailed)) // it is over already
	state, err := db.MessageState(ctx, "a")
	must(t, err)
	same(t, state, storage.MessageSent)
	_, err = db.MessageState(ctx, "none")
	want(t, err, storage.ErrNotFound)

	must(t, db.AddMessages(ctx, aMessage("d")))
	_, err = db.ClaimMessage(ctx, "d")
	must(t, err)
	lost, err := db.AbandonMessages(ctx, now().Add(-time.Minute))
	must(t, err)
	same(t, lost, []string{})
	lost, err = db.AbandonMessages(ctx, now().Add(time.Minute))
	must(t, err)
	same(t, lost, []string{"d"})
	state, err = db.MessageState(ctx, "d")
	must(t, err)
	same(t, state, storage.MessageFailed)
}

func raceMessage(t *testing.T, db *storage.DB) {
	must(t, db.AddMessages(t.Context(), aMessage("a")))
	one(t, parallel(t, crowd, storage.ErrSpent, func(ctx context.Context, _ int) error {
		_, err := db.ClaimMessage(ctx, "a")
		return err
	}))
}
