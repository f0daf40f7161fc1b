package mpm

import (
	"sync"
	"testing"
)

// reserving returns worker in each form that reserves workers, and event.
func reserving() (all []variant) {
	for _, v := range variants() {
		if v.kind.Name == "event" || v.kind.Name == "worker" && v.choice != "accept" && v.value != "naive" {
			all = append(all, v)
		}
	}
	return all
}

// W1: the listener accepts no connection while no worker is free. Those that
// come while all are busy stay in the kernel's queue. The naive form accepts
// them all.
func TestNobodyIsTakenWithoutAWorker(t *testing.T) {
	const busy, more = 2, 5
	each(t, append(reserving(), variant{workerKind, "form", "naive"}), func(t *testing.T, v variant) {
		r := startVariant(t, v, setup{threads: busy + 1, holds: true})
		var clients []*client
		for range busy {
			c := r.dial()
			c.send(statusRequest)
			clients = append(clients, c)
		}
		r.inFlight(busy, busy)
		for range more {
			c := r.dial()
			c.send(getHello)
			clients = append(clients, c)
		}
		taken := func() int { return r.sockets() - busy }
		if v.value == "naive" {
			until(t, "all to be taken", func() bool { return taken() == more })
		} else {
			until(t, "the listener to wait for a worker", func() bool { return r.m.Status().Counters["reserve_waits"] > 0 })
			if n := taken(); n != 0 {
				t.Errorf("%d connections were taken with all workers busy", n)
			}
		}
		r.letGo()
		for i, c := range clients {
			res, _ := c.answer("GET")
			if res.StatusCode != 200 {
				t.Errorf("client %d: %s", i, res.Status)
			}
			c.Close()
		}
	})
}

// W2: connections that wait for a worker when the drain begins are served. Only
// the naive form has any for long.
func TestQueueIsServedInADrain(t *testing.T) {
	r := start(t, "worker", setup{threads: 2, holds: true, change: func(c *Config) { c.Form = "naive" }})
	busy := r.dial()
	busy.send(statusRequest)
	r.inFlight(1, 1)
	var queued []*client
	for range 5 {
		c := r.dial()
		c.send(getHello)
		queued = append(queued, c)
	}
	until(t, "all to be taken", func() bool { return r.sockets() == 1+len(queued) })
	r.m.Drain()
	r.letGo()
	for _, c := range append(queued, busy) {
		if res, _ := c.answer("GET"); res.StatusCode != 200 || !res.Close {
			t.Errorf("%s, close %v", res.Status, res.Close)
		}
		c.Close()
	}
	r.finish()
}

// W2: in every form each accepted connection is served, although the server
// drains while it is handed over.
func TestNoneIsLostInADrain(t *testing.T) {
	each(t, append(reserving(), variant{workerKind, "form", "naive"}), func(t *testing.T, v variant) {
		for range 2 {
			r := startVariant(t, v, setup{threads: 4, change: func(c *Config) { c.MostConnections = 1 << 40 }}) // makes the server count
			var crowd sync.WaitGroup
			for range 8 {
				crowd.Go(func() {
					for askUntilEnd(r.addr, true) == nil {
					}
				})
			}
			until(t, "some connections", func() bool { return r.m.Status().Connections > 50 })
			r.m.Drain()
			crowd.Wait()
			r.finish()
			var taken uint64
			switch m := r.m.(type) {
			case *worker:
				taken = m.taken.Load()
			case *event:
				taken = m.taken.Load()
			}
			if n := r.m.Status().Connections; n != taken {
				t.Errorf("%d connections were served of %d that were taken", n, taken)
			}
		}
	})
}

// W3: the form determines which idle worker gets the next connection: the one
// that finished last, so that one or two of them do all, or the one that has
// been idle longest, so that all take turns. Of waiting connections, ring takes
// the oldest and pile the newest, as package queue shows.
func TestWhichWorkerIsNext(t *testing.T) {
	const workers, rounds = 6, 10
	for form, last := range map[string]bool{"lifo": true, "spin": true, "reserved": false, "ring": false, "pile": false} {
		t.Run("form="+form, func(t *testing.T) {
			r := startVariant(t, variant{workerKind, "form", form}, setup{threads: workers + 1})
			for range rounds * workers {
				if err := visit(r.addr, 0, 1, true); err != nil {
					t.Fatal(err)
				}
				r.idle()
			}
			served := 0
			for _, row := range r.m.Status().Processes[0].Rows[1:] {
				if row.Connections >= rounds/2 {
					served++
				}
			}
			if last && served > 2 || !last && served != workers {
				t.Errorf("%d of %d workers served connections", served, workers)
			}
		})
	}
}
