package mpm

import "testing"

// E4: while all workers are busy, only a kept connection whose client asks
// again is closed, so that the client goes to another process. If there is no
// other process, the request waits like all others.
func TestEventSheds(t *testing.T) {
	const workers = 5 // more than the connections that are open before all are made busy
	for _, sheds := range []bool{true, false} {
		r := start(t, "event", setup{threads: workers + 1, holds: true, change: func(c *Config) { c.Sheds = sheds }})
		kept, begun, half := r.dial(), r.dial(), r.dial()
		for _, c := range []*client{kept, begun} {
			c.send(getHello)
			c.hello("GET")
		}
		begun.send(getHello[:20])
		half.send(getHello[:20])
		until(t, "all to wait", func() bool {
			return r.m.Status().AsyncKeepAlive == 1 && r.m.Status().Counters["connections_in_set"] == 3 && r.writing() == 0
		})
		var busy []*client
		for range workers {
			c := r.dial()
			c.send(statusRequest)
			busy = append(busy, c)
		}
		r.inFlight(3+workers, workers)
		begun.send(getHello[20:])
		half.send(getHello[20:])
		kept.send(getHello)
		newcomer := r.dial()
		newcomer.send(getHello)
		if sheds {
			kept.end() // before a worker is free
		}
		r.letGo()
		if !sheds {
			kept.hello("GET")
		}
		for _, c := range []*client{begun, half, newcomer} {
			c.hello("GET")
		}
		for _, c := range busy {
			c.status()
		}
		want := uint64(0)
		if sheds {
			want = 1
		}
		if n := r.m.Status().Counters["connections_shed"]; n != want {
			t.Errorf("%d connections were shed, want %d", n, want)
		}
		until(t, "the workers to come home", func() bool { return r.m.Status().Busy == 0 })
		newcomer.send(getHello) // a kept connection is served while workers are idle
		newcomer.hello("GET")
		r.check()
		r.stop()
	}
}

// E9: in a drain, connections between requests are closed at once, and workers
// that are not needed again leave while others still serve.
func TestSurplusWorkersLeave(t *testing.T) {
	for name, left := range map[string]int{"event": 3, "worker": 2} { // including event's listener
		r := start(t, name, setup{threads: 9, holds: true})
		idle := r.dial()
		idle.send(getHello)
		idle.hello("GET")
		var busy []*client
		for range 2 {
			c := r.dial()
			c.send(statusRequest)
			busy = append(busy, c)
		}
		r.inFlight(3, 2)
		r.m.Drain()
		idle.end()
		until(t, "the others to leave", func() bool { return r.liveThreads() == left })
		if n := r.writing(); n != 2 {
			t.Errorf("%s: %d of 2 requests were in flight by then", name, n)
		}
		r.letGo()
		for _, c := range busy {
			if !c.status() {
				t.Errorf("%s: the answer to a request in flight keeps the connection", name)
			}
			c.end()
			c.Close()
		}
		r.finish()
	}
}
