package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/sallyport-id/sallyport/factors"
)

// webhook hands messages to an address of the operator's. Its requests are signed by
// Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature); the id of a
// message stays the same, so that the other side can refuse to send it twice.
type webhook struct {
	url    string
	signer *webhooks.Webhook
	http   *http.Client
}

// A hooked message is the body of the request.
type hooked struct {
	Type          string `json:"type"` // "phone.message"
	MessageType   string `json:"message_type"`
	Action        string `json:"action"`
	Recipient     string `json:"recipient"`
	Text          string `json:"text"`
	Code          string `json:"code"`
	Language      string `json:"language"`
	ClientName    string `json:"client_name"`
	CorrelationID string `json:"correlation_id"`
}

func (f *Factor) webhook() (sender, error) {
	w := f.config.Webhook
	u, err := address("webhook.url", w.URL)
	signer, fault := webhooks.NewWebhook(w.SigningSecret)
	if fault != nil || w.SigningSecret == "" {
		fault = errors.New("webhook.signing_secret: is no secret of Standard Webhooks; use whsec_ and base64 of 24 to 64 random bytes")
	}
	if err = errors.Join(err, fault); err != nil {
		return nil, err
	}
	return &webhook{u.String(), signer, f.http}, nil
}

func (w *webhook) send(ctx context.Context, channel Channel, m factors.Message, text string) error {
	kind := "sms"
	if channel == Call {
		kind = "voice"
	}
	body, err := json.Marshal(hooked{
		Type: "phone.message", MessageType: kind, Action: m.Purpose, Recipient: m.To, Text: strings.ReplaceAll(text, pause, " "), Code: m.Code,
		Language: m.Locale, ClientName: m.Client, CorrelationID: m.ID,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", factors.ErrUndeliverable, err)
	}
	at := time.Now()
	signature, err := w.signer.Sign(m.ID, at, body)
	if err != nil {
		return fmt.Errorf("%w: webhook: sign: %w", factors.ErrUnsent, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: webhook: %w", factors.ErrUnsent, err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(webhooks.HeaderWebhookID, m.ID)
	r.Header.Set(webhooks.HeaderWebhookSignature, signature)
	r.Header.Set(webhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	res, err := w.http.Do(r)
	if err != nil {
		if unconnected(err) {
			return fmt.Errorf("%w: webhook: %w", factors.ErrUnsent, err)
		}
		return fmt.Errorf("webhook: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // only the status counts
	_ = res.Body.Close()
	switch {
	case res.StatusCode/100 == 2:
		return nil
	case res.StatusCode == http.StatusUnprocessableEntity:
		return fmt.Errorf("%w: webhook: status 422", factors.ErrUndeliverable)
	}
	return fmt.Errorf("%w: webhook: status %d", factors.ErrUnsent, res.StatusCode)
}
