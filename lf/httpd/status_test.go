package httpd

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"lflab/lf/serve"
)

// TestRefresh checks that a value which is no number of seconds means 10, as
// with mod_status.
func TestRefresh(t *testing.T) {
	for query, want := range map[string]int{"": 0, "refresh": 10, "refresh=5": 5, "refresh=0": 10, "refresh=-3": 10, "refresh=x": 10, "refresh=99999": 3600} {
		server := newServer(t, Config{Status: func() serve.Status { return serve.Status{} }})
		body := one(t, server, ask("GET", "/server-status?"+query, "", "")).body
		got := 0
		if _, after, ok := strings.Cut(body, `http-equiv="refresh" content="`); ok {
			digits, _, _ := strings.Cut(after, `"`)
			got, _ = strconv.Atoi(digits)
		}
		if got != want {
			t.Errorf("%q: %d, want %d", query, got, want)
		}
	}
}

// TestTimed checks that the duration of requests is measured if the status page
// asks for it, and that the clock is not read otherwise.
func TestTimed(t *testing.T) {
	for _, timed := range []bool{false, true} {
		s := newServer(t, Config{}).newSession()
		f := &fake{t: t, pieces: [][]byte{[]byte(ask("GET", "/spin?us=2000", "", ""))}, gap: false}
		th := serve.Thread{Row: new(serve.Row), Timed: timed}
		s.Reset(f)
		s.Serve(&th)
		since, spent := th.Since.Load(), time.Duration(th.Busy.Load())
		if th.Requests.Load() != 1 || (since != 0) != timed || timed != (spent >= 2*time.Millisecond) || spent > time.Minute {
			t.Errorf("timed %v: %d requests, since %d, %v spent", timed, th.Requests.Load(), since, spent)
		}
	}
}
