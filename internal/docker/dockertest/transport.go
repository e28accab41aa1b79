// Package dockertest stands in for a Docker engine in unit tests: by answers that
// a test writes, or by an engine in memory. Only tests import it.
package dockertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// Object is a JSON object.
type Object = map[string]any

// Answer answers one request.
type Answer = func(*http.Request) (*http.Response, error)

// Transport is the road to an engine, in memory: it answers by "METHOD path",
// without the version of the API, and keeps what was asked.
type Transport struct {
	Answers map[string]Answer

	mu     sync.Mutex // the engine is asked side by side
	Asked  []string
	Names  []string          // asked for in a query
	Bodies map[string]string // the last, by call
}

var version = regexp.MustCompile(`^/v[0-9.]+`)

// callOf is a request as "METHOD path".
func callOf(r *http.Request) string {
	return r.Method + " " + version.ReplaceAllString(r.URL.Path, "")
}

// RoundTrip is http.RoundTripper's.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	call := callOf(r)
	if err := t.keep(call, r.URL.Query().Get("name"), r.Body); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := t.Answers[call]
	if answer == nil {
		return nil, fmt.Errorf("no answer for %s", call)
	}
	resp, err := answer(r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (t *Transport) keep(call, name string, body io.Reader) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.Asked = append(t.Asked, call)
	if name != "" {
		t.Names = append(t.Names, name)
	}
	if body == nil {
		return nil
	}
	b, err := io.ReadAll(body)
	if t.Bodies == nil {
		t.Bodies = map[string]string{}
	}
	t.Bodies[call] = string(b)
	return err
}

// Body answers with a code and a text.
func Body(code int, r io.Reader) *http.Response {
	return &http.Response{StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(r)}
}

// Says answers with a code and an object.
func Says(code int, v any) Answer {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return func(*http.Request) (*http.Response, error) { return Body(code, strings.NewReader(string(b))), nil }
}

// Refuses answers as the engine does when it cannot.
func Refuses(code int, message string) Answer {
	return Says(code, map[string]string{"message": message})
}

// Turns answers one after the other, and goes on with the last.
func Turns(answers ...Answer) Answer {
	var mu sync.Mutex
	return func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		now := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		return now(r)
	}
}

// Breaks answers with a connection that breaks.
func Breaks(err error) Answer { return func(*http.Request) (*http.Response, error) { return nil, err } }
