package queue

import (
	"runtime"
	"testing"

	"lflab/sync/park"
)

// TestReserveWaitsForAWorker: with all workers busy nothing is reserved, and
// the first worker that comes home ends the wait.
func TestReserveWaitsForAWorker(t *testing.T) {
	q, err := New[string](1, park.Kinds()[0], park.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if q.TryReserve() {
		t.Fatal("reserved a worker before there was one")
	}
	got := make(chan string)
	go func() {
		for q.Stats().ReserveWaits == 0 { // until the listener waits
			runtime.Gosched()
		}
		item, _, _ := q.Take(0)
		got <- item
	}()
	q.Reserve()
	q.Put("connection")
	q.Wake()
	if item := <-got; item != "connection" {
		t.Errorf("took %q", item)
	}
	q.Close()
	if _, _, ok := q.Take(0); ok {
		t.Error("took something from a closed queue")
	}
	if err := q.Free(); err != nil {
		t.Error(err)
	}
}
