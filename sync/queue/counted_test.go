package queue

import (
	"slices"
	"testing"

	"lflab/sync/park"
)

// W3: if reserved workers are late, their connections wait. ring takes the
// oldest first, pile the newest.
func TestWhichItemIsTaken(t *testing.T) {
	want := map[string][]int{"ring": {0, 1, 2, 3}, "pile": {3, 2, 1, 0}}
	for form, want := range want {
		t.Run("form="+form, func(t *testing.T) {
			const workers = 4
			q := newQueue[int](t, form, workers, park.Kinds()[0], park.Options{}).(*counted[int])
			for range 3 { // also across the end of the ring
				q.idle.Store(workers) // all have counted themselves as idle, and none has gone on
				for n := range workers {
					give(q, n)
				}
				if q.TryReserve() {
					t.Fatal("reserved a fifth of four workers")
				}
				q.idle.Store(-workers) // undoes the first count, because Take counts them again
				var got []int
				for i := range workers {
					item, slept, ok := q.Take(i)
					if got = append(got, item); slept || !ok {
						t.Errorf("worker %d: slept %v, ok %v", i, slept, ok)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("taken in the order %v, want %v", got, want)
				}
				q.Put(9) // advances the ring
				if item, _, _ := q.Take(0); item != 9 {
					t.Errorf("took %d", item)
				}
			}
			if err := q.Free(); err != nil {
				t.Error(err)
			}
		})
	}
}
