package run

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
)

// TestResumeExtends resumes a finished run, which is asked for three more
// blocks of one cell and takes as many as its suite has. What it measured
// before stays. A run that still has something to do is not extended.
func TestResumeExtends(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	dir := filepath.Join(t.TempDir(), "out")
	path := writeSuite(t, smallSuite)
	x, err := New(openFile(t, path), Options{Dir: dir, Serve: fakeCommand(t), Only: []string{"mpm=one"}, NoMakeups: true,
		More: func(*record.Run) *More { t.Error("a first run was extended"); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	valid := func(*record.Trial, int) []record.Gate { return gates(true, true) }
	spoil(x, valid)
	if _, err = x.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for round, want := range []int{6, 6, 8} { // four at first, two more, none, two more
		asked := 0
		again, err := Resume(dir, Options{Serve: fakeCommand(t), More: func(r *record.Run) *More {
			if asked++; round == 1 {
				return nil
			}
			return &More{Cells: r.Cells()[:1], Blocks: 3, Why: "undecided: it"}
		}})
		if err != nil {
			t.Fatal(err)
		}
		spoil(again, valid)
		r, err := again.Run(t.Context())
		again.Close()
		if err != nil || len(r.Trials) != want || len(r.Manifest.Plan) != want || asked != 1 {
			t.Fatalf("resumed %d times: %v, %d trials, asked %d times", round+1, err, len(r.Trials), asked)
		}
		last := r.Trials[len(r.Trials)-1]
		if e := r.Manifest.Extended; len(e) != 1+round/2 || e[0].Blocks != 2 || e[0].Asked != 3 || e[0].Why != "undecided: it" {
			t.Errorf("resumed %d times: %+v, the last block is %d", round+1, e, last.Repetition)
		}
		if round == 2 && (last.Repetition != 5 || r.Manifest.Grown() != "4 blocks were added after a look at the data, because a rule was undecided.") {
			t.Errorf("the last block is %d: %s", last.Repetition, r.Manifest.Grown())
		}
	}
	noneLeft()
}

// loaded returns the gates of a trial in which other programs used 40 and 60 % of
// the machine.
func loaded(open, closed bool) []record.Gate {
	return []record.Gate{{Name: "other_load", Phase: "open", OK: open, Value: 0.4}, {Name: "other_load", Phase: "closed", OK: closed, Value: 0.6}}
}

// TestBusyMachineStopsTheRun: the run waits for other programs while they use
// too much, says so, and ends after eight trials in a row that they spoilt. It
// can be resumed.
func TestBusyMachineStopsTheRun(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	dir := filepath.Join(t.TempDir(), "out")
	x := made(t, dir, Options{Repeat: 3, NoMakeups: true})
	spoil(x, func(*record.Trial, int) []record.Gate { return loaded(false, false) })
	shares := []float64{0.9, 0.5, 0.1, 0.9}
	x.others = func(context.Context, time.Duration) (share float64, _ error) {
		share, shares = shares[0], shares[1:]
		return share, nil
	}
	var waits []float64
	x.opts.Progress = func(p Progress) {
		if p.Busy > 0 {
			waits = append(waits, p.Busy)
		}
	}
	x.opts.StopBusy = true
	r, err := x.Run(t.Context())
	noneLeft()
	var busy *BusyError
	if !errors.As(err, &busy) || len(r.Trials) != mostBusy || !slices.Equal(waits, []float64{0.9, 0.5}) || len(shares) != 1 {
		t.Fatalf("%d trials after waits for %v: %v", len(r.Trials), waits, err)
	}
	for _, want := range []string{"the last 8 trials do not count, because other programs used 60 to 60 % of the machine's CPU time", "lflab run --resume " + dir} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestRowOfSpoiltTrials: a valid phase, a failure for another reason and a
// failed trial end the row.
func TestRowOfSpoiltTrials(t *testing.T) {
	trial := func(failed bool, gates []record.Gate) *record.Trial {
		return &record.Trial{Failed: failed, Gates: gates, Phases: []record.PhaseResult{{Name: "open"}, {Name: "closed"}}}
	}
	spoilt := trial(false, loaded(false, false))
	for name, other := range map[string]*record.Trial{
		"a valid phase": trial(false, loaded(true, false)), "another reason": trial(false, gates(false, false)), "failed": trial(true, loaded(false, false)),
	} {
		var r row
		for n := range 3 * mostBusy {
			next := spoilt
			if n%mostBusy == mostBusy-1 {
				next = other
			}
			if err := r.add(next, 2, "out"); err != nil {
				t.Errorf("%s: trial %d: %v", name, n, err)
			}
		}
	}
	var r row
	for n := range mostBusy {
		if err := r.add(spoilt, 8, "out"); (err != nil) != (n == mostBusy-1) || err != nil && !strings.Contains(err.Error(), "(at most 6 % are allowed)") {
			t.Errorf("trial %d: %v", n, err)
		}
	}
}
