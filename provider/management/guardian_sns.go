package management

import (
	"context"

	"github.com/sallyport-id/sallyport/factors"
)

// sns is an account at Amazon.
type sns struct {
	KeyID  *string `json:"aws_access_key_id" required:"false" maxLength:"1000"`
	Secret *string `json:"aws_secret_access_key,omitempty" maxLength:"1000" doc:"written only: it stays where it is left out and aws_access_key_id does not change"`
	Region *string `json:"aws_region" required:"false" maxLength:"1000"`
	APNS   *string `json:"sns_apns_platform_application_arn" required:"false" maxLength:"1000"`
	GCM    *string `json:"sns_gcm_platform_application_arn" required:"false" maxLength:"1000"`
}

// fields are the members by our keys, but for the secret.
func (s *sns) fields() map[string]**string {
	const at = "delivery.sns."
	return map[string]**string{
		at + "access_key_id": &s.KeyID, at + "region": &s.Region, at + "apns_application_arn": &s.APNS, at + "gcm_application_arn": &s.GCM,
	}
}

func (a *API) readSNS(context.Context, *struct{}) (*body[sns], error) {
	now, out := a.Setup.Settings(factors.Push), sns{}
	for key, field := range out.fields() {
		*field = orNull(now[key])
	}
	return say(out), nil
}

func (a *API) writeSNS(patch bool) func(context.Context, *body[sns]) (*body[sns], error) {
	return func(ctx context.Context, in *body[sns]) (*body[sns], error) {
		provider, err := a.pushProvider(ctx)
		if err != nil {
			return nil, err
		}
		sent := in.Body
		err = a.setPush(ctx, func(now map[string]Setting) map[string]any {
			values, then := map[string]any{}, map[string]Setting{}
			for key, field := range sent.fields() {
				text := given(patch, *field, now[key])
				values[key], then[key] = text, Setting{Value: text}
			}
			const id, secret = "delivery.sns.access_key_id", "delivery.sns.secret_access_key"
			values[secret] = secretOr(sent.Secret, now[secret], then[id].Text() == now[id].Text())
			values["delivery.provider"] = deliveryFor(provider, then)
			return values
		})
		sent.Secret = nil
		return say(sent), err
	}
}
