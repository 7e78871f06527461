package themes

import (
	"strconv"
	"strings"
	"time"
)

// A Segment is a piece of a sentence: plain text, or a moment that login.js retells
// in the reader's own time zone, which only the browser knows.
type Segment struct {
	Text string
	ISO  string // RFC 3339, empty for plain text
	Left int    // seconds from now until then, at least 0
}

// Moments stand in a sentence as an index between two private-use characters, until
// the sentence is cut into segments.
const (
	momentOpen  = "\uE000"
	momentClose = "\uE001"
)

var noMarks = strings.NewReplacer(momentOpen, "", momentClose, "")

// segments says id with data, its moments as segments of their own. ok is false where
// id has no words.
func (w *words) segments(lang, id string, data map[string]any, now time.Time) (out []Segment, ok bool) {
	return w.filled(lang, data, now, func(values map[string]any) (string, bool) { return w.say(lang, id, values) })
}

// filled is what say makes of data, its moments as segments of their own.
func (w *words) filled(lang string, data map[string]any, now time.Time, say func(map[string]any) (string, bool)) (out []Segment, ok bool) {
	var moments []time.Time
	values := make(map[string]any, len(data))
	for k, v := range data {
		switch v := v.(type) {
		case time.Time:
			values[k] = momentOpen + strconv.Itoa(len(moments)) + momentClose
			moments = append(moments, v)
		case time.Duration:
			values[k] = w.span(lang, v)
		case string:
			values[k] = noMarks.Replace(v)
		default:
			values[k] = v
		}
	}
	s, ok := say(values)
	if !ok {
		return nil, false
	}
	for s != "" {
		before, rest, found := strings.Cut(s, momentOpen)
		if before != "" {
			out = append(out, Segment{Text: before})
		}
		if !found {
			break
		}
		index, after, _ := strings.Cut(rest, momentClose)
		if i, err := strconv.Atoi(index); err == nil && i < len(moments) {
			out = append(out, w.moment(lang, moments[i], now))
		}
		s = after
	}
	return out, true
}

func text(segs []Segment) string {
	var b strings.Builder
	for _, s := range segs {
		b.WriteString(s.Text)
	}
	return b.String()
}

// moment is t in words: "in 6 minutes (14:32 UTC)", or the whole date where it is not
// within a day.
func (w *words) moment(lang string, t, now time.Time) Segment {
	left := t.Sub(now)
	seg := Segment{ISO: t.UTC().Format(time.RFC3339), Left: max(0, int((left+time.Second-1)/time.Second))}
	switch {
	case left > 24*time.Hour || left < -time.Minute:
		seg.Text, _ = w.say(lang, "time.at", map[string]any{"Date": w.date(lang, t)})
	case left <= 0:
		seg.Text, _ = w.say(lang, "time.now", nil)
	default:
		in, _ := w.say(lang, "time.in."+unit(left), map[string]any{"Count": amount(left)})
		seg.Text = in + " (" + t.UTC().Format("15:04 UTC") + ")"
	}
	return seg
}

// span is a length of time in words, rounded up: "10 minutes".
func (w *words) span(lang string, d time.Duration) string {
	s, _ := w.say(lang, "time.for."+unit(d), map[string]any{"Count": amount(d)})
	return s
}

// date is t in full, in UTC: "3 May 2026, 14:32 UTC".
func (w *words) date(lang string, t time.Time) string {
	t = t.UTC()
	month, _ := w.say(lang, "time.month."+strconv.Itoa(int(t.Month())), nil)
	s, _ := w.say(lang, "time.date", map[string]any{
		"Day": strconv.Itoa(t.Day()), "Month": month, "Year": strconv.Itoa(t.Year()), "Time": t.Format("15:04 UTC"),
	})
	return s
}

// since is how long ago t was, "3 days ago", or its day where that is longer than a week.
func (w *words) since(lang string, t, now time.Time) string {
	gone := now.Sub(t)
	switch {
	case gone > 7*24*time.Hour || gone < -time.Hour:
		return w.day(lang, t)
	case gone < time.Minute:
		s, _ := w.say(lang, "time.now", nil)
		return s
	}
	size := map[string]time.Duration{"minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}
	name := "days"
	for _, smaller := range []string{"hours", "minutes"} {
		if gone < size[name] {
			name = smaller
		}
	}
	s, _ := w.say(lang, "time.ago."+name, map[string]any{"Count": int(gone / size[name])})
	return s
}

// day is the day of t, in UTC: "3 May 2026".
func (w *words) day(lang string, t time.Time) string {
	t = t.UTC()
	month, _ := w.say(lang, "time.month."+strconv.Itoa(int(t.Month())), nil)
	s, _ := w.say(lang, "time.day", map[string]any{"Day": strconv.Itoa(t.Day()), "Month": month, "Year": strconv.Itoa(t.Year())})
	return s
}

// unit and amount say d in its largest unit that is not misleading, rounded up, so
// that nobody tries too early.
func unit(d time.Duration) string {
	switch {
	case d <= time.Minute:
		return "seconds"
	case d <= 90*time.Minute:
		return "minutes"
	case d <= 48*time.Hour:
		return "hours"
	}
	return "days"
}

func amount(d time.Duration) int {
	size := map[string]time.Duration{
		"seconds": time.Second, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour,
	}[unit(d)]
	return int((d + size - 1) / size)
}
