package demo

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Message is one that would have been sent.
type Message struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Text    string    `json:"text"`
	Links   []string  `json:"links"`
	At      time.Time `json:"at"`
}

const maxMessages = 500

// An Inbox keeps messages in memory instead of sending them: the newest 500.
type Inbox struct {
	mu       sync.Mutex
	messages []Message
}

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// Put keeps m and finds the links in its text.
func (i *Inbox) Put(m Message) {
	m.Links = link.FindAllString(m.Text, -1)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = append(i.messages, m)
	if len(i.messages) > maxMessages {
		i.messages = slices.Delete(i.messages, 0, len(i.messages)-maxMessages)
	}
}

// Messages are the kept ones, newest first.
func (i *Inbox) Messages() []Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := slices.Clone(i.messages)
	slices.Reverse(all)
	return all
}

// inboxPage lists the messages.
type inboxPage struct {
	Page
	Messages []Message
}

// show answers people with a page and scripts, which ask for JSON, with an array.
func (i *Inbox) show(desk string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(append([]Message{}, i.Messages()...)) // the script has gone
			return
		}
		render(w, http.StatusOK, "inbox", inboxPage{Page: Page{Title: "Inbox", Desk: desk}, Messages: i.Messages()})
	}
}
