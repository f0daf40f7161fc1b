package mpm

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lflab/lf/serve"
)

// TestPeersThatVanish ends hundreds of connections with a reset, at every point
// of an exchange.
func TestPeersThatVanish(t *testing.T) { peersThatVanish(t, 6) }

func peersThatVanish(t *testing.T, rounds int) {
	const peers = 8
	half := getHello[:len(getHello)/2]
	points := map[string]func(*client){
		"before anything": func(*client) {},
		"in the head":     func(c *client) { c.Write([]byte(half)) },
		"after a request": func(c *client) { c.Write([]byte(getHello)) },
		"in a body": func(c *client) {
			c.Write([]byte("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n"))
			c.Write(letters(100_000))
		},
		"in a large response": func(c *client) {
			c.Write([]byte(bytesRequest(5_000_000)))
			io.ReadFull(c.in, make([]byte, 1000))
		},
		"between requests": func(c *client) {
			c.Write([]byte(getHello))
			c.in.Peek(1)
		},
		"in the second head": func(c *client) {
			c.Write([]byte(getHello + half))
			c.in.Peek(1)
		},
	}
	someVariants(t, setup{silent: true}, func(t *testing.T, r *rig) {
		for name, leave := range points {
			var all sync.WaitGroup
			for range peers {
				all.Go(func() {
					for range rounds {
						conn, err := net.DialTimeout("tcp", r.addr, patience)
						if err != nil {
							t.Errorf("%s: %v", name, err)
							return
						}
						conn.SetDeadline(time.Now().Add(patience))
						c := newClient(t, conn)
						leave(c)
						c.vanish()
					}
				})
			}
			all.Wait()
		}
		r.idle()
		until(t, "the sockets to be closed", func() bool { return r.sockets() == 0 })
		r.check()
	})
}

// TestHandlerThatPanics checks that a panic costs at most its connection.
func TestHandlerThatPanics(t *testing.T) {
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		for range 20 {
			c := r.dial()
			c.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n")
			if res, _ := c.answer("GET"); res.StatusCode != 500 || !res.Close {
				t.Fatalf("answer %s, close %v", res.Status, res.Close)
			}
			c.end()
			c.Close()
		}
		if n := r.web.Panics(); n != 20 {
			t.Errorf("%d panics of 20 are counted", n)
		}
		r.idle()
		r.check()
	})
}

// TestSessionThatPanics checks that a panic of a session outside of a handler
// costs only its connection and is counted.
func TestSessionThatPanics(t *testing.T) {
	watch := func(s serve.Service) serve.Service { return brittle{s, new(atomic.Uint64)} }
	someVariants(t, setup{watch: watch}, func(t *testing.T, r *rig) {
		const rounds = 60
		answered := 0
		for range rounds {
			c := r.dial()
			c.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if all, err := io.ReadAll(c.in); err == nil && len(all) > 0 {
				answered++
			}
			c.Close()
		}
		if answered != rounds*2/3 {
			t.Errorf("%d of %d requests were answered, want two thirds", answered, rounds)
		}
		r.idle()
		until(t, "the sockets to be closed", func() bool { return r.sockets() == 0 })
		if n := r.m.Status().Counters["session_panics"]; n != rounds/3 {
			t.Errorf("%d panics of %d are counted", n, rounds/3)
		}
		if n := r.liveThreads(); r.kind.Name != "goroutine" && n != r.threads {
			t.Errorf("%d threads of %d are left", n, r.threads)
		}
	})
}

// brittle makes sessions that panic at every third use.
type brittle struct {
	serve.Service
	served *atomic.Uint64
}

func (b brittle) NewSession() serve.Session {
	return brittleSession{b.Service.NewSession(), b.served}
}

type brittleSession struct {
	serve.Session
	served *atomic.Uint64
}

func (b brittleSession) Serve(t *serve.Thread) serve.Next {
	if n := b.served.Add(1); n%3 == 0 {
		panic(fmt.Sprintf("use %d", n))
	}
	return b.Session.Serve(t)
}
