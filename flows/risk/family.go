package risk

import "github.com/mileusna/useragent"

// Family is the kind of a browser, which stays what it is when the browser is updated:
// its name and the system it runs on, such as "Firefox on Linux".
func Family(agent string) string {
	ua := useragent.Parse(agent)
	switch {
	case ua.Name == "":
		return "unknown"
	case ua.OS == "":
		return ua.Name
	}
	return ua.Name + " on " + ua.OS
}
