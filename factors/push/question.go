package push

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/mileusna/useragent"

	"github.com/sallyport-id/sallyport/factors"
)

// A question is what the device is told, by the keys of the Guardian protocol. The
// last ones are ours; apps that do not know them pass them over.
type question struct {
	Site      string  `json:"sh"`    // where the answer goes
	Device    string  `json:"dai"`   // the authenticator
	Token     string  `json:"txtkn"` // who shows it may answer
	Challenge string  `json:"c"`     // the answer is signed over it
	StartedAt string  `json:"d"`     // RFC 3339 in UTC with three digits of a second
	Source    *source `json:"s,omitempty"`

	Number      bool   `json:"number,omitempty"`      // the page's number is wanted
	Application string `json:"application,omitempty"` // that the person signs in to
	Account     string `json:"account,omitempty"`
	Address     string `json:"address,omitempty"` // IP address of the browser
	ExpiresAt   string `json:"exp"`
	Locale      string `json:"locale,omitempty"`
}

// A source is the browser and the system that it runs on.
type source struct {
	Browser part `json:"b"`
	System  part `json:"os"`
}

type part struct {
	Name    string `json:"n"`
	Version string `json:"v"`
}

// instant is RFC 3339 with exactly three digits of a second: apps drop a question with
// any other.
const instant = "2006-01-02T15:04:05.000Z"

func (f *Factor) question(s factors.Subject, a *factors.Authenticator, token string, until time.Time) question {
	q := question{
		Site: s.Site, Device: a.ID, Token: token, Challenge: rand.Text(), StartedAt: s.Now.UTC().Format(instant), Source: sourceOf(s.UserAgent),
		Number: f.config.NumberMatching == matchingRequired, Application: s.Client, Account: s.Username, Address: s.Address,
		ExpiresAt: until.UTC().Format(instant), Locale: s.Locale,
	}
	if q.Application == "" {
		q.Application = s.Issuer
	}
	return q
}

func sourceOf(agent string) *source {
	ua := useragent.Parse(agent)
	if ua.Name == "" && ua.OS == "" {
		return nil
	}
	return &source{part{oneLine(ua.Name), oneLine(ua.Version)}, part{oneLine(ua.OS), oneLine(ua.OSVersion)}}
}

// asked is what a challenge keeps.
type asked struct {
	Question *question       `json:"question,omitempty"` // nil where the device is being set up
	Number   string          `json:"number,omitempty"`   // that the person has to type
	Verdict  factors.Verdict `json:"verdict,omitempty"`  // "" while nobody answered
	Paired   bool            `json:"paired,omitempty"`   // a device was taken on
}

func (k asked) in(c *factors.Challenge) error {
	b, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	c.State = b
	return nil
}

func kept(c *factors.Challenge) (asked, error) {
	var k asked
	if err := json.Unmarshal(c.State, &k); err != nil {
		return k, fmt.Errorf("push: state: %w", err)
	}
	return k, nil
}

// Tell implements factors.Receiver.
func (f *Factor) Tell(c *factors.Challenge) []byte {
	if len(c.State) == 0 {
		return nil
	}
	k, err := kept(c)
	if err != nil || k.Question == nil || k.Verdict != "" {
		return nil
	}
	b, err := json.Marshal(k.Question)
	if err != nil {
		return nil
	}
	return b
}

// twoDigits is a number from 10 to 99, each as likely as any other.
func twoDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(90))
	if err != nil {
		panic("push: no random numbers: " + err.Error()) // crypto/rand ends the program itself
	}
	return fmt.Sprint(10 + n.Int64())
}
