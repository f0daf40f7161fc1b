package mpm

import (
	"io"
	"strings"
	"testing"
	"time"

	"lflab/lf/httpd"
)

// TestKeepAliveTimeout: a connection that asks for nothing more is closed, and
// not before its time.
func TestKeepAliveTimeout(t *testing.T) {
	const limit = 120 * time.Millisecond
	everyVariant(t, setup{limits: httpd.Limits{KeepAliveTimeout: limit}}, func(t *testing.T, r *rig) {
		c := r.dial()
		for range 2 {
			asked := time.Now()
			c.send(getHello)
			c.hello("GET")
			answered := time.Now()
			if answered.Sub(asked) > limit/2 {
				continue // a machine that is too busy for the next step
			}
			time.Sleep(limit/2 - answered.Sub(asked)) // half of its time is still time enough
		}
		c.send(getHello)
		c.hello("GET")
		answered := time.Now()
		c.end()
		// The server's clock began before the answer came here.
		if age := time.Since(answered); age < limit/2 {
			t.Errorf("closed after %v, limit %v", age, limit)
		}
		r.idle()
	})
}

// TestHeadTimeout: a head that comes a byte at a time is answered 408 when its
// time is over, and so is one that stops.
func TestHeadTimeout(t *testing.T) {
	const limit = 150 * time.Millisecond
	everyVariant(t, setup{limits: httpd.Limits{HeadTimeout: limit}}, func(t *testing.T, r *rig) {
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
		// A second request's head has its time from its own first byte.
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

// TestBodyTimeout: so with a body.
func TestBodyTimeout(t *testing.T) {
	everyVariant(t, setup{limits: httpd.Limits{BodyTimeout: 50 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		if res, _ := c.answer("POST"); res.StatusCode != 408 {
			t.Errorf("answer %s", res.Status)
		}
		c.end()
	})
}

// TestWriteTimeout: a peer that takes nothing of its response is cut, and the
// server is free again.
func TestWriteTimeout(t *testing.T) {
	everyVariant(t, setup{limits: httpd.Limits{WriteTimeout: 60 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send(bytesRequest(50_000_000))
		until(t, "the server to begin", func() bool { return strings.Contains(r.m.Status().Scoreboard, "W") || r.m.Status().Bytes > 0 })
		r.idle()
		if all, err := io.ReadAll(c.in); len(all) == 0 || len(all) > 49_000_000 || err != nil && !hasEnded(err) {
			t.Errorf("the peer that did not read got %d bytes, %v", len(all), err)
		}
	})
}

// TestSilentPeer: one that connects and says nothing does not stay.
func TestSilentPeer(t *testing.T) {
	everyVariant(t, setup{silent: true, limits: httpd.Limits{HeadTimeout: 50 * time.Millisecond}}, func(t *testing.T, r *rig) {
		c := r.dial()
		all, err := io.ReadAll(c.in) // with 408 or without
		if err != nil || len(all) > 0 && !strings.HasPrefix(string(all), "HTTP/1.1 408 ") {
			t.Errorf("%.40q, %v", all, err)
		}
		r.idle()
	})
}
