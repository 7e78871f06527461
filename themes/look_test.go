package themes

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestLookColours: whatever colour is taken for light screens has a shade on dark ones on
// which everything can be read, and the way to its hue and back is the same.
func TestLookColours(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	steps := []int{0, 70, 140, 200, 255}
	for _, red := range steps {
		for _, green := range steps {
			for _, blue := range steps {
				colour := fmt.Sprintf("#%02x%02x%02x", red, green, blue)
				switch err := r.Try(Look{Primary: colour}); {
				case err == nil:
					taken++
				case !strings.Contains(err.Error(), "in light"):
					t.Errorf("%s: %v", colour, err)
				}
				rgb, _ := parseColour(colour)
				back := fromOKLCH(toOKLCH(rgb))
				for i := range rgb {
					if math.Abs(rgb[i]-back[i]) > 1e-4 {
						t.Errorf("%s: %v, and back %v", colour, rgb, back)
					}
				}
			}
		}
	}
	if taken < 30 {
		t.Errorf("%d colours are taken", taken)
	}
	for _, bad := range []Look{{Primary: "red"}, {Canvas: "#12"}, {Canvas: "#777777"}, {Languages: []string{"xx"}}, {Logo: []byte("GIF89a"), LogoType: ".gif"}, {Logo: []byte("no"), LogoType: ".png"}} {
		if err := r.SetLook(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
