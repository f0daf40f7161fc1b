package run

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/record"
)

// spoil makes x judge trials by their place in the run alone: spoiled returns
// the gates of trial number n.
func spoil(x *Experiment, spoiled func(t *record.Trial, n int) []record.Gate) {
	n := 0
	x.judge = func(t *record.Trial) {
		t.Gates, t.Failed = spoiled(t, n), false
		n++
	}
}

// made plans the small suite, four cells and two phases, with make-ups.
func made(t *testing.T, dir string, o Options) *Experiment {
	t.Helper()
	o.Dir, o.Serve, o.Seed = dir, fakeCommand(t), 7
	x, err := New(openSuite(t, smallSuite), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func gates(open, closed bool) []record.Gate {
	return []record.Gate{{Name: "a", Phase: "open", OK: open}, {Name: "b", Phase: "closed", OK: closed}}
}

// makeupsOf returns the make-ups of a run.
func makeupsOf(r *record.Run) (all []record.Trial) {
	return slices.DeleteFunc(slices.Clone(r.Trials), func(t record.Trial) bool { return t.Makeup == 0 })
}

// TestMakeups: of eight trials, the first is invalid in one phase and the fourth
// as a whole. Each gets one make-up at the end; the second of them is invalid,
// too, and gets another. In each phase the first valid one counts.
func TestMakeups(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	x := made(t, filepath.Join(t.TempDir(), "out"), Options{})
	var seen []Progress
	x.opts.Progress = func(p Progress) { seen = append(seen, p) }
	spoil(x, func(tr *record.Trial, n int) []record.Gate {
		switch n {
		case 0:
			return gates(false, true)
		case 3:
			return append(gates(true, true), record.Gate{Name: "whole"})
		case 9:
			return gates(true, false)
		}
		return gates(true, true)
	})
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	made := makeupsOf(r)
	if len(r.Trials) != 11 || len(made) != 3 || r.Manifest.Makeups != 3 || len(r.Manifest.Plan) != 11 || r.Manifest.MostMakeups() != 3 {
		t.Fatalf("%d trials, %d make-ups, %d in the manifest", len(r.Trials), len(made), r.Manifest.Makeups)
	}
	for i, of := range []int{0, 3, 3} {
		m, first := &made[i], &r.Trials[of]
		if record.TrialID(m.Cell, m.Repetition) != first.ID || m.Makeup != 1+i/2 || m.ID == first.ID || m.Order != 8+i {
			t.Errorf("make-up %d is %+v, want one of trial %d, %+v", i, m, of, first)
		}
	}
	for _, c := range []struct {
		trial        int
		open, closed bool
	}{{0, false, true}, {3, false, false}, {8, true, false}, {9, true, false}, {10, false, true}, {1, true, true}} {
		if open, closed := r.Trials[c.trial].Counts("open"), r.Trials[c.trial].Counts("closed"); open != c.open || closed != c.closed {
			t.Errorf("trial %d counts in open: %v, in closed: %v, want %v and %v", c.trial, open, closed, c.open, c.closed)
		}
	}
	for _, row := range r.Rows() {
		if row.Valid != 2 {
			t.Errorf("%v, %s: %d values, want one of each block", row.Cell, row.Phase, row.Valid)
		}
	}
	last := seen[len(seen)-1]
	if last.Makeup != 3 || last.MostMakeups != 3 || last.Done != 11 || last.Total != 11 || seen[8].Makeup != 0 {
		t.Errorf("the last progress is %+v", last)
	}
}

// TestMakeupsAreBounded: nothing is ever valid. A cell is given up after three
// trials of which none is valid in a phase, and a third of the plan is the most.
func TestMakeupsAreBounded(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	x := made(t, filepath.Join(t.TempDir(), "out"), Options{Only: []string{"mpm=one"}})
	spoil(x, func(*record.Trial, int) []record.Gate { return gates(false, false) })
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(makeupsOf(r)); n != 2 || r.Manifest.Makeups != 2 {
		t.Errorf("%d make-ups for 4 trials, want a third of them, rounded up", n)
	}
	x = made(t, filepath.Join(t.TempDir(), "out"), Options{Only: []string{"mpm=one", "mode=close"}, Repeat: 9})
	spoil(x, func(*record.Trial, int) []record.Gate { return gates(true, false) })
	if r, err = x.Run(t.Context()); err != nil || len(makeupsOf(r)) != 0 {
		t.Errorf("%v, %d make-ups for a cell of which nine trials are invalid", err, len(makeupsOf(r)))
	}
	noneLeft()
}

// TestResumeMakesUp resumes a finished run that made up for nothing.
func TestResumeMakesUp(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	dir := filepath.Join(t.TempDir(), "out")
	path := writeSuite(t, smallSuite)
	x, err := New(openFile(t, path), Options{Dir: dir, Serve: fakeCommand(t), Only: []string{"mpm=one"}, NoMakeups: true})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	spoil(x, func(_ *record.Trial, n int) []record.Gate { return gates(n != 2, true) })
	r, err := x.Run(t.Context())
	if err != nil || len(r.Trials) != 4 {
		t.Fatalf("%v, %d trials", err, len(r.Trials))
	}
	for round, want := range []int{1, 1} { // the second time nothing is lacking
		again, err := Resume(dir, Options{Serve: fakeCommand(t)})
		if err != nil {
			t.Fatal(err)
		}
		spoil(again, func(*record.Trial, int) []record.Gate { return gates(true, true) })
		r, err = again.Run(t.Context())
		again.Close()
		if err != nil || len(makeupsOf(r)) != want || len(r.Trials) != 4+want || len(r.Manifest.SetAside) != 0 {
			t.Errorf("resumed %d times: %v, %d make-ups of %d trials", round+1, err, len(makeupsOf(r)), len(r.Trials))
		}
	}
	if made := makeupsOf(r); len(made) == 1 && (made[0].Repetition != r.Trials[2].Repetition || !strings.HasPrefix(made[0].Cell["mpm"], "one")) {
		t.Errorf("the make-up is of %v, block %d", made[0].Cell, made[0].Repetition)
	}
	noneLeft()
}

// TestMakeupsWithinBudget: with a budget only what fits into the rest of it is
// made up for.
func TestMakeupsWithinBudget(t *testing.T) {
	cells := []record.Cell{{"mpm": "a"}, {"mpm": "b"}}
	r := &record.Run{}
	r.Manifest.Phases = []record.Phase{{Name: "open"}}
	r.Manifest.Plan = record.NewPlan(cells, 3, 1)
	for _, p := range r.Manifest.Plan {
		r.Trials = append(r.Trials, record.Trial{ID: p.ID, Cell: p.Cell, Repetition: p.Repetition,
			Gates: []record.Gate{{Phase: "open", OK: p.Repetition > 0}}})
	}
	for _, c := range []struct {
		budget, left float64
		makeups      int
	}{{0, -1, 2}, {60, 25, 2}, {60, 19, 1}, {60, 9, 0}} {
		x := &Experiment{Manifest: r.Manifest}
		x.Manifest.BudgetS = c.budget
		p := newPace(func(record.Cell) float64 { return 10 })
		if got := x.makeups(r, p, c.left); len(got) != c.makeups {
			t.Errorf("budget %g with %g s left: %d make-ups, want %d", c.budget, c.left, len(got), c.makeups)
		}
	}
}
