package push

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
)

// texts are what a notification says, by language.
var texts = map[string]struct{ title, body string }{
	"en": {"Is that you?", "Someone signs in to %s as %s."},
	"de": {"Sind Sie das?", "Jemand meldet sich bei %s als %s an."},
	"es": {"¿Eres tú?", "Alguien inicia sesión en %s como %s."},
}

// A parcel is what a message holds for Send: where it goes, and what with.
type parcel struct {
	Service string          `json:"service"`
	Address string          `json:"address"`
	Title   string          `json:"title"`
	Body    string          `json:"body"`
	Data    json.RawMessage `json:"data"`
	Expires time.Time       `json:"expires"`
}

func (f *Factor) message(s factors.Subject, d device, c *factors.Challenge) (*factors.Message, error) {
	base, _, _ := strings.Cut(strings.ToLower(s.Locale), "-")
	text, ok := texts[base]
	if !ok {
		text = texts["en"]
	}
	application := s.Client
	if application == "" {
		application = s.Issuer
	}
	b, err := json.Marshal(parcel{
		Service: d.Service, Address: d.Address, Title: text.title, Body: fmt.Sprintf(text.body, application, s.Username), Data: f.Tell(c), Expires: c.ExpiresAt,
	})
	if err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	return &factors.Message{
		Factor: factors.Push, Purpose: factors.PurposeVerify, Locale: s.Locale, Name: s.Name, Client: s.Client, Issuer: s.Issuer, Host: s.Host, Data: b,
	}, nil
}

// Send implements factors.Courier.
func (f *Factor) Send(ctx context.Context, m factors.Message) error {
	var p parcel
	if err := json.Unmarshal(m.Data, &p); err != nil {
		return fmt.Errorf("%w: push: %w", factors.ErrUndeliverable, err)
	}
	var to sender = f.phones
	if p.Service == serviceWebPush {
		to = f.web
	}
	return to.send(ctx, p.Service, p.Address, note{ID: m.ID, Title: p.Title, Body: p.Body, Data: p.Data, Expires: p.Expires})
}
