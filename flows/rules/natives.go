package rules

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/dop251/goja"
)

// natives are what our JavaScript builds on. They take and give text alone, and say what
// is wrong by an ordinary TypeError: an error of Go's would be a Go value that scripts can
// reach. Bytes travel as hex.
var natives = map[string]func(r *run, a []string) (string, error){
	"log": (*run).log, "fail": (*run).fail, "deny": (*run).deny, "ruled": (*run).ruled, "claims": (*run).claims,
	"multifactor": (*run).multifactor, "command": (*run).command, "redirect": (*run).redirect, "method": (*run).method,
	"scope": (*run).scope, "metadata": (*run).metadata, "cached": (*run).cached, "cache": (*run).cache, "uncache": (*run).uncache,
	"sign": (*run).sign, "verify": (*run).verify, "fetch": (*run).fetched,
	"canRedirect": func(r *run, _ []string) (string, error) { return yes(r.job.CanRedirect), nil },

	"decode": plain(decode), "encode": plain(encode), "hash": plain(digest), "hmac": plain(mac), "random": plain(random), "uuid": plain(uuid),
	"equal": plain(equal), "ip": plain(canonicalOf), "inRange": plain(inRange), "ipRange": plain(ipRange), "bits": plain(bits),
}

func plain(f func(a []string) (string, error)) func(*run, []string) (string, error) {
	return func(_ *run, a []string) (string, error) { return f(a) }
}

// host is the one function of Go's that our JavaScript calls: what, then up to four texts.
func (r *run) host(call goja.FunctionCall) goja.Value {
	var texts [5]string
	for i := range min(len(texts), len(call.Arguments)) {
		texts[i] = call.Arguments[i].String()
	}
	native := natives[texts[0]]
	if native == nil {
		panic(r.vm.NewTypeError("%s is not available here", texts[0]))
	}
	out, err := native(r, texts[1:])
	if err != nil {
		panic(r.vm.NewTypeError("%s", err.Error()))
	}
	return r.vm.ToValue(out)
}

// load is require.
func (r *run) load(call goja.FunctionCall) goja.Value {
	name := strings.TrimPrefix(call.Argument(0).String(), "node:")
	name, _, _ = strings.Cut(name, "@") // a version, as Auth0 writes it
	program := map[string]string{"crypto": "crypto", "ipaddr.js": "addresses", "range_check": "addresses"}[name]
	if program == "" {
		panic(r.vm.NewTypeError("require(%q) is not available here; there are crypto, ipaddr.js and range_check", clip(name, 60)))
	}
	if err := r.provide(program); err != nil {
		panic(r.vm.NewTypeError("%s", err.Error()))
	}
	return r.provided[program].Get(name) // an object of ours
}

// provide runs one of our programs in this runtime, once.
func (r *run) provide(name string) error {
	if r.provided[name] != nil {
		return nil
	}
	args := []goja.Value{r.out}
	switch name {
	case "modules":
		args = append(args, r.vm.ToValue(r.load))
	case "legacy":
		args = append(args, r.vm.ToValue(r.who))
	}
	made, err := r.start(programOf[name], args...)
	if err != nil {
		return err
	}
	object, ok := made.(*goja.Object)
	if !ok {
		object = r.vm.NewObject()
	}
	r.provided[name] = object
	return nil
}

// sign makes the token of encodeToken, about the person of this login.
func (r *run) sign(a []string) (string, error) {
	about, err := r.about()
	if err != nil {
		return "", err
	}
	return sign(a[0], a[1], a[2], claims{Sub: about.User.ID, IP: about.Request.IP, Iss: r.job.Issuer}, r.job.Now)
}

// verify checks the token of validateToken. It has to name this login by the state that
// the person came back with, so that no other login's token fits.
func (r *run) verify(a []string) (string, error) {
	about, err := r.about()
	if err != nil {
		return "", err
	}
	return verify(a[0], a[1], about.User.ID, about.state(), r.job.Now)
}

// about is what tokens need of the event. Scripts cannot change it.
func (r *run) about() (e about, err error) {
	if json.Unmarshal(r.job.Event, &e) != nil || e.User.ID == "" {
		return e, errors.New("the event names no person")
	}
	return e, nil
}

type about struct {
	User struct {
		ID string `json:"user_id"`
	} `json:"user"`
	Request struct {
		IP    string         `json:"ip"`
		Query map[string]any `json:"query"`
		Body  map[string]any `json:"body"`
	} `json:"request"`
	Transaction struct {
		State string `json:"state"`
	} `json:"transaction"`
}

func (e about) state() string {
	for _, in := range []map[string]any{e.Request.Query, e.Request.Body} {
		if s, ok := in["state"].(string); ok && s != "" {
			return s
		}
	}
	return e.Transaction.State
}

// fetched is for actions alone: rules reach no network.
func (r *run) fetched(a []string) (string, error) {
	if r.at.Kind != Action || r.fetch == nil {
		return `{"error":"no network is in reach here"}`, nil
	}
	return r.fetch(a[0]), nil
}
