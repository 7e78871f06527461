package demo

import _ "embed"

// RuleName is what the demo's rule is called.
const RuleName = "new browser"

// Rule is the text of a rule to switch on: nothing in the demo runs it by itself.
//
//go:embed rules/new-browser.js
var Rule string
