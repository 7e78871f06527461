package auth0

import (
	"maps"
	"slices"
)

// reasons are why a kind has no place here.
var reasons = map[string]string{
	"roles":                               "roles are names on people and members here; their permissions are for scripts to decide",
	"tenant":                              "the site's name and lifetimes are settings of the configuration file",
	"connections":                         "people come from the house's own database; there are no social and enterprise connections",
	"databases":                           "there is one database; import its people instead of its scripts",
	"branding":                            "colours and pages are the theme's",
	"prompts":                             "texts and pages are the theme's",
	"pages":                               "pages are the theme's",
	"emailTemplates":                      "mails are the theme's",
	"emailProvider":                       "the mail server is a setting of the configuration file",
	"guardianFactorProviders":             "credentials are in no export; they are settings of the configuration file",
	"guardianFactorTemplates":             "texts of messages are settings of the configuration file",
	"guardianPhoneFactorSelectedProvider": "senders are settings of the configuration file",
	"attackProtection":                    "limits are settings of the configuration file",
	"hooks":                               "hooks do not run here; most are actions today",
	"actionModules":                       "scripts have no modules of their own here",
	"logStreams":                          "log streams are set up anew",
	"customDomains":                       "the site's address is a setting of the configuration file",
}

// read are the kinds that have a function of their own.
var read = []string{
	"clients", "clientGrants", "resourceServers", "rules", "rulesConfigs", "actions", "triggers", "organizations",
	"guardianFactors", "guardianPolicies", "guardianPhoneFactorMessageTypes",
}

// Rest are the items of the kinds that do not come over at all, and the bindings of
// triggers that do not run here.
func (t *Tenant) Rest() []Item {
	_, items := t.rulesConfigs()
	for _, kind := range slices.Sorted(maps.Keys(t.objects)) {
		if slices.Contains(read, kind) {
			continue
		}
		why := reasons[kind]
		if why == "" {
			why = "it has no place here"
		}
		for _, o := range t.objects[kind] {
			items = append(items, Item{Kind: kind, Name: o.name}.Leave(why))
		}
	}
	return items
}
