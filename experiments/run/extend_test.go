package run

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

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

// TestBusyMachineStopsTheRun: eight trials in a row that other programs spoilt
// end the run, which can be resumed. A valid phase in between ends the row, and
// without StopBusy the run goes on.
func TestBusyMachineStopsTheRun(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	load := func(open, closed bool) []record.Gate {
		return []record.Gate{{Name: "other_load", Phase: "open", OK: open, Value: 0.4}, {Name: "other_load", Phase: "closed", OK: closed, Value: 0.6}}
	}
	for _, c := range []struct {
		stop bool
		good int // this trial has a valid phase; -1 for none
		want int // trials
	}{{true, -1, 8}, {true, 5, 14}, {false, -1, 16}} {
		dir := filepath.Join(t.TempDir(), "out")
		x := made(t, dir, Options{Repeat: 4, NoMakeups: true})
		spoil(x, func(_ *record.Trial, n int) []record.Gate { return load(n == c.good, false) })
		x.opts.StopBusy = c.stop
		r, err := x.Run(t.Context())
		var busy *BusyError
		if len(r.Trials) != c.want || errors.As(err, &busy) != c.stop {
			t.Errorf("%+v: %d trials, %v", c, len(r.Trials), err)
			continue
		}
		if busy != nil && !strings.Contains(err.Error(), "the last 8 trials do not count, because other programs used 60 to 60 % of the machine's CPU time") ||
			busy != nil && !strings.Contains(err.Error(), "lflab run --resume "+dir) {
			t.Errorf("%v", err)
		}
	}
	noneLeft()
}
