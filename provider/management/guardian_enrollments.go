package management

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-id/sallyport/factors"
	"github.com/sallyport-id/sallyport/flows"
	"github.com/sallyport-id/sallyport/storage"
)

// ticketPrefix begins Auth0's ids of invitations.
const ticketPrefix = "gten_"

// guardianEnrollments are second factors that people have, and invitations to set one up.
func (a *API) guardianEnrollments() {
	const one = "/guardian/enrollments/{id}"
	op(a, operation{method: http.MethodPost, path: "/guardian/enrollments/ticket", scopes: []string{"create:guardian_enrollment_tickets"}, summary: "Invite a user to set up a factor", missing: true}, a.createTicket)
	op(a, operation{method: http.MethodGet, path: one, scopes: []string{"read:guardian_enrollments"}, summary: "One enrolment", missing: true}, a.readEnrollment)
	op(a, operation{method: http.MethodDelete, path: one, scopes: []string{"delete:guardian_enrollments"}, summary: "Remove an enrolment", status: http.StatusNoContent, missing: true, conflict: true}, a.deleteEnrollment)
	op(a, operation{method: http.MethodGet, path: "/users/{id}/enrollments", scopes: []string{"read:users"}, summary: "A user's first confirmed enrolment", missing: true}, a.listEnrollments)
}

// A ticketRequest says whom to invite to what. Auth0's guide spells send_mail in another
// way than its reference does; both are taken.
type ticketRequest struct {
	UserID   string `json:"user_id" maxLength:"256" minLength:"1"`
	Email    string `json:"email,omitempty" maxLength:"320" format:"email" doc:"where the mail goes in place of the user's address"`
	Send     bool   `json:"send_mail,omitempty"`
	SendToo  bool   `json:"send_email,omitempty" doc:"the same as send_mail"`
	Locale   string `json:"email_locale,omitempty" maxLength:"35" doc:"language of the mail"`
	Factor   string `json:"factor,omitempty" enum:"push-notification,phone,email,otp,webauthn-roaming,webauthn-platform" doc:"none: the user chooses"`
	Multiple bool   `json:"allow_multiple_enrollments,omitempty" doc:"the link works for who has a factor already"`
}

type ticketView struct {
	ID  string `json:"ticket_id"`
	URL string `json:"ticket_url"`
}

func (a *API) createTicket(ctx context.Context, in *struct {
	Domain string `header:"auth0-custom-domain" maxLength:"253" doc:"passed over: links have the issuer's address"`
	Body   ticketRequest
},
) (*body[ticketView], error) {
	u, err := a.userByID(ctx, in.Body.UserID)
	if err != nil {
		return nil, err
	}
	i := flows.Invitation{
		User: u, Mail: in.Body.Send || in.Body.SendToo, To: in.Body.Email, Locale: in.Body.Locale, First: !in.Body.Multiple,
	}
	if i.Mail && i.To == "" && u.Email == "" {
		return nil, invalid("send_mail", "the user has no e-mail address; give one in email")
	}
	if i.Factors, err = a.invited(ctx, in.Body.Factor); err != nil {
		return nil, err
	}
	e := &storage.Event{Type: "user.invited", UserID: u.ID, Data: map[string]any{"factors": i.Factors, "mail": i.Mail}}
	a.desk(ctx).sign(e)
	value, err := a.Flows.InviteTo(ctx, i, e)
	if errors.Is(err, factors.ErrUnsupported) {
		return nil, invalid("factor", "nobody can be invited to "+in.Body.Factor+": it is not set up, or not a thing to begin with")
	}
	return say(ticketView{ID: ticketPrefix + value, URL: a.Flows.InvitationLink(value)}), err
}

// invited are our factors that one of Auth0's invites to, none where it is none.
func (a *API) invited(ctx context.Context, name string) ([]string, error) {
	switch name {
	case "":
		return nil, nil
	case "phone":
		w, err := a.phone(ctx)
		if err != nil || len(w.Types) == 0 {
			return []string{factors.SMS}, err
		}
		return w.factors(), nil
	}
	return ofGuardian(name), nil
}

// An enrollment is an authenticator, as Auth0's older calls show one.
type enrollment struct {
	ID         string    `json:"id"`
	Status     string    `json:"status" enum:"pending,confirmed"`
	Type       string    `json:"type,omitempty"`
	Name       string    `json:"name,omitempty"`
	Identifier string    `json:"identifier,omitempty"`
	Phone      string    `json:"phone_number,omitempty"`
	AuthMethod string    `json:"auth_method,omitempty" enum:"authenticator,guardian,sms,webauthn-platform,webauthn-roaming"`
	Enrolled   time.Time `json:"enrolled_at,omitzero"`
	LastAuth   time.Time `json:"last_auth,omitzero"`
}

// enrolledAs are Auth0's words, by factor. It has none for the others.
var enrolledAs = map[string]string{
	factors.OTP: "authenticator", factors.Push: "guardian", factors.SMS: "sms", factors.Voice: "sms",
	factors.Roaming: "webauthn-roaming", factors.Platform: "webauthn-platform",
}

func (a *API) viewEnrollment(u *storage.User, one *storage.Authenticator) enrollment {
	m := a.viewMethod(u, one, true)
	e := enrollment{
		ID: m.ID, Status: "confirmed", Type: m.Type, Name: m.Name, Identifier: one.ID, Phone: m.Phone,
		AuthMethod: enrolledAs[one.Factor], Enrolled: one.ConfirmedAt, LastAuth: one.LastUsedAt,
	}
	if one.ConfirmedAt.IsZero() {
		e.Status = "pending"
	}
	return e
}

// EnrollmentPath names an enrolment in the path.
type EnrollmentPath struct {
	ID string `path:"id" maxLength:"256"`
}

// enrollment finds an authenticator and its person. Errors: a 404.
func (a *API) enrollment(ctx context.Context, id string) (*storage.User, *storage.Authenticator, error) {
	one, err := a.DB.AuthenticatorByID(ctx, ownID(id))
	if errors.Is(err, storage.ErrNotFound) || err == nil && (one.Factor == factors.Password || !strings.HasPrefix(id, methodType(one.Factor)+"|") && !strings.HasPrefix(id, prefixes[one.Factor]+"|")) {
		return nil, nil, refusal(http.StatusNotFound, "enrollment_not_found", "Enrollment not found")
	}
	if err != nil {
		return nil, nil, err
	}
	u, err := a.userByID(ctx, one.UserID)
	return u, one, err
}

func (a *API) readEnrollment(ctx context.Context, in *EnrollmentPath) (*body[enrollment], error) {
	u, one, err := a.enrollment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return say(a.viewEnrollment(u, one)), nil
}

func (a *API) deleteEnrollment(ctx context.Context, in *EnrollmentPath) (*struct{}, error) {
	u, one, err := a.enrollment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.handOver(ctx, u, &flows.Handover{Remove: []*storage.Authenticator{one}})
}

func (a *API) listEnrollments(ctx context.Context, in *UserPath) (*body[[]enrollment], error) {
	u, err := a.userByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	_, list, err := a.methodsOf(ctx, u)
	if err != nil {
		return nil, err
	}
	all := []enrollment{}
	if i := slices.IndexFunc(list, func(one *storage.Authenticator) bool { return enrolledAs[one.Factor] != "" }); i >= 0 {
		all = append(all, a.viewEnrollment(u, list[i]))
	}
	return say(all), nil
}
