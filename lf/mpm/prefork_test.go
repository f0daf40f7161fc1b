package mpm

import (
	"testing"
)

// TestPreforkServesOneAtATime checks that the next connection waits in the
// listener's queue while one is open, and is served when that has ended. P1:
// one connection per process.
func TestPreforkServesOneAtATime(t *testing.T) {
	for _, v := range everyKind() {
		if v.kind.MaxThreads != 1 {
			continue
		}
		t.Run(v.String(), func(t *testing.T) {
			r := startVariant(t, v, setup{})
			if r.threads != 1 {
				t.Fatalf("%d threads", r.threads)
			}
			first := r.dial()
			first.send(getHello)
			first.hello("GET")
			second := r.dial()
			second.send(getHello)
			first.send(getHello) // the thread has accepted
			first.hello("GET")
			if n := r.m.Status().Connections; n != 1 {
				t.Errorf("%d connections are served", n)
			}
			first.Close()
			second.hello("GET")
			second.Close()
			r.idle()
			r.check()
			if n := r.m.Status().Connections; n != 3 {
				t.Errorf("%d connections in all", n)
			}
		})
	}
}

// TestPreforkDrains drains in a request, between requests, and before any.
func TestPreforkDrains(t *testing.T) {
	for _, path := range []string{"", "/hello", "held"} {
		r := start(t, "prefork", setup{holds: true})
		c := r.dial()
		switch path {
		case "/hello":
			c.send(getHello)
			c.hello("GET")
		case "held":
			c.send(statusRequest)
			r.inFlight(1, 1)
		}
		r.m.Drain()
		if r.letGo(); path == "held" && !c.status() {
			t.Error("the answer to the request in flight keeps the connection")
		}
		if path != "" {
			c.end()
		}
		c.Close()
		r.finish()
	}
}
