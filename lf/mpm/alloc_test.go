package mpm

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestNoAllocation counts the allocations of the whole process over many
// requests, with a client that makes none.
func TestNoAllocation(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates, and makes pools drop what they hold")
	}
	const requests = 20_000
	const most = 0.01 // per request: the runtime's own threads and timers do something now and then
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
				for range 1000 {
					c.ask()
				}
				runtime.GC()
				defer debug.SetGCPercent(debug.SetGCPercent(-1))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for range requests {
					c.ask()
				}
				runtime.ReadMemStats(&after)
				each := float64(after.Mallocs-before.Mallocs) / requests
				t.Logf("%.5f allocations per request", each)
				if each >= most {
					t.Errorf("%.5f allocations per request, want less than %v", each, most)
				}
			})
		}
	}
}
