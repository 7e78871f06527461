package management

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// TestExportPart: a part ends when it is large, however little packing does to it.
func TestExportPart(t *testing.T) {
	large := make([]byte, 3<<20)
	_, _ = rand.Read(large) // it never fails
	text, err := json.Marshal(map[string]string{"large": base64.StdEncoding.EncodeToString(large)})
	if err != nil {
		t.Fatal(err)
	}
	views := make([]*userView, 6)
	for i := range views {
		views[i] = &userView{CreatedAt: time.Now(), AppMetadata: text}
	}
	j := &job{jobState: jobState{Format: "json", Fields: []exportField{{Name: "app_metadata"}}}}
	body, n, err := j.write(views)
	if err != nil || n != 3 || len(body) > 12<<20 {
		t.Errorf("%d people in %d bytes, %v", n, len(body), err)
	}
	if _, n, err = j.write(views[n:]); err != nil || n != 3 {
		t.Errorf("the next part: %d people, %v", n, err)
	}
}
