//go:build bench

package bench

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// pollEvery is how often a poller asks, each time on a connection of its own and
// without a second try: as a new client would.
const pollEvery = 20 * time.Millisecond

// poll is what a poller saw: how many requests it made, how many failed, and the
// longest time between two that did not.
type poll struct {
	requests, failed int
	gap              time.Duration
}

var freshClient = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{DisableKeepAlives: true},
}

// serves asks once whether a notebook answers.
func serves(url string) bool {
	response, err := freshClient.Get(url + "api")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err == nil && response.StatusCode == http.StatusOK
}

// pollDuring polls a notebook while change runs, and a second before and after.
func pollDuring(url string, change func()) poll {
	stop, result := make(chan struct{}), make(chan poll)
	go func() { result <- pollUntil(url, stop) }()
	time.Sleep(time.Second)
	change()
	time.Sleep(time.Second)
	close(stop)
	return <-result
}

func pollUntil(url string, stop <-chan struct{}) poll {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var p poll
	for good := time.Now(); ; {
		select {
		case <-stop:
			return p
		case <-ticker.C:
		}
		p.requests++
		if !serves(url) {
			p.failed++
			continue
		}
		p.gap = max(p.gap, time.Since(good))
		good = time.Now()
	}
}

// awaitServing waits until a notebook answers, and returns how long that took.
func awaitServing(t *testing.T, url string, limit time.Duration) time.Duration {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if serves(url) {
			return time.Since(begin)
		}
		if time.Since(begin) > limit {
			t.Fatalf("%s does not answer within %v", url, limit)
		}
	}
}
