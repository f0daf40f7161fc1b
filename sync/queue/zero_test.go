package queue

import (
	"strings"
	"testing"

	"lflab/sync/park"
)

// TestZeroKind checks that empty names of form and primitive select the
// defaults, and that a kind without a constructor is refused.
func TestZeroKind(t *testing.T) {
	q, err := Make[int]("", 1, park.Kind{}, park.Options{})
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan int)
	go func() {
		item, _, _ := q.Take(0)
		taken <- item
	}()
	q.Reserve()
	q.Put(7)
	q.Wake()
	if item := <-taken; item != 7 {
		t.Errorf("took %d, want 7", item)
	}
	q.Close()
	if err := q.Free(); err != nil {
		t.Error(err)
	}
	if _, err := New[int](1, park.Kind{Name: "mine"}, park.Options{}); err == nil || !strings.Contains(err.Error(), "primitive mine has no New") {
		t.Errorf("a kind without New: %v", err)
	}
}
