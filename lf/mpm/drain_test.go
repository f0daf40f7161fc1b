package mpm

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/serve"
)

// writing counts the threads that handle a request.
func (r *rig) writing() int {
	return strings.Count(r.m.Status().Scoreboard, serve.Writing.String())
}

// inFlight waits until that many connections were accepted and that many
// threads handle requests.
func (r *rig) inFlight(connections, writing int) {
	r.t.Helper()
	until(r.t, "requests to be in flight", func() bool {
		return r.m.Status().Connections == uint64(connections) && r.writing() == writing
	})
}

// TestDrain checks that listening ends at once, a request in flight is answered
// in full, and idle connections are closed. The rig checks that nothing is
// left.
func TestDrain(t *testing.T) {
	everyVariant(t, setup{threads: 6, holds: true}, func(t *testing.T, r *rig) {
		idle := r.dial()
		idle.send(getHello)
		idle.hello("GET")
		busy := r.dial()
		busy.send(statusRequest)
		r.inFlight(2, 1)

		r.m.Drain()
		if c, err := net.DialTimeout("tcp", r.addr, patience); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("connected during the drain: %v, %v", c, err)
		}
		if r.kind.Name == "percore" { // the kernel may have given both connections to one thread
			r.letGo()
		}
		idle.end()
		r.letGo()
		if !busy.status() {
			t.Error("the answer to the request in flight keeps the connection")
		}
		busy.end()
		r.finish()
	})
}

// TestDrainWithAllThreadsBusy checks that idle connections are closed although
// no thread is free, while requests go on, and that a connection whose request
// has arrived is served, if the architecture promises that.
func TestDrainWithAllThreadsBusy(t *testing.T) {
	everyVariant(t, setup{threads: 2, holds: true}, func(t *testing.T, r *rig) {
		if r.kind.Name == "percore" {
			t.Skip("the kernel chooses the thread of a connection: which of them are busy is not in our hands")
		}
		var idle []*client
		if r.kind.Name == "event" || r.kind.Name == "goroutine" { // in others each occupies a thread
			for range 10 {
				c := r.dial()
				c.send(getHello)
				c.hello("GET")
				idle = append(idle, c)
			}
		}
		workers := map[string]int{"leader": 2, "reactor": 2, "kernel": 2, "goroutine": 2, "worker": 1, "event": 1}[r.kind.Name]
		var busy []*client
		for range workers {
			c := r.dial()
			c.send(statusRequest)
			busy = append(busy, c)
		}
		r.inFlight(len(idle)+workers, workers)
		if r.kind.Name == "event" { // the listener takes this one from the set before the drain
			c := idle[0]
			idle = idle[1:]
			c.send(getHello)
			until(t, "the listener to wait for a worker", func() bool { return r.m.Status().Counters["reserve_waits"] > 0 })
			busy = append(busy, c)
		}
		r.m.Drain()
		for _, c := range idle {
			c.end()
		}
		r.letGo()
		for i, c := range busy {
			closes := false
			if i < workers {
				closes = c.status()
			} else {
				closes = c.hello("GET")
			}
			if !closes {
				t.Errorf("the answer to request %d in flight keeps the connection", i)
			}
			c.end()
		}
		r.finish()
	})
}

// TestDrainDuringALargeResponse checks that a slow reader gets all of it.
func TestDrainDuringALargeResponse(t *testing.T) {
	const n = 10_000_000 // more than two sockets' buffers hold
	someVariants(t, setup{}, func(t *testing.T, r *rig) {
		c := r.dial()
		c.send(bytesRequest(n))
		until(t, "the response to begin", func() bool { return r.m.Status().Bytes > 100_000 })
		r.m.Drain()
		if _, body := c.answer("GET"); body != string(letters(n)) {
			t.Errorf("%d bytes of %d, or they differ", len(body), n)
		}
		c.end()
		r.finish()
	})
}

// TestDrainUnderLoad checks that clients that ask all the time get whole
// answers until their connection ends between requests or before the first.
func TestDrainUnderLoad(t *testing.T) { drainUnderLoad(t, 1) }

func drainUnderLoad(t *testing.T, rounds int) {
	for range rounds {
		everyVariant(t, setup{threads: 8}, func(t *testing.T, r *rig) {
			var crowd sync.WaitGroup
			for i := range 16 {
				crowd.Go(func() {
					for {
						if err := askUntilEnd(r.addr, i%2 == 0); err != nil {
							if err != errRefused {
								t.Error(err)
							}
							return
						}
					}
				})
			}
			until(t, "some requests", func() bool { return r.m.Status().Requests > 200 })
			r.m.Drain()
			crowd.Wait()
			r.finish()
		})
	}
}

var errRefused = errors.New("refused")

// askUntilEnd asks on one connection until the server ends it. It returns an
// error if an answer is incomplete.
func askUntilEnd(addr string, once bool) error {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return errRefused
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fields := ""
	if once {
		fields = "Connection: close\r\n"
	}
	answer := make([]byte, 4096)
	for {
		if _, err := fmt.Fprintf(conn, "GET /bytes?n=100 HTTP/1.1\r\nHost: a\r\n%s\r\n", fields); err != nil {
			return nil
		}
		n := 0
		for {
			k, err := conn.Read(answer[n:])
			if n += k; strings.HasSuffix(string(answer[:n]), string(letters(100))) {
				break
			}
			if err != nil {
				if n > 0 || !hasEnded(err) {
					return fmt.Errorf("an answer ended after %d bytes: %w", n, err)
				}
				return nil // a race between our request and the server's close
			}
		}
		if strings.Contains(string(answer[:n]), "Connection: close") {
			if k, err := conn.Read(answer); k != 0 || err != io.EOF {
				return fmt.Errorf("after the last answer: %d bytes, %w", k, err)
			}
			return nil
		}
	}
}

// TestDrainBeforeAnything checks that a server without any client ends.
func TestDrainBeforeAnything(t *testing.T) { drainBeforeAnything(t, 3) }

func drainBeforeAnything(t *testing.T, rounds int) {
	for range rounds {
		everyVariant(t, setup{}, func(t *testing.T, r *rig) {})
	}
}

// TestDrainAfterTheEnd checks that a server that has ended writes to none of
// its former descriptors, because others may have these numbers now.
func TestDrainAfterTheEnd(t *testing.T) {
	for _, v := range everyKind() {
		t.Run(v.String(), func(t *testing.T) {
			r := startVariant(t, v, setup{})
			r.check()
			r.stop()
			for range 20 { // get the numbers that are free now
				pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					for _, fd := range pair {
						if n, _ := unix.Read(fd, make([]byte, 100)); n > 0 {
							t.Errorf("%d bytes were written to a descriptor that another has by now", n)
						}
					}
					unix.Close(pair[0])
					unix.Close(pair[1])
				}()
			}
			r.m.Drain()
			r.m.Cut()
		})
	}
}
