package mpm

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestNoAllocation counts the allocations of the whole process over many
// requests, with a client that makes none.
func TestNoAllocation(t *testing.T) { noAllocation(t, 400) }

// noAllocation decides by the best of some attempts, because the runtime's own
// threads and timers allocate now and then: to fail by that, they have to do
// so for one request of a hundred in each of the attempts. A server that
// allocates for one request of a hundred does so in each of them.
func noAllocation(t *testing.T, requests int) {
	if raceDetector {
		t.Skip("the race detector allocates, and makes pools drop what they hold")
	}
	const most, attempts = 0.01, 5 // allocations per request
	for _, mode := range []string{"keepalive", "close"} {
		for _, v := range variants() {
			if v.kind.Name == "goroutine" || v.value == "naive" {
				continue // these make a goroutine or a node per connection: that is how they are meant
			}
			if v.choice != "" && v.kind.Name != "reactor" && mode == "keepalive" {
				continue // what is chosen has its part in connections only
			}
			t.Run("mode="+mode+"/"+v.String(), func(t *testing.T) {
				r := startVariant(t, v, setup{})
				c := r.rawClient(mode)
				defer c.end()
				// Every thread and every descriptor's place has been used.
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
