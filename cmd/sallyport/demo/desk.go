package demo

import "net/http"

// A Link is one line of the start page.
type Link struct{ Title, Address, Explanation string }

// A User is a person of the demo, with everything needed to be them.
type User struct {
	Username   string  `json:"username"`
	Password   string  `json:"password"`
	TOTPSecret *string `json:"totp_secret"` // base32, nil where not enrolled
}

// A Desk is the start page: every address, name and password of the demo in one
// place, and the inbox beside it.
type Desk struct {
	Page
	App      string
	Fresh    User // the one to begin with: nothing enrolled
	Links    []Link
	Users    []User
	Clients  []Client
	Commands []Command // to try in a terminal
}

// A Command is a line to try in a terminal, and what for.
type Command struct{ Purpose, Line string }

// Handler serves the start page at / and the inbox at /inbox.
func (d Desk) Handler(inbox *Inbox) http.Handler {
	d.Title = "Sallyport is running"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		render(w, http.StatusOK, "desk", d)
	})
	mux.HandleFunc("GET /inbox", inbox.show("/"))
	mux.Handle("GET /style.css", style)
	return guard(mux, "")
}
