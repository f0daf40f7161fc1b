package mpm

import (
	"testing"
	"time"

	"lflab/lf/httpd"
)

// E5: a client that reads a large response slowly occupies no thread if
// connections wait without one. It gets all of it.
func TestSlowReaders(t *testing.T) {
	const size = 16_000_000
	for _, kind := range Kinds() {
		if !kind.Async {
			continue
		}
		t.Run("mpm="+kind.Name, func(t *testing.T) {
			r := start(t, kind.Name, setup{threads: 2})
			var slow []*client
			for range 3 { // more than threads
				c := r.dial()
				c.send(bytesRequest(size))
				slow = append(slow, c)
			}
			until(t, "all to be full", func() bool { return r.m.Status().AsyncWriting == len(slow) })
			r.check()
			for _, c := range slow {
				if _, body := c.answer("GET"); body != string(letters(size)) {
					t.Errorf("%d bytes of %d, or they differ", len(body), size)
				}
			}
		})
	}
}

// E7: clients that have sent half of a head occupy no thread if connections
// wait without one: a hundred of them delay nobody. In Apache's event each
// occupies a worker; ours differs. In worker, leader, kernel and prefork each
// occupies its thread until its deadline.
func TestHalfHeads(t *testing.T) {
	const limit = 300 * time.Millisecond
	each(t, plainKinds(), func(t *testing.T, v variant) {
		kind := v.kind
		switch {
		case kind.Unbounded:
			t.Skip("has as many threads as connections")
		case kind.Async:
			r := start(t, kind.Name, setup{threads: 3})
			for range 100 {
				r.dial().send(getHello[:len(getHello)-4])
			}
			until(t, "all to have been read", func() bool {
				st := r.m.Status()
				return st.Open == 100 && st.Busy == 0
			})
			r.check()
			until(t, "only those to be there", func() bool { return r.m.Status().Open == 100 })
			for _, c := range r.clients {
				c.Close() // otherwise a drain waits until their deadline
			}
		default:
			threads := 3
			if kind.MaxThreads != 0 {
				threads = kind.MaxThreads
			}
			r := start(t, kind.Name, setup{threads: threads, limits: httpd.Limits{HeadTimeout: limit}})
			servers := threads
			if kind.ListenerSeat {
				servers--
			}
			began := time.Now()
			for range servers {
				r.dial().send(getHello[:len(getHello)-4])
			}
			until(t, "all threads to read", func() bool { return r.m.Status().Busy == servers })
			newcomer := r.dial()
			newcomer.send(getHello)
			newcomer.hello("GET")
			if took := time.Since(began); took < limit {
				t.Errorf("answered after %v though all threads had half a head for %v", took, limit)
			}
		}
	})
}
