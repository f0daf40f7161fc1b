package httpd

import (
	"testing"
	"time"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// A handler that was slow counts as slow for one more second, or until a quick
// call. Other handlers do not. For a thread without Yield no clock is read.
func TestSlowHandlersYieldBefore(t *testing.T) {
	server := newServer(t, Config{Slow: 20 * time.Millisecond})
	yields, inHandler := 0, 0
	took := time.Duration(0)
	th := serve.Thread{Row: new(serve.Row)}
	server.routes["/look"] = newRoute(get, func(*Exchange) {
		inHandler = yields
		for end := flight.Now() + int64(took); flight.Now() < end; {
		}
	})
	look := ask("GET", "/look", "", "")
	for _, waits := range []bool{true, false} {
		for _, keeps := range []bool{true, false} { // whether the thread notes when it began
			run := func(what, input string, d time.Duration, want int) {
				t.Helper()
				took, yields, inHandler = d, 0, 0
				if th.Began = 0; keeps {
					th.Began = flight.Now()
				}
				f := &sender{fake: &fake{t: t, waits: waits, ended: true, pieces: [][]byte{[]byte(input)}}}
				s := server.newSession()
				s.Reset(f)
				for s.Serve(&th) != serve.Close {
				}
				if inHandler != want || yields != want {
					t.Errorf("waits=%v keeps=%v %s: %d yields before, %d in all, want %d", waits, keeps, what, inHandler, yields, want)
				}
			}
			r := server.routes["/look"]
			const slow, quick = 21 * time.Millisecond, 0
			th.Yield = nil
			run("without Yield", look, slow, 0)
			if r.slow.Load() != 0 {
				t.Error("marked as slow, though the thread has no Yield")
			}
			th.Yield = func() { yields++ }
			run("first", look, slow, 0)
			run("second", look, slow, 1)
			run("two at once", look+look, slow, 2)
			r.slow.Store(flight.Now() - 1)
			run("a second later", look, slow, 0)
			run("quick", look, quick, 1)
			// The clock is real: the machine may have delayed a quick handler.
			if r.slow.Load() == 0 {
				run("quick again", look, quick, 0)
			}
			r.slow.Store(0)
		}
	}
}

// Handlers whose argument is a long time yield at once.
func TestLongArgumentsYield(t *testing.T) {
	server := newServer(t, Config{Slow: time.Hour / 2})
	server.slow = int64(2 * time.Millisecond)
	for target, want := range map[string]int{"/spin?us=1999": 0, "/spin?us=2001": 1, "/sleep?ms=2": 0, "/sleep?ms=3": 1} {
		server.routes["/spin"].slow.Store(0)
		server.routes["/sleep"].slow.Store(0)
		yields := 0
		th := serve.Thread{Row: new(serve.Row), Yield: func() { yields++ }}
		f := &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(ask("GET", target, "", ""))}}
		s := server.newSession()
		s.Reset(f)
		if s.Serve(&th); yields != want {
			t.Errorf("%s: %d yields, want %d", target, yields, want)
		}
	}
}
