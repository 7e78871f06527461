package management

import (
	"context"
	"net/http"
	"time"

	"github.com/sallyport-id/sallyport/storage"
)

const (
	statDay   = "20060102" // how days are written in queries
	statDays  = 30         // that are counted where nobody says which
	mostDays  = 366
	activeFor = 30 * 24 * time.Hour
)

// stats are counts of the audit log: days that it has forgotten are empty.
func (a *API) stats() {
	read := []string{"read:stats"}
	op(a, operation{method: http.MethodGet, path: "/stats/daily", scopes: read, summary: "Sign-ins and sign-ups by day, in UTC"}, a.dailyStats)
	op(a, operation{method: http.MethodGet, path: "/stats/active-users", scopes: read, summary: "How many people signed in within 30 days"}, a.activeUsers)
}

type dayView struct {
	Date      time.Time `json:"date"`
	Logins    int       `json:"logins"`
	Signups   int       `json:"signups"`
	Leaked    int       `json:"leaked_passwords" doc:"always 0: such passwords are refused before they are set"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (a *API) dailyStats(ctx context.Context, in *struct {
	From string `query:"from" pattern:"^[0-9]{8}$" patternDescription:"a day as 20260131" doc:"the first day, as 20260131; default: 29 days before the last"`
	To   string `query:"to" pattern:"^[0-9]{8}$" patternDescription:"a day as 20260131" doc:"the last day; default: today"`
},
) (*struct{ Body []dayView }, error) {
	last := a.Now().UTC().Truncate(24 * time.Hour)
	var err error
	if in.To != "" {
		if last, err = time.Parse(statDay, in.To); err != nil {
			return nil, invalid("to", "is no day")
		}
	}
	first := last.AddDate(0, 0, 1-statDays)
	if in.From != "" {
		if first, err = time.Parse(statDay, in.From); err != nil {
			return nil, invalid("from", "is no day")
		}
	}
	switch {
	case first.After(last):
		return nil, invalid("from", "is after to")
	case last.Sub(first) > mostDays*24*time.Hour:
		return nil, invalid("from", "is more than a year before to")
	}
	bounds := []time.Time{first}
	for day := first; !day.After(last); {
		day = day.AddDate(0, 0, 1)
		bounds = append(bounds, day)
	}
	logins, err := a.DB.TallyEvents(ctx, is("type", "login.done"), bounds)
	if err != nil {
		return nil, err
	}
	signedUp := ofCode("ss")
	signups, err := a.DB.TallyEvents(ctx, &signedUp, bounds)
	if err != nil {
		return nil, err
	}
	days := make([]dayView, len(logins))
	for i := range days {
		days[i] = dayView{Date: bounds[i], Logins: logins[i], Signups: signups[i], CreatedAt: bounds[i], UpdatedAt: bounds[i+1]}
	}
	return &struct{ Body []dayView }{days}, nil
}

func (a *API) activeUsers(ctx context.Context, _ *struct{}) (*struct{ Body int }, error) {
	n, err := a.DB.CountUsers(ctx, &storage.Condition{Test: &storage.Test{Field: "last_login", From: a.Now().UTC().Add(-activeFor)}})
	return &struct{ Body int }{n}, err
}
