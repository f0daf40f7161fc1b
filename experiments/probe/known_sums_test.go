package probe

import (
	"slices"
	"strings"
	"testing"

	"lflab/experiments/probe/stage"
)

// TestKnownSums checks that the stages of every group add up to its total to
// the nanosecond. If the placement cannot change within a group, they do so for
// each placement.
func TestKnownSums(t *testing.T) {
	requireCheck(t)
	const connections, requests = 100, 3
	for _, c := range []struct {
		kind   string
		groups []stage.Group // groups that must occur
	}{
		{"pingpong", []stage.Group{stage.Bare}},
		{"worker", []stage.Group{stage.First, stage.Kept, stage.Item, stage.Retook}},
		{"leader", []stage.Group{stage.First, stage.Kept, stage.Lead, stage.Passed}},
		{"event", []stage.Group{stage.First, stage.Kept, stage.Item, stage.Retook}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			target := startTarget(t, c.kind)
			target.rest()
			exactly(t, func(t testing.TB) { // on a busy machine no thread may happen to sleep
				o := watched(t, Options{PIDs: []int{target.PID}}, func() {
					if c.kind == "pingpong" {
						target.play(1000)
					} else {
						target.load(1, connections, requests)
					}
					target.rest()
				})
				// Without sk_data_ready the probe does not know when later requests
				// became ready.
				later := !slices.ContainsFunc(o.Missing, func(m string) bool { return strings.Contains(m, "sk_data_ready") })
				if c.kind != "pingpong" {
					want := map[string]uint64{"connections": connections, "requests": connections}
					if later {
						want["requests"] = connections * requests
					}
					o.counts(t, want)
				}
				for _, g := range []stage.Group{stage.First, stage.Kept, stage.Item, stage.Lead, stage.Bare, stage.Passed, stage.Retook} {
					total := o.sum("total", g)
					if slices.Contains(c.groups, g) && all(total).Count == 0 && (g != stage.Kept || later) {
						t.Errorf("there is no %s", g)
					}
					var parts [stage.Placements]uint64
					sum := uint64(0)
					for _, s := range stage.All {
						if s.Group != g || s.Name == "total" {
							continue
						}
						by := o.sum(s.Name, g)
						for place := range by {
							parts[place] += by[place].Sum
							sum += by[place].Sum
						}
					}
					if want := all(total).Sum; sum != want {
						t.Errorf("the stages of %s add up to %d ns, the totals to %d", g, sum, want)
					}
					if g == stage.First || g == stage.Kept {
						continue // a request may arrive in one placement and be passed on in another
					}
					for place := range parts {
						if want := total[place].Sum; parts[place] != want {
							t.Errorf("%v: the stages of %s add up to %d ns, the totals to %d", stage.Placement(place), g, parts[place], want)
						}
					}
				}
			})
		})
	}
}
