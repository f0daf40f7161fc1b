package mpm

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestNoAllocation counts the allocations of the whole process over many
// requests, with a client that makes none.
func TestNoAllocation(t *testing.T) { noAllocation(t, 400) }

// noAllocation takes the best of some attempts, because the runtime's own
// threads and timers allocate now and then. For a false failure they would have
// to do so for one request of a hundred in each attempt. A server that
// allocates for one request of a hundred does so in each attempt.
func noAllocation(t *testing.T, requests int) {
	if raceDetector {
		t.Skip("the race detector allocates, and makes pools drop what they hold")
	}
	const most, attempts = 0.01, 5 // allocations per request
	for _, mode := range []string{"keepalive", "close"} {
		for _, v := range variants() {
			if v.kind.Name == "goroutine" || v.value == "naive" {
				continue // by design they make a goroutine or a node per connection
			}
			if v.choice != "" && v.kind.Name != "reactor" && mode == "keepalive" {
				continue // the choice matters only at the beginning of a connection
			}
			t.Run("mode="+mode+"/"+v.String(), func(t *testing.T) {
				r := startVariant(t, v, setup{})
				c := r.rawClient(mode)
				defer c.end()
				// Afterwards every thread and every place for a descriptor was
				// used.
				for range 150 {
					c.ask()
				}
				runtime.GC()
				defer debug.SetGCPercent(debug.SetGCPercent(-1))
				each := 1e9
				for try := 0; try < attempts && each >= most; try++ {
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					for range requests {
						c.ask()
					}
					runtime.ReadMemStats(&after)
					each = min(each, float64(after.Mallocs-before.Mallocs)/float64(requests))
				}
				t.Logf("%.5f allocations per request", each)
				if each >= most {
					t.Errorf("%.5f allocations per request in the best of %d attempts, want less than %v", each, attempts, most)
				}
			})
		}
	}
}
