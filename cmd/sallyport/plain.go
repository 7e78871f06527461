package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// A line is one field in plain words.
type line struct{ name, value string }

// plainFields are the fields of v that are not empty, by their JSON names, in the
// order in which the type declares them.
func plainFields(v any) []line {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return nil
	}
	var lines []line
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return lines
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return lines
		}
		if text := plainValue(raw); text != "" {
			lines = append(lines, line{name: fmt.Sprint(name), value: text})
		}
	}
	return lines
}

func plainValue(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return day(at)
		}
		return v
	case []any:
		text := ""
		for i, one := range v {
			if i > 0 {
				text += " "
			}
			text += fmt.Sprint(one)
		}
		return text
	case map[string]any:
		return string(raw)
	}
	return fmt.Sprint(value)
}

// day is a time as lists show it.
func day(at time.Time) string {
	if at.IsZero() || at.Year() <= 1 {
		return "never"
	}
	return at.UTC().Format("2006-01-02 15:04:05Z")
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
