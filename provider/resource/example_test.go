package resource_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/sallyport-id/sallyport/provider/resource"
)

func Example() {
	verifier, err := resource.New(resource.Config{Issuer: "https://id.example/", Audience: "https://api.example/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	five := 5 * time.Minute
	guard := verifier.Require(resource.Need{Scopes: []string{"transfer"}, MaxAge: &five})
	mux := http.NewServeMux()
	mux.Handle("POST /transfer", guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if claims, ok := resource.FromContext(r.Context()); ok {
			fmt.Fprintln(w, "sent for", claims.Subject)
		}
	})))

	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/transfer", nil))
	fmt.Println(answer.Code, answer.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="https://api.example/"
}
