package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-id/sallyport/factors/standin"
)

// A question that is ignored does not come back at the next look, and one that waits
// behind it is seen then.
func TestIgnored(t *testing.T) {
	var out lockedBuffer
	w := &waiting{cli: &cli{out: &out, err: &out}, known: 2, settled: map[string]bool{}, trouble: map[*account]string{}, lines: make(chan string)}
	ada, alan := &account{}, &account{}
	ada.Account, alan.Account = "ada", "alan"
	look := func(at *account, token string) {
		t.Helper()
		if over, err := w.see(t.Context(), sight{at: at, question: &standin.Question{Token: token, Number: true}}); over || err != nil {
			t.Fatal(over, err)
		}
	}
	look(ada, "1")
	look(alan, "2")
	look(ada, "1")
	if over, err := w.read(t.Context(), "", true); over || err != nil || w.open != nil {
		t.Errorf("%v, %v, %+v", over, err, w.open)
	}
	look(ada, "1")
	if w.open != nil {
		t.Error("asked again what was ignored")
	}
	look(alan, "2")
	if w.open == nil || w.open.at != alan || strings.Count(out.String(), "Is that you?") != 2 {
		t.Errorf("%+v\n%s", w.open, &out)
	}
	if _, err := w.read(t.Context(), "", false); !errors.Is(err, nobody) {
		t.Errorf("the input has ended, and yet: %v", err)
	}
}
