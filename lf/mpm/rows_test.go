package mpm

import (
	"os"
	"strconv"
	"testing"

	"lflab/lf/serve"
)

// TestRows checks that rows that others also read show each thread from its
// start to its end, with its kernel ID. They count hand-offs and continue the
// previous counts.
func TestRows(t *testing.T) {
	const before = 1000
	each(t, variants(), func(t *testing.T, v variant) {
		rows := make([]serve.Row, 16)
		for i := range rows {
			rows[i].Connections.Store(before)
		}
		r := startVariant(t, v, setup{change: func(c *Config) {
			c.Row = func(id int) *serve.Row { return &rows[id] }
		}})
		checkRows(t, r, rows, before)
	})
}

func checkRows(t *testing.T, r *rig, rows []serve.Row, before uint64) {
	if r.kind.Name != "goroutine" {
		rows = rows[:r.threads]
	}
	for range 10 {
		c := r.dial()
		c.send(getHello)
		c.hello("GET")
		c.Close()
	}
	dynamic := r.kind.Name == "goroutine" // it has rows for connections and no threads of its own
	until(t, "the connections to be counted, and the threads to be idle", func() bool {
		n, idle := uint64(0), 0
		for i := range rows {
			n += rows[i].Connections.Load() - before
			if s := serve.State(rows[i].State.Load()); s == serve.Waiting || s == serve.Leading {
				idle++
			}
		}
		return n == 10 && (idle == len(rows) || dynamic)
	})
	var handoffs, spent uint64
	seen := map[int32]bool{}
	for i := range rows {
		handoffs += rows[i].Handoffs.Load()
		spent += rows[i].Busy.Load()
		tid := rows[i].TID.Load()
		if dynamic {
			continue
		}
		if _, err := os.Stat("/proc/self/task/" + strconv.Itoa(int(tid))); err != nil || tid == 0 || seen[tid] {
			t.Errorf("row %d: thread %d, %v", i, tid, err)
		}
		seen[tid] = true
	}
	st := r.m.Status()
	switch st.MPM {
	case "leader", "reactor":
		// Events for ends of connections may still come.
		until(t, "rows and counters to agree on hand-offs", func() bool {
			st, handoffs := r.m.Status(), uint64(0)
			for i := range rows {
				handoffs += rows[i].Handoffs.Load()
			}
			return handoffs == st.Counters["promotions"]+st.Counters["taken"]+st.Counters["bound_events"]
		})
	case "worker":
		if handoffs != 10 {
			t.Errorf("%d hand-offs of 10 connections", handoffs)
		}
	case "event":
		if handoffs < 10 { // and one for the end of each that is an event of its own
			t.Errorf("%d hand-offs of 10 connections", handoffs)
		}
	default:
		if handoffs != 0 {
			t.Errorf("%d hand-offs where there is none", handoffs)
		}
	}
	if spent == 0 {
		t.Error("requests took no time")
	}
	r.stop()
	if dynamic {
		return
	}
	for i := range rows {
		if s, tid := serve.State(rows[i].State.Load()), rows[i].TID.Load(); s != serve.Dead || tid != 0 {
			t.Errorf("row %d after the end: %v, thread %d", i, s, tid)
		}
	}
}

// TestWaitingConnections checks that the status counts the connections without
// a thread by what they wait for.
func TestWaitingConnections(t *testing.T) {
	for _, kind := range Kinds() {
		if !kind.Async {
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			r := start(t, kind.Name, setup{})
			kept := make([]*client, 5)
			for i := range kept {
				kept[i] = r.dial()
				kept[i].send(getHello)
				kept[i].hello("GET")
			}
			slow := make([]*client, 2)
			for i := range slow {
				slow[i] = r.dial()
				slow[i].SetReadBuffer(4 << 10)
				slow[i].send(bytesRequest(30_000_000))
			}
			bad := r.dial()
			bad.send("nonsense\r\n\r\n more")
			waits := func(open, idle, writing, closing int) {
				t.Helper()
				want := [...]int{open, idle, writing, closing}
				var got [4]int
				until(t, "connections to wait", func() bool {
					st := r.m.Status()
					if p := st.Processes[0]; p.Open != st.Open || p.AsyncKeepAlive != st.AsyncKeepAlive || p.AsyncWriting != st.AsyncWriting ||
						p.AsyncClosing != st.AsyncClosing || !st.Async {
						t.Fatalf("process and sum differ: %+v", st)
					}
					got = [...]int{st.Open, st.AsyncKeepAlive, st.AsyncWriting, st.AsyncClosing}
					return got == want
				})
			}
			waits(8, 5, 2, 1)
			for _, c := range append(slow, bad) {
				c.vanish()
			}
			kept[0].Close()
			waits(4, 4, 0, 0)
		})
	}
}
