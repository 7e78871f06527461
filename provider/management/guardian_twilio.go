package management

import (
	"context"

	"github.com/sallyport-id/sallyport/factors"
)

// twilio is an account at Twilio. What a number and a messaging service are both given
// for, texts go by the service and calls from the number.
type twilio struct {
	From    *string `json:"from" required:"false" maxLength:"64"`
	Service *string `json:"messaging_service_sid" required:"false" maxLength:"1000"`
	Token   *string `json:"auth_token" required:"false" maxLength:"1000" doc:"written only: never answered, and it stays where it is left out and sid does not change"`
	SID     *string `json:"sid" required:"false" maxLength:"1000"`
}

func (a *API) readTwilio(context.Context, *struct{}) (*body[twilio], error) {
	texts, calls := a.Setup.Settings(factors.SMS), a.Setup.Settings(factors.Voice)
	from := texts["twilio.from"]
	if from.Text() == "" {
		from = calls["twilio.from"]
	}
	return say(twilio{From: orNull(from), Service: orNull(texts["twilio.messaging_service_sid"]), SID: orNull(texts["twilio.account_sid"])}), nil
}

// orNull is a text, nil where it is empty.
func orNull(s Setting) *string {
	text := s.Text()
	if text == "" {
		return nil
	}
	return &text
}

// value is what was sent, empty where nothing was.
func value(sent *string) string {
	if sent == nil {
		return ""
	}
	return *sent
}

func (a *API) putTwilio(ctx context.Context, in *body[twilio]) (*body[twilio], error) {
	w, err := a.phone(ctx)
	if err != nil {
		return nil, err
	}
	sent := in.Body
	account := func(from, service string) func(map[string]Setting) map[string]any {
		return func(now map[string]Setting) map[string]any {
			token := secretOr(sent.Token, now["twilio.auth_token"], value(sent.SID) == now["twilio.account_sid"].Text())
			values := map[string]any{
				"twilio.account_sid": value(sent.SID), "twilio.auth_token": token, "twilio.from": from, "twilio.messaging_service_sid": service,
			}
			then := map[string]Setting{"webhook.url": now["webhook.url"]}
			for key, v := range values {
				then[key] = Setting{Value: v}
			}
			values["sender"] = senderFor(w.Provider, then)
			return values
		}
	}
	from := value(sent.From)
	texts := from
	if value(sent.Service) != "" {
		texts = ""
	}
	err = a.Setup.Set(ctx, a.desk(ctx), FactorEdit{factors.SMS, account(texts, value(sent.Service))}, FactorEdit{factors.Voice, account(from, "")})
	sent.Token = nil
	return say(sent), err
}

// secretOr is a secret as it was sent, or, where it was left out, the one that is known:
// it is never answered, so that whoever writes back what they have read does not have it.
// That ends where what it belongs to changes.
func secretOr(sent *string, known Setting, same bool) string {
	switch {
	case sent != nil:
		return *sent
	case same:
		return known.Text()
	}
	return ""
}
