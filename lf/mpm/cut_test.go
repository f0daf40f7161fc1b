package mpm

import (
	"io"
	"strings"
	"testing"
)

// TestCut checks that Cut ends all connections at once, and the threads: idle
// connections, half of a request, a response that nobody reads, and a handler
// that sleeps. W4: within a second.
func TestCut(t *testing.T) {
	for _, drained := range []bool{false, true} {
		someVariants(t, setup{threads: 8, silent: true}, func(t *testing.T, r *rig) {
			idle := r.dial()
			idle.send(getHello)
			idle.hello("GET")
			silent := r.dial()
			half := r.dial()
			half.send("GET /hello HTTP/1.1\r\nHos")
			full := r.dial()
			full.send(bytesRequest(30_000_000))
			until(t, "the response to begin", func() bool { return r.m.Status().Bytes > 100_000 })
			ends := map[string]*client{"idle": idle, "silent": silent, "half": half}
			if !drained {
				c := r.dial()
				c.send("GET /sleep?ms=200 HTTP/1.1\r\nHost: a\r\n\r\n")
				ends["asleep"] = c
			}
			until(t, "all connections", func() bool { return r.m.Status().Connections == uint64(len(ends)+1) })
			if drained {
				r.m.Drain()
			}
			r.m.Cut()
			for name, c := range ends {
				if name == "half" && drained {
					// If the drain found it before its first bytes were read,
					// the answer is that the request is incomplete.
					if all, err := io.ReadAll(c); len(all) > 0 && !strings.HasPrefix(string(all), "HTTP/1.1 400 ") || err != nil && !hasEnded(err) {
						t.Errorf("half: %.100q, %v", all, err)
					}
					continue
				}
				if n, err := c.Read(make([]byte, 1)); n != 0 || !hasEnded(err) {
					t.Errorf("%s: read %d, %v", name, n, err)
				}
			}
			if n, err := io.Copy(io.Discard, full); n >= 30_000_000 {
				t.Errorf("the response came whole: %d, %v", n, err)
			}
			r.finish()
		})
	}
}
