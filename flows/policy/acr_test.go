package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors"
)

func passkey(hardware bool) factors.Proof {
	p := factors.Proof{Factor: "webauthn", AMR: []string{"pop", "user", "mfa"}, Kinds: factors.Has | factors.Is, Traits: factors.PhishingResistant, At: noon}
	if hardware {
		p.Traits |= factors.Hardware
	}
	return p
}

// The acr table: what a set of proofs reaches.
func TestACR(t *testing.T) {
	for name, c := range map[string]struct {
		proofs []factors.Proof
		weak   bool
		want   string
		meets  []string
		not    []string
	}{
		"nothing":                     {nil, false, "", nil, []string{SingleFactor}},
		"password":                    {[]factors.Proof{pwd(0)}, false, SingleFactor, []string{"https://refeds.org/profile/sfa"}, []string{MultiFactor, phr}},
		"password and app":            {[]factors.Proof{pwd(0), otp(0)}, false, MultiFactor, []string{SingleFactor, "urn:openbanking:psd2:sca", "https://refeds.org/profile/mfa"}, []string{phr, "phrh"}},
		"password and recovery code":  {[]factors.Proof{pwd(0), rc(0)}, false, SingleFactor, nil, []string{MultiFactor}},
		"recovery code, if it counts": {[]factors.Proof{pwd(0), rc(0)}, true, MultiFactor, nil, []string{phr}},
		"two of one kind":             {[]factors.Proof{otp(0), {Factor: "sms", AMR: []string{"sms"}, Kinds: factors.Has, At: noon}}, false, SingleFactor, nil, []string{MultiFactor}},
		"passkey":                     {[]factors.Proof{passkey(false)}, false, phr, []string{MultiFactor, SingleFactor}, []string{"phrh"}},
		"key in hardware":             {[]factors.Proof{passkey(true)}, false, "phrh", []string{phr, "http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical"}, nil},
		"a proof without amr":         {[]factors.Proof{pwd(0), {Factor: "email", Kinds: factors.Has, At: noon}}, false, SingleFactor, nil, []string{MultiFactor}},
	} {
		t.Run(name, func(t *testing.T) {
			l := DefaultLadder()
			if got := l.achieved(strengthOf(c.proofs, c.weak), nil); got != c.want {
				t.Errorf("acr %q, want %q", got, c.want)
			}
			for _, v := range c.meets {
				if !l.Meets(v, c.proofs, c.weak) {
					t.Errorf("does not meet %s", v)
				}
			}
			for _, v := range append(c.not, "urn:unknown") {
				if l.Meets(v, c.proofs, c.weak) {
					t.Errorf("meets %s", v)
				}
			}
		})
	}
}

// The claim is what was achieved, under the name that was asked for.
func TestACRName(t *testing.T) {
	refeds := "https://refeds.org/profile/mfa"
	strong := shown(pwd(second), otp(second))
	for name, c := range map[string]struct {
		facts Facts
		want  string
	}{
		"canonical":                     {person(strong), MultiFactor},
		"as asked":                      {person(strong, asks(refeds)), refeds},
		"truthful where less was asked": {person(strong, asks(SingleFactor)), MultiFactor},
		"the essential value itself":    {person(strong, needs("https://refeds.org/profile/sfa")), "https://refeds.org/profile/sfa"},
		"first essential that is met":   {person(strong, needs(phr, refeds)), refeds},
	} {
		if got := Decide(c.facts).ACR; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The amr table (RFC 8176): the union of what was shown, and mfa for two kinds.
func TestAMR(t *testing.T) {
	for name, c := range map[string]struct {
		proofs []factors.Proof
		want   string
	}{
		"password":                   {[]factors.Proof{pwd(0)}, "pwd"},
		"password and app":           {[]factors.Proof{pwd(0), otp(0)}, "pwd otp mfa"},
		"password and recovery code": {[]factors.Proof{pwd(0), rc(0)}, "pwd rc"},
		"passkey":                    {[]factors.Proof{passkey(false)}, "pop user mfa"},
		"once each":                  {[]factors.Proof{pwd(0), otp(0), otp(0)}, "pwd otp mfa"},
		"nothing":                    {nil, ""},
	} {
		if got := strings.Join(methods(c.proofs, false), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestLadderValidate(t *testing.T) {
	if err := DefaultLadder().Validate(); err != nil {
		t.Error(err)
	}
	for name, l := range map[string]Ladder{
		"empty": {{Value: ""}}, "twice": {{Value: "a"}, {Value: "a"}}, "kinds": {{Value: "a", Level: Level{Kinds: 4}}},
	} {
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), "acr[") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := DefaultLadder().Known([]string{"x", phr, MultiFactor}); !slices.Equal(got, []string{phr, MultiFactor}) {
		t.Errorf("%v", got)
	}
}

// A ladder of one's own: the value is asked for and given under its own name.
func TestOwnLadder(t *testing.T) {
	own := Ladder{{"bronze", Level{Kinds: 1}}, {"silver", Level{Kinds: 2}}}
	with := func(f *Facts) { f.Ladder = own }
	if d := Decide(person(with, shown(pwd(second)), asks("silver"))); d.Need != ProveSecond || d.ACR != "bronze" {
		t.Errorf("%+v", d)
	}
	if d := Decide(person(with, shown(pwd(second), otp(second)))); d.ACR != "silver" {
		t.Errorf("%+v", d)
	}
}
