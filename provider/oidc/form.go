package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

const (
	maxForm      = 64 << 10 // bytes of one request's parameters
	maxParameter = 8 << 10  // bytes of one value
)

// postForm reads the parameters of a request to an endpoint that programs call: a
// form in the body and nowhere else (RFC 6749 §3.2, §2.3.1), or, as Auth0's SDKs send
// them, a JSON object.
func postForm(r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" && kind != "application/json" {
		return nil, invalidRequest("Send the parameters as application/x-www-form-urlencoded or application/json in the body.")
	}
	if r.URL.RawQuery != "" {
		return nil, invalidRequest("Send the parameters in the body; the address may not have any.")
	}
	if kind == "application/json" {
		if r.PostForm, err = jsonForm(r.Body); err != nil {
			return nil, err
		}
		return single(r.PostForm)
	}
	if err := r.ParseForm(); err != nil {
		return nil, invalidRequest("The body cannot be read as a form.")
	}
	return single(r.PostForm)
}

// jsonForm reads a JSON object as a form: text as it is, numbers and truth as they are
// written, null as absent, and an object as its JSON. A name that stands twice gives two
// values, as in a form.
func jsonForm(body io.Reader) (url.Values, error) {
	refused := invalidRequest("The body cannot be read as a JSON object of texts.")
	in, form := json.NewDecoder(body), url.Values{}
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		return nil, refused
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, refused
		}
		var raw json.RawMessage
		if err := in.Decode(&raw); err != nil || raw[0] == '[' {
			return nil, refused
		}
		value := string(raw)
		if raw[0] == '"' {
			if err := json.Unmarshal(raw, &value); err != nil {
				return nil, refused
			}
		}
		if value != "null" || raw[0] == '"' {
			form.Add(fmt.Sprint(name), value)
		}
	}
	if _, err := in.Token(); err != nil { // the closing brace
		return nil, refused
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, refused
	}
	return form, nil
}

// single keeps the one value of each parameter. An empty one counts as absent, one
// that stands twice is an error (RFC 6749 §3.1).
func single(form url.Values) (url.Values, error) {
	clean := url.Values{}
	size := 0
	for name, values := range form {
		for _, v := range values {
			size += len(name) + len(v)
			switch {
			case v == "":
				continue
			case clean.Has(name):
				return nil, invalidRequest("A parameter stands twice: send each once.")
			case !utf8.ValidString(v) || strings.ContainsRune(v, 0):
				return nil, invalidRequest("A parameter is not valid UTF-8.")
			case len(v) > maxParameter && name != "claims":
				return nil, invalidRequest("A parameter is longer than 8192 bytes.")
			}
			clean.Set(name, v)
		}
	}
	if size > maxForm {
		return nil, invalidRequest("The parameters have more than 65536 bytes together.")
	}
	return clean, nil
}
