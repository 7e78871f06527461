package management

import (
	"context"
	"net/http"

	"github.com/sallyport-id/sallyport/factors"
)

// Auth0's providers of push notifications. guardian is its own app, in whose place we have
// a page; the others are for apps that are built with its SDK.
const (
	pushGuardian = "guardian"
	pushSNS      = "sns"
	pushDirect   = "direct"
)

// guardianPush is how phones are asked.
func (a *API) guardianPush() {
	const at = "/guardian/factors/push-notification"
	op(a, operation{method: http.MethodGet, path: at + "/selected-provider", scopes: readFactors, summary: "Who takes notifications"}, a.readPushProvider)
	op(a, operation{method: http.MethodPut, path: at + "/selected-provider", scopes: updateFactors, summary: "Choose who takes notifications", conflict: true}, a.putPushProvider)
	op(a, operation{method: http.MethodGet, path: at + "/providers/apns", scopes: readFactors, summary: "The app at Apple, without its certificate"}, a.readAPNS)
	op(a, operation{method: http.MethodGet, path: at + "/providers/sns", scopes: readFactors, summary: "The account at Amazon, without its secret"}, a.readSNS)
	for method, verb := range map[string]string{http.MethodPut: "Replace", http.MethodPatch: "Change"} {
		patch := method == http.MethodPatch
		op(a, operation{method: method, path: at + "/providers/apns", scopes: updateFactors, summary: verb + " the app at Apple", conflict: true}, a.writeAPNS(patch))
		op(a, operation{method: method, path: at + "/providers/sns", scopes: updateFactors, summary: verb + " the account at Amazon", conflict: true}, a.writeSNS(patch))
		op(a, operation{method: method, path: at + "/providers/fcmv1", scopes: updateFactors, summary: verb + " the project at Google", conflict: true}, a.writeFCM(patch))
		op(a, operation{method: method, path: at + "/providers/fcm", scopes: updateFactors, summary: "Refused: Google has switched server keys off"},
			func(context.Context, *body[fcm]) (*body[struct{}], error) {
				return nil, impossible("Google takes no server keys any more (since July 2024); write the service account to providers/fcmv1")
			})
	}
	op(a, operation{method: http.MethodGet, path: "/prompts/mfa-push", scopes: []string{"read:prompts"}, summary: "The name of your app, and where it is"}, a.readPushApp)
	op(a, operation{method: http.MethodPatch, path: "/prompts/mfa-push", scopes: []string{"update:prompts"}, summary: "Name your app, and where it is", conflict: true}, a.patchPushApp)
}

// setPush changes settings of push.
func (a *API) setPush(ctx context.Context, edit func(map[string]Setting) map[string]any) error {
	return a.Setup.Set(ctx, a.desk(ctx), FactorEdit{factors.Push, edit})
}

// pushSelected is the provider of notifications.
type pushSelected struct {
	Provider string `json:"provider" enum:"guardian,sns,direct" doc:"guardian: our own page on the phone; sns and direct: an app built with a Guardian SDK, by Amazon or by Apple and Google"`
}

// pushProvider is how phones are asked, as it is where that says it, else as it was chosen.
func (a *API) pushProvider(ctx context.Context) (string, error) {
	now := a.Setup.Settings(factors.Push)
	var wish pushSelected
	if err := a.wish(ctx, "push", &wish); err != nil {
		return "", err
	}
	switch {
	case now["app"].Text() == "web":
		return pushGuardian, nil
	case now["delivery.provider"].Text() == pushSNS || wish.Provider == pushSNS:
		return pushSNS, nil
	}
	return pushDirect, nil
}

func (a *API) readPushProvider(ctx context.Context, _ *struct{}) (*body[pushSelected], error) {
	provider, err := a.pushProvider(ctx)
	return say(pushSelected{provider}), err
}

func (a *API) putPushProvider(ctx context.Context, in *body[pushSelected]) (*body[pushSelected], error) {
	edit := func(now map[string]Setting) map[string]any {
		app := "sdk"
		if in.Body.Provider == pushGuardian {
			app = "web"
		}
		return map[string]any{"app": app, "delivery.provider": deliveryFor(in.Body.Provider, now)}
	}
	return in, a.Setup.setWith(ctx, a.desk(ctx), func(ctx context.Context) error { return a.putWish(ctx, "push", in.Body) }, FactorEdit{factors.Push, edit})
}

// deliveryFor is our provider for one of Auth0's: Amazon only once there is an account.
func deliveryFor(provider string, now map[string]Setting) string {
	if provider == pushSNS && now["delivery.sns.region"].Text() != "" && now["delivery.sns.access_key_id"].Text() != "" {
		return pushSNS
	}
	return pushDirect
}

// apns is an app at Apple.
type apns struct {
	Sandbox  *bool   `json:"sandbox" required:"false"`
	BundleID *string `json:"bundle_id" required:"false" maxLength:"1000"`
	P12      *string `json:"p12,omitempty" maxLength:"10000" doc:"base64 of the file, without a password; written only"`
}

type apnsView struct {
	BundleID *string `json:"bundle_id"`
	Sandbox  bool    `json:"sandbox"`
	Enabled  bool    `json:"enabled" doc:"iPhones are notified"`
}

func (a *API) readAPNS(context.Context, *struct{}) (*body[apnsView], error) {
	now := a.Setup.Settings(factors.Push)
	sandbox, _ := now["delivery.apns.sandbox"].Value.(bool)
	id := orNull(now["delivery.apns.bundle_id"])
	return say(apnsView{BundleID: id, Sandbox: sandbox, Enabled: id != nil}), nil
}

// apnsKeys are the ways to prove who an app is; a certificate replaces a key.
var apnsKeys = []string{"certificate", "certificate_password", "private_key", "key_id", "team_id"}

func (a *API) writeAPNS(patch bool) func(context.Context, *body[apns]) (*body[apns], error) {
	return func(ctx context.Context, in *body[apns]) (*body[apns], error) {
		sent := in.Body
		err := a.setPush(ctx, func(now map[string]Setting) map[string]any {
			const at = "delivery.apns."
			id := given(patch, sent.BundleID, now[at+"bundle_id"])
			values := map[string]any{at + "bundle_id": id}
			if sent.Sandbox != nil || !patch {
				values[at+"sandbox"] = sent.Sandbox != nil && *sent.Sandbox
			}
			if sent.P12 != nil || !patch && id != now[at+"bundle_id"].Text() {
				for _, key := range apnsKeys {
					values[at+key] = ""
				}
				values[at+"certificate"] = value(sent.P12)
			}
			return values
		})
		sent.P12 = nil
		return say(sent), err
	}
}

// given is a text as it was sent; what was left out stays in a PATCH and is none in a PUT.
func given(patch bool, sent *string, now Setting) string {
	if sent == nil && patch {
		return now.Text()
	}
	return value(sent)
}

// fcm is what Google used to take.
type fcm struct {
	ServerKey *string `json:"server_key,omitempty" maxLength:"152"`
}

// fcmv1 is a project at Google.
type fcmv1 struct {
	Credentials *string `json:"server_credentials,omitempty" maxLength:"10000" doc:"JSON of the service account; written only"`
}

func (a *API) writeFCM(patch bool) func(context.Context, *body[fcmv1]) (*body[struct{}], error) {
	return func(ctx context.Context, in *body[fcmv1]) (*body[struct{}], error) {
		return say(struct{}{}), a.setPush(ctx, func(now map[string]Setting) map[string]any {
			return map[string]any{"delivery.fcm.credentials": given(patch, in.Body.Credentials, now["delivery.fcm.credentials"])}
		})
	}
}

// pushApp is your app, as pages name it.
type pushApp struct {
	Name   *string `json:"app_name" required:"false" maxLength:"100"`
	Apple  *string `json:"apple_app_link" required:"false" maxLength:"1000"`
	Google *string `json:"google_app_link" required:"false" maxLength:"1000"`
}

func (a *API) readPushApp(context.Context, *struct{}) (*body[pushApp], error) {
	now := a.Setup.Settings(factors.Push)
	return say(pushApp{orNull(now["app_name"]), orNull(now["apple_link"]), orNull(now["google_link"])}), nil
}

func (a *API) patchPushApp(ctx context.Context, in *body[pushApp]) (*body[pushApp], error) {
	err := a.setPush(ctx, func(now map[string]Setting) map[string]any {
		return map[string]any{
			"app_name":    given(true, in.Body.Name, now["app_name"]),
			"apple_link":  given(true, in.Body.Apple, now["apple_link"]),
			"google_link": given(true, in.Body.Google, now["google_link"]),
		}
	})
	if err != nil {
		return nil, err
	}
	return a.readPushApp(ctx, nil)
}
