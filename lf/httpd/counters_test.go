package httpd

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// serveOn serves one connection on a thread.
func serveOn(server *Server, th *serve.Thread, f *fake) {
	s := server.newSession()
	s.Reset(f)
	s.Serve(th)
}

func TestCounters(t *testing.T) {
	rows := []serve.RowStatus{{Requests: 7}, {Requests: 0}, {Requests: 3}}
	server := newServer(t, Config{
		Flight: func(string, flight.Window, bool) (any, error) { return nil, nil },
		Status: func() serve.Status {
			return serve.Status{Requests: 10, Processes: []serve.Process{{PID: 1, Rows: rows}}}
		},
	})
	read := func() Counters {
		f := &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(ask("GET", "/lab/counters", "", ""))}}
		serveOn(server, &serve.Thread{Row: new(serve.Row)}, f)
		var c Counters
		if err := json.Unmarshal([]byte(answers(t, f.written.String())[0].body), &c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := read()
	if !strings.Contains(first.Status, "Total Accesses: 10\n") || first.At == 0 || first.HeapAfter < first.HeapBefore {
		t.Errorf("%+v", first)
	}
	if len(first.ServedBy) != 3 || first.ServedBy[0] != 7 || first.ServedBy[2] != 3 {
		t.Errorf("served by %v", first.ServedBy)
	}
	// The runtime counts the objects of a span, 128 of this size, when the span
	// is full. Each P has one that is not full.
	const n, span = 10_000, 128
	kept := make([][]byte, n)
	for i := range kept {
		kept[i] = make([]byte, 64)
	}
	if grown := read().HeapBefore - first.HeapAfter; grown < uint64(n-span*runtime.GOMAXPROCS(0)) || grown > n+2000 || kept[n-1] == nil {
		t.Errorf("%d allocations were counted of %d and two answers", grown, n)
	}
}

// A thread's memory is private to it and is kept between requests.
func TestTouch(t *testing.T) {
	server := newServer(t, Config{})
	one, other := &serve.Thread{Row: new(serve.Row)}, &serve.Thread{Row: new(serve.Row)}
	touch := func(th *serve.Thread, kib string) {
		serveOn(server, th, &fake{t: t, waits: true, ended: true, pieces: [][]byte{[]byte(ask("GET", "/touch?kib="+kib, "", ""))}})
	}
	for range 3 {
		touch(one, "1")
	}
	touch(other, "2")
	if len(one.Scratch) != 1<<10 || len(other.Scratch) != 2<<10 || one.Scratch[64] != 3 || other.Scratch[64] != 1 || one.Scratch[1] != 0 {
		t.Errorf("%d and %d bytes, first lines %d and %d", len(one.Scratch), len(other.Scratch), one.Scratch[64], other.Scratch[64])
	}
}
