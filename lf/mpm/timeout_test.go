package mpm

import (
	"io"
	"strings"
	"testing"
	"time"

	"lflab/lf/httpd"
)

// TestKeepAliveTimeout checks that a connection without further requests is
// closed, but not before its timeout, which each request restarts. If the
// client itself waited longer, because the machine is busy, it begins again.
func TestKeepAliveTimeout(t *testing.T) {
	const limit = 150 * time.Millisecond
	someVariants(t, setup{limits: httpd.Limits{KeepAliveTimeout: limit}}, func(t *testing.T, r *rig) {
		until(t, "a connection that lives for longer than its limit", func() bool {
			c := r.dial()
			defer c.Close()
			began, asked := time.Now(), time.Time{}
			for {
				before := asked
				asked = time.Now()
				_, err := c.Write([]byte(getHello))
				if err == nil {
					_, err = c.in.Peek(1)
				}
				if err != nil { // closed: as it should be, or too early
					if idle := time.Since(before); before.IsZero() || idle < limit {
						t.Fatalf("closed within %v of a request, limit %v: %v", idle, limit, err)
					}
					return false
				}
				c.hello("GET")
				if time.Since(began) > 2*limit {
					c.end()
					if idle := time.Since(asked); idle < limit {
						t.Errorf("closed %v after a request, limit %v", idle, limit)
					}
					return true
				}
				time.Sleep(limit / 20) // so that requests and deadlines do not coincide
			}
		})
		r.idle()
	})
}

// TestHeadTimeout checks that a head that comes a byte at a time is answered
// 408 at its deadline, and so is one that stops.
func TestHeadTimeout(t *testing.T) {
	const limit = 150 * time.Millisecond
	someVariants(t, setup{limits: httpd.Limits{HeadTimeout: limit}}, func(t *testing.T, r *rig) {
		for _, trickles := range []bool{true, false} {
			c := r.dial()
			began := time.Now()
			c.send("GET /hello HTTP/1.1\r\nX: ")
			if trickles {
				go func() {
					for {
						if _, err := c.Write([]byte("x")); err != nil {
							return
						}
						time.Sleep(5 * time.Millisecond)
					}
				}()
			}
			res, _ := c.answer("GET")
			if res.StatusCode != 408 || !res.Close {
				t.Errorf("answer %s, close %v", res.Status, res.Close)
			}
			if age := time.Since(began); age < limit {
				t.Errorf("answered after %v, limit %v", age, limit)
			}
			if _, err := io.ReadAll(c.in); err != nil && !hasEnded(err) {
				t.Errorf("the connection was not closed: %v", err)
			}
			c.Close()
		}
		// A second request's head has its timeout from its own first byte.
		c := r.dial()
		c.send(getHello + "GET /hello")
		c.hello("GET")
		if res, _ := c.answer("GET"); res.StatusCode != 408 {
			t.Errorf("second head: answer %s", res.Status)
		}
		r.idle()
		r.check()
	})
}

// TestBodyTimeout checks the same for a body.
func TestBodyTimeout(t *testing.T) {
	someVariants(t, setup{limits: httpd.Limits{BodyTimeout: 50 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		if res, _ := c.answer("POST"); res.StatusCode != 408 {
			t.Errorf("answer %s", res.Status)
		}
		c.end()
	})
}

// TestWriteTimeout checks that a peer that takes nothing of its response is
// cut, and that the server is free again.
func TestWriteTimeout(t *testing.T) {
	someVariants(t, setup{limits: httpd.Limits{WriteTimeout: 60 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send(bytesRequest(20_000_000))
		until(t, "the server to begin", func() bool { return strings.Contains(r.m.Status().Scoreboard, "W") || r.m.Status().Bytes > 0 })
		r.idle()
		if all, err := io.ReadAll(c.in); len(all) == 0 || len(all) > 19_000_000 || err != nil && !hasEnded(err) {
			t.Errorf("the peer that did not read got %d bytes, %v", len(all), err)
		}
	})
}

// TestSilentPeer checks that a peer that connects and sends nothing is closed.
func TestSilentPeer(t *testing.T) {
	someVariants(t, setup{silent: true, limits: httpd.Limits{HeadTimeout: 50 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		all, err := io.ReadAll(c.in) // with or without a 408
		if err != nil || len(all) > 0 && !strings.HasPrefix(string(all), "HTTP/1.1 408 ") {
			t.Errorf("%.40q, %v", all, err)
		}
		r.idle()
	})
}
