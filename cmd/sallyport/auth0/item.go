package auth0

// What became of an item.
const (
	CameOver = "came over"
	Changed  = "changed" // it came over, but not as it was
	There    = "there already"
	Left     = "did not"
)

// An Item is one thing of a tenant, with what became of it.
type Item struct {
	Kind    string   `json:"kind"` // as the deploy tool's YAML names it
	Name    string   `json:"name"`
	Outcome string   `json:"outcome"`
	Why     []string `json:"why,omitempty"`
}

// Note adds what is not as it was.
func (i *Item) Note(why string) {
	i.Why = append(i.Why, why)
	if i.Outcome == CameOver {
		i.Outcome = Changed
	}
}

// Stay says what is there already.
func (i Item) Stay(what string) Item {
	i.Outcome, i.Why = There, []string{what + " is there and was left as it is"}
	return i
}

// Leave says why the item does not come over.
func (i Item) Leave(why string) Item {
	i.Outcome, i.Why = Left, []string{why}
	return i
}
