package auth0

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-id/sallyport/storage"
)

// A Script is a rule or an action with its text.
type Script struct {
	*storage.Script
	Source string
	Deploy bool
	Item   Item
}

// hidden is what the deploy tool writes for a secret.
const hidden = "_VALUE_NOT_SHOWN_"

// modules are those that scripts have here.
var modules = []string{"crypto", "ipaddr.js", "range_check"}

var required = regexp.MustCompile(`\brequire\(\s*['"]([^'"]+)['"]`)

// off keeps a script from running where it would fail every sign-in.
func (s *Script) off(why string) {
	s.Enabled = false
	s.Item.Note("disabled: " + why)
}

// needs switches a script off that wants what is not here.
func (s *Script) needs() {
	var lacks []string
	for _, m := range required.FindAllStringSubmatch(s.Source, -1) {
		name := strings.TrimPrefix(m[1], "node:")
		if name, _, _ = strings.Cut(name, "@"); !slices.Contains(modules, name) && !slices.Contains(lacks, m[1]) {
			lacks = append(lacks, m[1])
		}
	}
	if len(lacks) > 0 {
		s.off(fmt.Sprintf("it requires %s, which scripts do not have here", strings.Join(lacks, ", ")))
	}
}

// Rules are the rules in their order, with the configuration that they mention.
func (t *Tenant) Rules() []*Script {
	type rule struct {
		Name    string `json:"name"`
		Script  string `json:"script"`
		Order   int    `json:"order"`
		Enabled *bool  `json:"enabled"`
		Stage   string `json:"stage"`
	}
	type placed struct {
		order int
		*Script
	}
	configuration, _ := t.rulesConfigs()
	var list []placed
	for _, o := range t.objects["rules"] {
		var r rule
		s := &Script{Item: Item{Kind: "rules", Name: o.name, Outcome: CameOver}}
		err := o.decode(&r)
		if err == nil {
			s.Source, err = t.source("rules", r.Script, r.Name)
		}
		switch {
		case err != nil:
			s.Item = s.Item.Leave(err.Error())
		case r.Stage != "" && r.Stage != "login_success":
			s.Item = s.Item.Leave("rules of the stage " + r.Stage + " do not run here")
		default:
			s.Script = &storage.Script{Name: r.Name, Kind: storage.ScriptRule, Enabled: r.Enabled == nil || *r.Enabled}
			s.Deploy = true
			s.configure(configuration)
			s.needs()
		}
		list = append(list, placed{r.Order, s})
	}
	slices.SortStableFunc(list, func(a, b placed) int { return cmp.Compare(a.order, b.order) })
	scripts := make([]*Script, len(list))
	for i, p := range list {
		scripts[i] = p.Script
	}
	return scripts
}

// configure gives a rule the configuration that its text mentions, and switches it off
// where a value is not known.
func (s *Script) configure(configuration map[string]string) {
	for key, value := range configuration {
		switch {
		case !strings.Contains(s.Source, key):
		case value == "":
			s.off("the value of configuration." + key + " is not in the export; set it with `sallyport rules secret`")
		default:
			if s.Secrets == nil {
				s.Secrets = map[string]string{}
			}
			s.Secrets[key] = value
		}
	}
}

// rulesConfigs are the values of configuration; "" where one is not in the export.
func (t *Tenant) rulesConfigs() (map[string]string, []Item) {
	all := map[string]string{}
	var items []Item
	for _, o := range t.objects["rulesConfigs"] {
		var c struct{ Key, Value string }
		item := Item{Kind: "rulesConfigs", Name: o.name, Outcome: CameOver}
		if err := json.Unmarshal(o.text, &c); err != nil || c.Key == "" {
			items = append(items, item.Leave("it has no key"))
			continue
		}
		if c.Value == hidden || marker.MatchString(c.Value) || c.Value == "" {
			c.Value = ""
			item = item.Leave("its value is not in the export")
		}
		all[c.Key] = c.Value
		items = append(items, item)
	}
	return all, items
}

// Actions are the actions of a sign-in, in the order in which they are bound; those that
// are not bound are disabled.
func (t *Tenant) Actions() []*Script {
	order := t.bound("post-login")
	var bound, others []*Script
	for _, o := range t.objects["actions"] {
		s := t.action(&o)
		place := slices.Index(order, o.name)
		if s.Script != nil && place < 0 {
			s.off("it is bound to no trigger")
		}
		if place < 0 {
			others = append(others, s)
		} else {
			bound = append(bound, s)
		}
	}
	slices.SortStableFunc(bound, func(a, b *Script) int {
		return cmp.Compare(slices.Index(order, a.Item.Name), slices.Index(order, b.Item.Name))
	})
	return append(bound, others...)
}

func (t *Tenant) action(o *object) *Script {
	s := &Script{Item: Item{Kind: "actions", Name: o.name, Outcome: CameOver}}
	var there struct {
		Name         string                  `json:"name"`
		Code         string                  `json:"code"`
		Deployed     *bool                   `json:"deployed"`
		AllDeployed  *bool                   `json:"all_changes_deployed"`
		Dependencies []struct{ Name string } `json:"dependencies"`
		Modules      []json.RawMessage       `json:"modules"`
		Triggers     []struct{ ID string }   `json:"supported_triggers"`
		Secrets      []struct{ Name, Value string }
	}
	if err := o.decode(&there); err != nil {
		s.Item = s.Item.Leave(err.Error())
		return s
	}
	for _, trigger := range there.Triggers {
		if trigger.ID != "post-login" {
			s.Item = s.Item.Leave("actions of the trigger " + trigger.ID + " do not run here")
			return s
		}
	}
	source, err := t.source("actions", there.Code, there.Name)
	if err != nil || source == "" {
		s.Item = s.Item.Leave("its text is not there")
		return s
	}
	s.Script, s.Source = &storage.Script{Name: there.Name, Kind: storage.ScriptAction, Enabled: true}, source
	s.Deploy = there.Deployed == nil || *there.Deployed
	if !s.Deploy {
		s.Item.Note("a draft: it was not deployed there")
	}
	for _, secret := range there.Secrets {
		if secret.Value == "" || secret.Value == hidden {
			s.off("the value of event.secrets." + secret.Name + " is not in the export; set it with `sallyport rules secret`")
			continue
		}
		if s.Secrets == nil {
			s.Secrets = map[string]string{}
		}
		s.Secrets[secret.Name] = secret.Value
	}
	if len(there.Modules) > 0 {
		s.off("it uses action modules, which are not here")
	}
	s.needs()
	return s
}

// bound are the names of the actions that a trigger runs, in order.
func (t *Tenant) bound(trigger string) []string {
	var names []string
	for _, o := range t.objects["triggers"] {
		var all map[string][]struct {
			Name string `json:"action_name"`
		}
		if json.Unmarshal(o.text, &all) != nil {
			continue
		}
		for _, b := range all[trigger] {
			names = append(names, b.Name)
		}
	}
	return names
}
