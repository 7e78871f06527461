package themes

// A Reference is the documentation of an API, for people who write programs: what it says
// of its calls is not translated.
type Reference struct {
	Frame
	Title    string
	Document string // address of the OpenAPI document
	Groups   []CallGroup
}

// A CallGroup are calls about one thing.
type CallGroup struct {
	Name  string
	Calls []Call
}

// A Call is one of an API's.
type Call struct {
	ID, Method, Path, Summary string
	Scopes                    []string // any of them will do
	Parameters, Body, Answer  []Member
	Statuses                  []Status
}

// A Member is a parameter, or a value in a JSON object.
type Member struct {
	Name, Type, Doc string
	Required        bool
}

// A Status is what an answer's number means.
type Status struct{ Code, Doc string }

// Page implements View.
func (Reference) Page() string { return "reference" }

func (v Reference) values() map[string]any { return map[string]any{"Title": v.Title} }
func (Reference) wide() bool               { return true }
func (Reference) sheet() string            { return "reference.css" }

// members are members on a page.
type members struct {
	*page
	List []Member
}

// Members shows list.
func (p *page) Members(list []Member) members { return members{p, list} }
