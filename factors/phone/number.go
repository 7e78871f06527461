package phone

import (
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/sallyport-id/sallyport/factors"
)

// A number is a telephone number that may be written or called to.
type number struct {
	e164, country string
	carrier       string // as far as the number says whose block it is in
}

const longestTyped = 40

// nowhere is the region of numbers that no country has: satellite telephones, and
// others whose minutes are dear.
var nowhere = phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY

// premium are kinds of numbers that earn money for whoever is called.
var premium = []phonenumbers.PhoneNumberType{
	phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.UAN, phonenumbers.PAGER, phonenumbers.VOICEMAIL,
}

// read understands a number as people type it. One without a country code is of the
// configured country.
//
// Errors: a *factors.Rejection.
func (f *Factor) read(typed string) (number, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" || len(typed) > longestTyped {
		return number{}, &factors.Rejection{Message: "phone.invalid"}
	}
	parsed, err := phonenumbers.Parse(typed, strings.ToUpper(f.config.Country))
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return number{}, &factors.Rejection{Message: "phone.invalid"}
	}
	n := number{e164: phonenumbers.Format(parsed, phonenumbers.E164), country: phonenumbers.GetRegionCodeForNumber(parsed)}
	n.carrier = n.e164[:max(len(n.e164)-5, 0)]
	kind := phonenumbers.GetNumberType(parsed)
	switch {
	case slices.Contains(premium, kind) || n.country == nowhere:
		return number{}, &factors.Rejection{Message: "phone.premium"}
	case f.channel == Text && kind == phonenumbers.FIXED_LINE:
		return number{}, &factors.Rejection{Message: "phone.landline"}
	case !f.config.reaches(n.country):
		return number{}, &factors.Rejection{Message: "phone.country"}
	}
	return n, nil
}

// reaches reports whether messages go to a country.
func (c *Config) reaches(country string) bool {
	has := func(list []string) bool {
		return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, country) })
	}
	return !has(c.DenyCountries) && (len(c.AllowCountries) == 0 || has(c.AllowCountries))
}

// groups are the kinds of numbers that a fraud would spread over.
func (n number) groups() []string { return []string{"country:" + n.country, "prefix:" + n.carrier} }

// masked shows the end of a number.
func masked(e164 string) string { return "•••• " + e164[max(len(e164)-4, 0):] }

// kinds are the names of the kinds of numbers that matter to a judgement.
var kinds = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.MOBILE: "mobile", phonenumbers.FIXED_LINE_OR_MOBILE: "mobile", phonenumbers.FIXED_LINE: "fixed_line",
	phonenumbers.VOIP: "voip", phonenumbers.TOLL_FREE: "toll_free", phonenumbers.PERSONAL_NUMBER: "voip",
}

// Number implements factors.Numbered.
func (f *Factor) Number(a *factors.Authenticator) (kind, country string) {
	parsed, err := phonenumbers.Parse(string(a.Secret), "")
	if err != nil {
		return "unknown", ""
	}
	of := phonenumbers.GetNumberType(parsed)
	if slices.Contains(premium, of) {
		return "premium_rate", phonenumbers.GetRegionCodeForNumber(parsed)
	}
	if kind = kinds[of]; kind == "" {
		kind = "unknown"
	}
	return kind, phonenumbers.GetRegionCodeForNumber(parsed)
}
