package run

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// control asks one of our servers for facts that only it knows. Each question
// opens its own connection, because a kept one would occupy a thread of a
// server with one thread per connection.
type control struct{ address string }

// longestAnswer, in bytes, holds the records of about fifty full logs.
const longestAnswer = 256 << 20

// statusError is an answer with a status other than 200.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string { return e.text }

func (c control) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ask server for %s: %w", path, err)
	}
	req.Close = true
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("ask server for %s: %w", path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("ask server for %s: %w", path, err)
	}
	if len(body) > longestAnswer {
		return nil, fmt.Errorf("ask server for %s: the answer is longer than %d bytes", path, longestAnswer)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask server for %s: %w", path, &statusError{resp.StatusCode, fmt.Sprintf("status %s: %.200s", resp.Status, body)})
	}
	return body, nil
}

func (c control) startFlight(ctx context.Context) error {
	_, err := c.get(ctx, "/lab/flight?record=on")
	return err
}

func (c control) stopFlight(ctx context.Context, in window) (*flight, error) {
	body, err := c.get(ctx, "/lab/flight?record=off"+in.query())
	if err != nil {
		return nil, err
	}
	var report flightReport
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, fmt.Errorf("read flight records: %w in %.200q", err, body)
	}
	return report.decode()
}

// parseCounters reads the counters of a status page, lines of "key: whole
// number". Keys with capitals are the page's own facts, as on Apache's page;
// only two of them are taken.
func parseCounters(page string) map[string]uint64 {
	renamed := map[string]string{"Total Accesses": "requests", "Total Connections": "connections"}
	levels := []string{"connections_open", "connections_in_set"} // these rise and fall
	counts := map[string]uint64{}
	for l := range strings.Lines(page) {
		key, value, _ := strings.Cut(l, ":")
		if name, ok := renamed[key]; ok {
			key = name
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		if err == nil && key == strings.ToLower(key) && !slices.Contains(levels, key) {
			counts[key] = n
		}
	}
	return counts
}
