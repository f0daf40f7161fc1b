package mpm

import (
	"bufio"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/sock"
)

// rawHello is a request that asks the server to close the connection.
const rawHello = "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

// overshoot returns how many connections beyond a limit a variant may accept.
// Each of several threads that accept may have one; a ring may hold some.
func (v variant) overshoot(threads int) uint64 {
	switch {
	case v.value == "uring" || v.value == "uring-single":
		return uint64(threads) + sock.UringAhead
	case v.kind.Name == "kernel" || v.kind.Name == "percore":
		return uint64(threads)
	}
	return 0
}

// TestMostConnections checks that a server accepts no more connections than the
// limit, calls Spent once, and leaves the others in the listener's queue. A
// kept connection counts once. L9: MaxConnectionsPerChild is exact.
func TestMostConnections(t *testing.T) {
	const most, crowd = 6, 20
	each(t, everyKind(), func(t *testing.T, v variant) {
		var spent atomic.Int32
		r := startVariant(t, v, setup{adopt: true, change: func(c *Config) {
			c.MostConnections = most
			c.Spent = func() { spent.Add(1) }
		}})
		kept := r.dial()
		for range 100 {
			kept.send(getHello)
			kept.hello("GET")
		}
		kept.Close()
		if n := r.m.Status().Connections; n != 1 || spent.Load() != 0 {
			t.Fatalf("a kept connection counts as %d, spent %d times", n, spent.Load())
		}
		for range crowd {
			r.dial().send(rawHello)
		}
		until(t, "the connections to be spent", func() bool { return spent.Load() > 0 })
		r.m.Drain()
		r.await()
		taken := r.m.Status().Connections
		if taken < most || taken > most+v.overshoot(r.threads) {
			t.Errorf("%d connections were taken, want %d and at most %d more", taken, most, v.overshoot(r.threads))
		}
		if n := spent.Load(); n != 1 {
			t.Errorf("spent %d times", n)
		}
		left := 0
		for _, l := range r.opened {
			if err := l.DoNotWait(); err != nil {
				t.Fatal(err)
			}
			for {
				fd, err := l.Accept()
				if err != nil {
					break
				}
				left++
				unix.Close(fd)
			}
		}
		if left != crowd+1-int(taken) {
			t.Errorf("%d connections are left in the queue, %d of %d were taken", left, taken, crowd+1)
		}
		r.finish()
	})
}

// TestListenersInTurn checks that each listener with connections gets its
// share, also beside one with many more. L7: at least half of an equal share.
func TestListenersInTurn(t *testing.T) {
	const addresses, most = 3, 30
	crowds := [addresses]int{60, 30, 30}
	each(t, everyKind(), func(t *testing.T, v variant) {
		switch {
		case v.value == "uring" || v.value == "uring-single" || v.value == "epoll-et":
			t.Skip("accepts from one listener only")
		case v.kind.Unbounded:
			t.Skip("there is nothing to share: it accepts all at once")
		}
		var spent atomic.Bool
		var waiting [addresses][]*client
		r := startVariant(t, v, setup{threads: 2, listen: addresses,
			change: func(c *Config) {
				c.MostConnections = most
				c.Spent = func() { spent.Store(true) }
			},
			before: func(r *rig) {
				for i, l := range r.all {
					for range crowds[i] {
						c := dialTo(t, l.Addr().String())
						r.clients = append(r.clients, c)
						waiting[i] = append(waiting[i], c)
						c.send(rawHello)
					}
				}
			}})
		until(t, "the connections to be spent", spent.Load)
		r.m.Drain()
		r.await()
		sum := 0
		var answered [addresses]int
		for i := range waiting {
			for _, c := range waiting[i] {
				res, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err == nil && res.StatusCode == 200 {
					answered[i]++
					sum++
				}
			}
			if least := most / (2 * addresses); answered[i] < least {
				t.Errorf("address %d had %d of %d connections, want at least %d", i, answered[i], most, least)
			}
		}
		if sum < most || sum > most+int(v.overshoot(r.threads)) {
			t.Errorf("%v are %d connections, want %d", answered, sum, most)
		}
	})
}

// TestSeveralAddresses checks that a server answers on each of its addresses
// all the time, and ends on all of them.
func TestSeveralAddresses(t *testing.T) {
	each(t, everyKind(), func(t *testing.T, v variant) {
		if v.value == "uring" || v.value == "uring-single" || v.value == "epoll-et" {
			t.Skip("accepts from one listener only")
		}
		for _, adopt := range []bool{false, true} {
			r := startVariant(t, v, setup{listen: 3, adopt: adopt})
			addresses := map[string]bool{}
			for _, l := range r.all {
				addresses[l.Addr().String()] = true
			}
			if len(addresses) != 3 {
				t.Fatalf("addresses %v", addresses)
			}
			visits := 0
			for addr := range addresses {
				for range 10 {
					if err := visit(addr, 0, 1, true); err != nil {
						t.Errorf("%s: %v", addr, err)
					}
					visits++
				}
			}
			if n := r.m.Status().Connections; n != uint64(visits) {
				t.Errorf("%d connections counted of %d", n, visits)
			}
			r.stop()
		}
	})
}

// TestShortageThatLasts steps the clock of a shortage.
func TestShortageThatLasts(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, test := range []struct {
		name  string
		steps [][2]int64 // when, ms; connections accepted by then
		want  bool       // of the last step
	}{
		{"a second without one", [][2]int64{{1, 7}, {400, 7}, {900, 7}, {1001, 7}}, true},
		{"not yet", [][2]int64{{1, 7}, {400, 7}, {1000, 7}}, false},
		{"one came in between", [][2]int64{{1, 7}, {500, 8}, {1001, 8}}, false},
		{"and then none", [][2]int64{{1, 7}, {500, 8}, {1001, 8}, {1500, 8}}, true},
		{"two apart", [][2]int64{{1, 7}, {5000, 7}, {5500, 7}}, false},
	} {
		var s shortage
		got := false
		for _, step := range test.steps {
			got = s.lasts(step[0]*ms, uint64(step[1]))
		}
		if got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestBoundsThatMakeNoSense checks that they are refused.
func TestBoundsThatMakeNoSense(t *testing.T) {
	var errs []error
	_, err := New("leader", Config{Threads: 1})
	errs = append(errs, err)
	errs = append(errs, preforkKind.Check(Config{Threads: 2}))
	errs = append(errs, leaderKind.Check(Config{Threads: 1, Listeners: make([]*sock.Listener, sock.MostListeners+1)}))
	for i, want := range []string{"no listener", "too many for mpm prefork", "listeners are too many"} {
		if errs[i] == nil || !strings.Contains(errs[i].Error(), want) {
			t.Errorf("error %v, want %q in it", errs[i], want)
		}
	}
	for name, why := range elsewhere {
		_, err := Lookup(name)
		if err == nil || !strings.Contains(err.Error(), why) || errors.Is(err, nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Lookup(Default); err != nil {
		t.Error(err)
	}
}
