package themes

import "testing"

func TestNewChecksEverything(t *testing.T) {
	if _, err := New(Options{}); err != nil {
		t.Fatal(err)
	}
}
