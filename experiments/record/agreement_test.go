package record

import "testing"

func TestAgree(t *testing.T) {
	run := func(repeat int, scale float64) *Run {
		r := &Run{Manifest: Manifest{Axes: []Axis{{Name: "mpm", Values: []string{"a", "b"}}}, Phases: []Phase{{Name: "x"}, {Name: "y"}},
			Plan: NewPlan([]Cell{{"mpm": "a"}, {"mpm": "b"}}, repeat, 1)}}
		for _, p := range r.Manifest.Plan {
			v := 10 + float64(p.Repetition)
			if p.Cell["mpm"] == "b" {
				v *= scale
			}
			r.Trials = append(r.Trials, Trial{ID: p.ID, Cell: p.Cell, Repetition: p.Repetition, Phases: []PhaseResult{
				{Name: "x", RSS: uint64(v), Series: &Series{}}, {Name: "y", RSS: 7, BytesPerSecond: v}}})
		}
		return r
	}
	for _, c := range []struct {
		name              string
		a, b              *Run
		overlapping, both int
	}{
		{"itself", run(6, 1), run(6, 1), 6, 6},
		{"ends that touch", run(6, 1), run(6, 1.5), 6, 6},
		{"two of b's apart", run(6, 1), run(6, 2), 4, 6},
		{"too few", run(6, 1), run(5, 1), 0, 0},
		{"another cell", run(6, 1), &Run{Manifest: Manifest{Axes: []Axis{{Name: "mpm", Values: []string{"c"}}}, Phases: []Phase{{Name: "x"}}, Plan: NewPlan([]Cell{{"mpm": "c"}}, 6, 1)}}, 0, 0},
	} {
		if n, m := overlaps(c.a, c.b); n != c.overlapping || m != c.both {
			t.Errorf("%s: %d of %d, want %d of %d", c.name, n, m, c.overlapping, c.both)
		}
	}
	left := run(6, 1)
	for i := range left.Trials {
		left.Trials[i].Gates = []Gate{{Name: "errors"}}
	}
	if n, m := overlaps(left, left); n != 0 || m != 0 {
		t.Errorf("trials that do not count: %d of %d", n, m)
	}
}

// overlaps sums over the metrics.
func overlaps(a, b *Run) (overlapping, both int) {
	for _, m := range Agree(a, b) {
		overlapping, both = overlapping+m.Overlapping, both+m.Cells
	}
	return overlapping, both
}
