package standin

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// call is one request as the SDKs make it, with an answer that they can read.
func (p *Phone) call(ctx context.Context, method, address, authorization string, body, into any) error {
	r, err := p.request(ctx, method, address, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", authorization)
	client := p.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	switch {
	case res.StatusCode/100 != 2:
		return refusal(res, b)
	case res.StatusCode == http.StatusNoContent:
		return nil
	case res.Header.Get("Content-Type") != "application/json":
		return fmt.Errorf("standin: the SDK for iOS refuses %q", res.Header.Get("Content-Type"))
	case into == nil:
		return nil
	}
	return json.Unmarshal(b, into)
}

func (p *Phone) request(ctx context.Context, method, address string, body any) (*http.Request, error) {
	var sent io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, sent)
	if err != nil {
		return nil, err
	}
	agent := p.Agent
	if agent == "" {
		about := base64.RawURLEncoding.EncodeToString([]byte(`{"name":"Guardian.Android","version":"0.10.2"}`))
		r.Header.Set("Auth0-Client", about)
		agent = "GuardianSDK/0.10.2 Android 14"
	}
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return r, nil
}

func refusal(res *http.Response, body []byte) error {
	refused := &Refused{}
	if json.Unmarshal(body, refused) != nil || refused.Status != res.StatusCode {
		refused = &Refused{Status: res.StatusCode}
	}
	// RFC 9110 §10.2.3: seconds, or a date.
	after := res.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(after, 10, 31); err == nil {
		refused.RetryAfter = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		refused.RetryAfter = max(0, time.Until(at))
	}
	return refused
}
