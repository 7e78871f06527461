package auth0

import (
	"encoding/json"
	"slices"

	"github.com/sallyport-id/sallyport/factors"
)

// factorNames are Auth0's names of factors, with ours.
var factorNames = map[string]string{
	"sms": factors.SMS, "push-notification": factors.Push, "otp": factors.OTP, "email": factors.Email, "duo": factors.Duo,
	"webauthn-roaming": factors.Roaming, "webauthn-platform": factors.Platform, "recovery-code": factors.RecoveryCode,
}

// A Factor is one that is enabled there.
type Factor struct {
	Name string // ours
	Item Item
}

// Factors are the factors that are enabled. Numbers take calls as well where they do there.
func (t *Tenant) Factors() []Factor {
	var list []Factor
	for _, o := range t.objects["guardianFactors"] {
		var there struct {
			Name    string `json:"name"`
			Enabled bool   `json:"enabled"`
		}
		f := Factor{Item: Item{Kind: "guardianFactors", Name: o.name, Outcome: CameOver}}
		switch err := o.decode(&there); {
		case err != nil:
			f.Item = f.Item.Leave(err.Error())
		case !there.Enabled:
			continue
		case factorNames[there.Name] == "":
			f.Item = f.Item.Leave("there is no such factor here")
		default:
			f.Name = factorNames[there.Name]
		}
		if f.Name == factors.SMS {
			list = append(list, t.channels(f.Item)...)
			continue
		}
		list = append(list, f)
	}
	return list
}

// channels are the ways in which numbers are reached; texts where nothing is said.
func (t *Tenant) channels(item Item) []Factor {
	var types []string
	for _, o := range t.objects["guardianPhoneFactorMessageTypes"] {
		var there struct {
			Types  []string `json:"message_types"`
			Dashed []string `json:"message-types"`
		}
		if json.Unmarshal(o.text, &there) == nil {
			types = append(there.Types, there.Dashed...)
		}
	}
	if len(types) == 0 {
		types = []string{"sms"}
	}
	var list []Factor
	for _, name := range []string{factors.SMS, factors.Voice} {
		if slices.Contains(types, name) {
			item.Name = name
			list = append(list, Factor{Name: name, Item: item})
		}
	}
	return list
}

// Policy is when a second factor is asked for: always, adaptive, never; "" where nothing is
// said of it.
func (t *Tenant) Policy() (string, Item) {
	list := t.objects["guardianPolicies"]
	if len(list) == 0 {
		return "", Item{}
	}
	item := Item{Kind: "guardianPolicies", Name: "policies", Outcome: CameOver}
	var there struct {
		Policies []string `json:"policies"`
	}
	if err := list[0].decode(&there); err != nil {
		var bare []string
		if json.Unmarshal(list[0].text, &bare) != nil {
			return "", item.Leave(err.Error())
		}
		there.Policies = bare
	}
	switch {
	case slices.Contains(there.Policies, "all-applications"):
		return "always", item
	case slices.Contains(there.Policies, "confidence-score"):
		return "adaptive", item
	case len(there.Policies) == 0:
		return "never", item
	}
	return "", item.Leave("we do not know the policy " + there.Policies[0])
}
