package standin

import (
	"encoding/json"
	"io"
	"net/http"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Hook is an operator's own service that takes messages, signed by Standard Webhooks.
// https://github.com/standard-webhooks/standard-webhooks
type Hook struct {
	Secret string // whsec_…
	Got    func(Sent)
	Faults Faults
}

// ServeHTTP implements http.Handler.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault := h.Faults.take(r)
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if fault.Drop && !fault.After {
		drop()
	}
	verifier, fail := webhooks.NewWebhook(h.Secret)
	if err != nil || fail != nil || verifier.Verify(body, r.Header) != nil {
		http.Error(w, "the signature is not right", http.StatusUnauthorized)
		return
	}
	if fault.Status != 0 {
		http.Error(w, fault.Reason, fault.Status)
		return
	}
	var m struct {
		MessageType string `json:"message_type"`
		Recipient   string `json:"recipient"`
		Text        string `json:"text"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	kind := map[string]string{"sms": "text", "voice": "call"}[m.MessageType]
	h.Got(Sent{Kind: kind, To: m.Recipient, Text: m.Text, ID: r.Header.Get(webhooks.HeaderWebhookID)})
	if fault.Drop {
		drop()
	}
	w.WriteHeader(http.StatusAccepted)
}
