package policy

// When are the conditions of a row. Empty fields say nothing; those that are set have
// all to hold.
type When struct {
	Networks   Set `json:"networks,omitzero"`   // CIDR
	Countries  Set `json:"countries,omitzero"`  // as DE
	Continents Set `json:"continents,omitzero"` // as EU
	Roles      Set `json:"roles,omitzero"`
	Groups     Set `json:"groups,omitzero"`
	Scopes     Set `json:"scopes,omitzero"`
	Connection Set `json:"connection,omitzero"`
	// Time is a part of the week.
	Time *Times `json:"time,omitempty"`
}

// A Set is a list of values of which one has to be there, or, under not, none. In a
// document it is a value, a list, or {not: list}.
type Set struct {
	Not    bool
	Values []string
}

// Times are days and hours in a time zone: from ≤ t < to. Where To is not after From, it
// is on the next day.
type Times struct {
	Days []string `json:"days,omitempty"` // mon … sun; none: every day
	From string   `json:"from,omitempty"` // 18:00
	To   string   `json:"to,omitempty"`
	Zone string   `json:"zone"` // Europe/Berlin
}
