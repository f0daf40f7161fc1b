package record

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestRecorderOfResults checks the rule of gate "window" on every run in
// results/. Phases of older formats may break it, because their recorder was on
// in the warm-up; the test counts them. In a newer run a valid phase must keep
// it.
func TestRecorderOfResults(t *testing.T) {
	const results = "../../results"
	names, _, err := In(results)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("there are no results")
	}
	var runs, phases, breaking, tails int
	for _, name := range names {
		r, err := OpenRecords(filepath.Join(results, name))
		if err != nil {
			t.Fatal(err)
		}
		seen, broken := 0, 0
		for i := range r.Trials {
			tr := &r.Trials[i]
			for j := range tr.Phases {
				p := &tr.Phases[j]
				recorded := slices.ContainsFunc(r.Manifest.Phases, func(q Phase) bool { return q.Name == p.Name && q.Flight })
				if !recorded || tr.Failed {
					continue
				}
				g, judged := p.WindowGate()
				if !judged {
					continue
				}
				seen++
				if g.OK {
					continue
				}
				broken++
				if p.D != nil && p.D.P99 > p.Latency.Max {
					tails++
				}
				if r.Manifest.FlightWindow() && tr.Valid(p.Name) {
					t.Errorf("%s, trial %s, %s: %s", name, tr.ID, p.Name, g.Detail)
				}
			}
		}
		if seen > 0 {
			runs++
			phases += seen
			breaking += broken
			t.Logf("%s (%s): %d of %d phases break the rule", name, r.Manifest.FlightCovers(), broken, seen)
		}
	}
	t.Logf("%d of %d phases in %d runs break the rule; in %d of them the p99 of D exceeds the client's maximum", breaking, phases, runs, tails)
}
