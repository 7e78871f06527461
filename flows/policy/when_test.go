package policy

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
	_ "time/tzdata" // the machine that tests may have none
)

func one(values ...string) Set  { return Set{Values: values} }
func none(values ...string) Set { return Set{Not: true, Values: values} }

// Conditions on where and who. Unknown is what a scene does not say.
func TestWhen(t *testing.T) {
	office := one("10.0.0.0/8", "2001:db8::/32")
	away := none("10.0.0.0/8", "2001:db8::/32")
	for name, c := range map[string]struct {
		when   When
		scene  Scene
		lax    bool // fits in a row that asks for nothing
		strict bool // fits in one that asks for a factor or refuses
	}{
		"nothing":                       {When{}, Scene{}, true, true},
		"in a network":                  {When{Networks: office}, Scene{Address: "10.1.2.3"}, true, true},
		"in the other":                  {When{Networks: office}, Scene{Address: "2001:db8::1"}, true, true},
		"in none":                       {When{Networks: office}, Scene{Address: "203.0.113.7"}, false, false},
		"not in a network":              {When{Networks: away}, Scene{Address: "203.0.113.7"}, true, true},
		"not in, and in":                {When{Networks: away}, Scene{Address: "10.1.2.3"}, false, false},
		"a network written with a host": {When{Networks: one("192.168.1.134/26")}, Scene{Address: "192.168.1.129"}, true, true},
		"IPv4 in IPv6":                  {When{Networks: office}, Scene{Address: "::ffff:10.1.2.3"}, true, true},
		"IPv4 in IPv6, not":             {When{Networks: away}, Scene{Address: "::ffff:10.1.2.3"}, false, false},
		"an address with a zone":        {When{Networks: one("fe80::/10")}, Scene{Address: "fe80::1%eth0"}, false, false},
		"an address with a zone, not":   {When{Networks: none("fe80::/10")}, Scene{Address: "fe80::1%eth0"}, false, true},
		"no address":                    {When{Networks: office}, Scene{}, false, false},
		"no address, not":               {When{Networks: away}, Scene{}, false, true},
		"garbage":                       {When{Networks: away}, Scene{Address: "10.1.2.3:443"}, false, true},
		"a network that cannot be read": {When{Networks: one("10.0.0.0")}, Scene{Address: "10.0.0.0"}, false, false},
		"one that cannot be read, not":  {When{Networks: none("10.0.0.0")}, Scene{Address: "10.0.0.0"}, false, true},
		"one that can beside it":        {When{Networks: none("10.0.0.0", "10.0.0.0/8")}, Scene{Address: "10.0.0.1"}, false, false},
		"a country":                     {When{Countries: one("DE", "FR")}, Scene{Country: "FR"}, true, true},
		"another country":               {When{Countries: one("DE", "FR")}, Scene{Country: "US"}, false, false},
		"an unknown country":            {When{Countries: one("DE")}, Scene{}, false, false},
		"an unknown country, not":       {When{Countries: none("DE")}, Scene{}, false, true},
		"a continent":                   {When{Continents: one("EU")}, Scene{Continent: "EU"}, true, true},
		"a role":                        {When{Roles: one("admin")}, Scene{Roles: []string{"staff", "admin"}}, true, true},
		"no such role":                  {When{Roles: one("admin")}, Scene{Roles: []string{"staff"}}, false, false},
		"one of the roles, not":         {When{Roles: none("admin", "staff")}, Scene{Roles: []string{"staff"}}, false, false},
		"has no roles":                  {When{Roles: none("admin")}, Scene{Roles: []string{}}, true, true},
		"nobody knows the roles":        {When{Roles: none("admin")}, Scene{}, false, true},
		"a group":                       {When{Groups: one("ops")}, Scene{Groups: []string{"ops"}}, true, true},
		"a scope":                       {When{Scopes: one("transfer:funds")}, Scene{Scopes: []string{"openid", "transfer:funds"}}, true, true},
		"a connection":                  {When{Connection: none("corp")}, Scene{Connection: "corp"}, false, false},
		"all have to hold":              {When{Countries: one("DE"), Roles: one("admin")}, Scene{Country: "DE", Roles: []string{"admin"}}, true, true},
		"and one does not":              {When{Countries: one("DE"), Roles: one("admin")}, Scene{Country: "DE", Roles: []string{}}, false, false},
		"an empty list names nobody":    {When{Roles: one([]string{}...)}, Scene{Roles: []string{}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.when.fits(&c.scene, noon, false); got != c.lax {
				t.Errorf("lax: %t", got)
			}
			if got := c.when.fits(&c.scene, noon, true); got != c.strict {
				t.Errorf("strict: %t", got)
			}
		})
	}
}

// Conditions on the time, by the clock on the wall. Noon is a Sunday in UTC.
func TestTimes(t *testing.T) {
	berlin := "Europe/Berlin" // UTC+1 in winter, UTC+2 in summer
	for name, c := range map[string]struct {
		times Times
		at    string
		want  bool
	}{
		"the day":                                 {Times{Days: []string{"sat", "sun"}, Zone: "UTC"}, "2026-03-01T12:00:00Z", true},
		"another day":                             {Times{Days: []string{"mon"}, Zone: "UTC"}, "2026-03-01T12:00:00Z", false},
		"the day is the zone's":                   {Times{Days: []string{"mon"}, Zone: "Asia/Tokyo"}, "2026-03-01T15:30:00Z", true},
		"from":                                    {Times{From: "18:00", To: "20:00", Zone: berlin}, "2026-03-01T17:00:00Z", true},
		"before":                                  {Times{From: "18:00", To: "20:00", Zone: berlin}, "2026-03-01T16:59:59Z", false},
		"the last second":                         {Times{From: "18:00", To: "20:00", Zone: berlin}, "2026-03-01T18:59:59Z", true},
		"to":                                      {Times{From: "18:00", To: "20:00", Zone: berlin}, "2026-03-01T19:00:00Z", false},
		"in summer":                               {Times{From: "18:00", To: "20:00", Zone: berlin}, "2026-07-01T16:00:00Z", true},
		"over midnight, the evening":              {Times{Days: []string{"fri"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-02-27T23:59:00Z", true},
		"over midnight, the morning":              {Times{Days: []string{"fri"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-02-28T07:59:00Z", true},
		"over midnight, its end":                  {Times{Days: []string{"fri"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-02-28T08:00:00Z", false},
		"over midnight, the morning of its day":   {Times{Days: []string{"fri"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-02-27T07:00:00Z", false},
		"over midnight, the evening after":        {Times{Days: []string{"fri"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-02-28T18:00:00Z", false},
		"over midnight, from Saturday to Sunday":  {Times{Days: []string{"sat"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-03-01T07:00:00Z", true},
		"over midnight, from Sunday to Monday":    {Times{Days: []string{"sun"}, From: "18:00", To: "08:00", Zone: "UTC"}, "2026-03-02T07:00:00Z", true},
		"until midnight, its beginning":           {Times{From: "18:00", Zone: "UTC"}, "2026-03-01T23:59:00Z", true},
		"until midnight, and not behind":          {Times{From: "18:00", Zone: "UTC"}, "2026-03-02T00:00:00Z", false},
		"until 00:00":                             {Times{From: "18:00", To: "00:00", Zone: "UTC"}, "2026-03-01T23:59:00Z", true},
		"until 24:00":                             {Times{From: "18:00", To: "24:00", Zone: "UTC"}, "2026-03-02T00:00:00Z", false},
		"since midnight":                          {Times{To: "08:00", Zone: "UTC"}, "2026-03-01T00:00:00Z", true},
		"a day and a night: today":                {Times{Days: []string{"sun"}, From: "09:00", To: "09:00", Zone: "UTC"}, "2026-03-01T12:00:00Z", true},
		"a day and a night: until tomorrow":       {Times{Days: []string{"sun"}, From: "09:00", To: "09:00", Zone: "UTC"}, "2026-03-02T08:59:00Z", true},
		"a day and a night: not before":           {Times{Days: []string{"sun"}, From: "09:00", To: "09:00", Zone: "UTC"}, "2026-03-01T08:59:00Z", false},
		"the hour that summer time leaves out":    {Times{From: "02:00", To: "03:00", Zone: berlin}, "2026-03-29T01:00:00Z", false},
		"the hour that winter time brings twice":  {Times{From: "02:00", To: "03:00", Zone: berlin}, "2026-10-25T00:30:00Z", true},
		"the hour that winter time brings, again": {Times{From: "02:00", To: "03:00", Zone: berlin}, "2026-10-25T01:30:00Z", true},
	} {
		t.Run(name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, c.at)
			if err != nil {
				t.Fatal(err)
			}
			for _, strict := range []bool{false, true} {
				if got := c.times.fits(now, strict); got != c.want {
					t.Errorf("strict %t: %t", strict, got)
				}
			}
		})
	}
	for name, times := range map[string]Times{
		"no zone": {From: "18:00"}, "a zone that is none": {From: "18:00", Zone: "Mars/Olympus"}, "the machine's": {From: "18:00", Zone: "Local"},
		"no time": {From: "6pm", Zone: "UTC"}, "no end": {To: "25:00", Zone: "UTC"},
	} {
		if times.fits(noon, false) || !times.fits(noon, true) {
			t.Errorf("%s: lax %t, strict %t", name, times.fits(noon, false), times.fits(noon, true))
		}
	}
}

func TestSetJSON(t *testing.T) {
	for text, want := range map[string]Set{
		`"DE"`: one("DE"), `["DE","FR"]`: one("DE", "FR"), `{"not":"DE"}`: none("DE"), `{"not":["DE","FR"]}`: none("DE", "FR"), `[]`: one([]string{}...),
	} {
		var got Set
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) && len(want.Values) > 0 {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
		if back, err := json.Marshal(got); err != nil || string(back) != text {
			t.Errorf("%s: written as %s, %v", text, back, err)
		}
	}
	for _, text := range []string{`1`, `null`, `{}`, `{"not":null}`, `{"not":1}`, `{"not":{"not":"DE"}}`, `{"not":"DE","or":"FR"}`, `["DE",1]`, `["DE",null]`, `true`} {
		var got Set
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s: read as %+v", text, got)
		}
	}
	if text, err := json.Marshal(When{Roles: one("admin")}); err != nil || string(text) != `{"roles":"admin"}` {
		t.Errorf("%s, %v", text, err)
	}
}
