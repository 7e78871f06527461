package resource

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	askTime = 10 * time.Second // for one answer of the issuer, whatever the client's time-out
	maxBody = 1 << 20
)

// ask returns the body of a good answer. What is larger than maxBody is none.
func ask(client *http.Client, r *http.Request) ([]byte, error) {
	r.Header.Set("Accept", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", r.URL, answer.Status)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errors.New("larger than 1 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.URL, err)
	}
	return body, nil
}
