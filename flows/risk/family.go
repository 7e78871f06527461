package risk

import "github.com/mileusna/useragent"

// Family is the kind of a browser, which stays what it is when the browser is updated:
// its name and the system it runs on, such as "Firefox on Linux".
func Family(agent string) string {
	switch browser, system := Browser(agent); {
	case browser == "":
		return "unknown"
	case system == "":
		return browser
	default:
		return browser + " on " + system
	}
}

// Browser is the name of a browser and of the system that it runs on, each "" where that
// cannot be told.
func Browser(agent string) (browser, system string) {
	ua := useragent.Parse(agent)
	return ua.Name, ua.OS
}
