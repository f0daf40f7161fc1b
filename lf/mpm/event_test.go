package mpm

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lflab/lf/httpd"
)

// TestEventNeedsNoWorkerToWait checks, with one worker, that connections that
// are idle or in the middle of a head delay nobody.
func TestEventNeedsNoWorkerToWait(t *testing.T) {
	r := start(t, "event", setup{threads: 2})
	var waiting []*client
	for range 100 {
		c := r.dial()
		c.send(getHello)
		c.hello("GET")
		waiting = append(waiting, c)
	}
	for range 20 {
		c := r.dial()
		c.send(getHello[:30])
		waiting = append(waiting, c)
	}
	until(t, "all to wait", func() bool { return r.m.Status().Counters["connections_in_set"] == 120 })
	for range 10 {
		r.check()
	}
	for i, c := range waiting { // all continue where they were
		if i < 100 {
			c.send(getHello)
		} else {
			c.send(getHello[30:])
		}
		c.hello("GET")
	}
}

// TestEventNeedsNoWorkerToWrite checks the same for peers that do not read.
// They are cut after their deadline.
func TestEventNeedsNoWorkerToWrite(t *testing.T) {
	r := start(t, "event", setup{threads: 2, limits: httpd.Limits{WriteTimeout: 700 * time.Millisecond}})
	var slow []*client
	for range 20 {
		c := r.dial()
		c.send(bytesRequest(20_000_000))
		slow = append(slow, c)
	}
	until(t, "all to be written to", func() bool { return r.m.Status().Counters["connections_in_set"] == 20 })
	for range 10 {
		r.check()
	}
	if n := r.m.Status().Counters["connections_open"]; n < 20 {
		t.Logf("only %d of the slow were there until the end: the machine is slow, too", n)
	}
	r.idle()
	until(t, "their sockets to be closed", func() bool { return r.sockets() == 0 })
	for _, c := range slow {
		if n, err := io.Copy(io.Discard, c.in); n == 0 || n > 19_000_000 || err != nil && !hasEnded(err) {
			t.Errorf("a peer that did not read got %d bytes, %v", n, err)
		}
	}
}

// TestEventKeepsTimeWhileBusy checks that other connections' deadlines are kept
// while every worker has a long request, and that those that asked in time are
// served. If the test itself is too slow to ask in time, it tries again.
func TestEventKeepsTimeWhileBusy(t *testing.T) {
	const attempts = 20
	for range attempts {
		if keepsTimeWhileBusy(t) {
			return
		}
	}
	t.Errorf("in none of %d attempts was the client in time", attempts)
}

// keepsTimeWhileBusy returns false if the test itself was late.
func keepsTimeWhileBusy(t *testing.T) bool {
	const limit = 400 * time.Millisecond
	r := start(t, "event", setup{threads: 2, holds: true, limits: httpd.Limits{HeadTimeout: limit, KeepAliveTimeout: limit}})
	defer r.stop()
	defer r.letGo()
	began := time.Now()
	isLate := func() bool { return time.Since(began) > limit/2 }
	late, idle, asking := r.dial(), r.dial(), r.dial()
	for _, c := range []*client{idle, asking} {
		c.send(getHello)
		c.hello("GET")
	}
	late.send(getHello[:20])
	until(t, "all to wait", func() bool { return r.m.Status().Counters["connections_in_set"] == 3 || isLate() })
	busy := r.dial()
	busy.send(statusRequest)
	r.inFlight(4, 1)
	asking.send(getHello)
	if isLate() {
		return false
	}
	newcomer := r.dial()
	newcomer.send(getHello)
	if res, _ := late.answer("GET"); res.StatusCode != 408 {
		t.Errorf("the late one: %s", res.Status)
	}
	idle.end()
	r.letGo() // only now
	asking.hello("GET")
	newcomer.hello("GET")
	busy.status()
	for _, c := range r.clients {
		c.Close()
	}
	return true
}

// TestEventUnderReuse makes connections that begin, wait, time out, vanish and
// end in every order. So descriptors are used again at once while events of
// their earlier connections are under way. Nobody may get another's answer, and
// no connection may be served by two threads at once.
func TestEventUnderReuse(t *testing.T) { eventUnderReuse(t, 60) }

func eventUnderReuse(t *testing.T, rounds int) {
	guard := &guard{}
	r := start(t, "event", setup{
		threads: 4, silent: true, watch: guard.watch,
		limits: httpd.Limits{HeadTimeout: 20 * time.Millisecond, KeepAliveTimeout: 10 * time.Millisecond, BodyTimeout: 20 * time.Millisecond},
	})
	var storm sync.WaitGroup
	var answered atomic.Int64
	for i := range 12 {
		storm.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range rounds {
				switch random.IntN(6) {
				case 0: // several requests, then gone without notice
					answered.Add(visitSome(t, r.addr, i, 1+random.IntN(4), false))
				case 1:
					answered.Add(visitSome(t, r.addr, i, 1, true))
				default:
					conn, err := net.DialTimeout("tcp", r.addr, patience)
					if err != nil {
						t.Error(err)
						return
					}
					c := newClient(t, conn)
					c.SetDeadline(time.Now().Add(patience))
					c.Write([]byte(getHello[:random.IntN(len(getHello)+1)]))
					switch random.IntN(3) {
					case 0:
						c.vanish()
					case 1: // wait until the server closes
						if random.IntN(8) == 0 {
							io.Copy(io.Discard, c.in)
						}
						c.Close()
					default:
						c.CloseWrite()
						runtime.Gosched()
						c.vanish()
					}
				}
			}
		})
	}
	storm.Wait()
	r.idle()
	if n := guard.overlaps.Load(); n != 0 {
		t.Errorf("%d times a connection or a session was served by two threads at once", n)
	}
	if answered.Load() == 0 {
		t.Error("nobody was answered")
	}
	if n := r.m.Status().Counters["connections_in_set"]; n != 0 {
		t.Errorf("%d connections are still counted as waiting", n)
	}
	r.check()
}

// visitSome is visit for a server that may close in between.
func visitSome(t *testing.T, addr string, id, requests int, closes bool) int64 {
	err := visit(addr, id, requests, closes)
	switch {
	case err == nil:
		return int64(requests)
	case hasEnded(err) && !errors.Is(err, errWrong):
		return 0
	}
	t.Error(err)
	return 0
}

// TestEventTakesNewConnectionsWhileBusy checks that connections that occupy
// every worker, always with a request waiting, do not keep a new one out. The
// test may be late to read the answer, so one of five new connections must be
// quick. If the machine delays one in ten, that fails once in 10^5 runs.
func TestEventTakesNewConnectionsWhileBusy(t *testing.T) {
	r := start(t, "event", setup{threads: 3})
	const request = "GET /sleep?ms=1 HTTP/1.1\r\nHost: x\r\n\r\n"
	var answered atomic.Int64
	var stop atomic.Bool
	var busy sync.WaitGroup
	for range 6 {
		c := r.dial()
		busy.Go(func() {
			for !stop.Load() {
				c.send(request)
				c.answer("GET")
				answered.Add(1)
			}
			c.Close()
		})
	}
	defer busy.Wait()
	defer stop.Store(true)
	var waited []int64
	for range 5 {
		before := answered.Load()
		until(t, "all workers to be busy", func() bool { return answered.Load() > before+6 })
		c := r.dial()
		before = answered.Load()
		c.send(getHello)
		c.hello("GET")
		waited = append(waited, answered.Load()-before)
		c.vanish()
	}
	if slices.Min(waited) > 60 {
		t.Errorf("new connections waited for %d requests of six others", waited)
	}
}
