package model

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"lflab/experiments/record"
)

// reference opens a results directory of the project. It skips the test if the
// directory is missing.
func reference(t *testing.T, name string) *record.Run {
	t.Helper()
	dir := filepath.Join("..", "..", "results", name)
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there: the reference results are no part of this copy", dir)
	}
	run, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// In recorded reports V, queue, hand-off and read add up to D: the model counts
// no part of D twice and omits none.
func TestStagesAddUpInReference(t *testing.T) {
	for name, phase := range map[string]string{"quick-reference": "probed", "probe-servers-reference": "closed_probed"} {
		t.Run(name, func(t *testing.T) {
			samples, err := collect(reference(t, name), phase)
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			for _, s := range samples {
				if s.lacking != "" {
					continue
				}
				seen++
				r := s.phase.Probe
				sum := parts(r, wakeStages) + parts(r, queueStages) + parts(r, acceptStages) + s.handOff + s.read
				if !near(sum, r.D.Mean, 1e-6) {
					t.Errorf("%s, block %d: the stages add up to %.1f ns, D is %.1f", s.mpm, s.block, sum, r.D.Mean)
				}
				// Either a thread slept, or the connection waited for a thread.
				woken, found := int64(0), r.Stages["D.arm-return"].Count
				for _, key := range wakeStages {
					woken = max(woken, r.Stages[key].Count)
				}
				if d := float64(woken + found); !near(d, float64(r.D.Count), 0.02) {
					t.Errorf("%s, block %d: %d were woken for and %d found a thread awake, of %d", s.mpm, s.block, woken, found, r.D.Count)
				}
			}
			if seen == 0 {
				t.Errorf("no sample of %d can be used (%s)", len(samples), reasons(samples))
			}
		})
	}
}

// The model has all its inputs from a recorded run. The leader's gap includes a
// wake-up and the worker's does not. The worker's hand-off includes a wake-up
// and the leader's promotion does not. The test does not judge how well the
// model predicts.
func TestPredictReference(t *testing.T) {
	fits, err := Predict(reference(t, "quick-reference"), "probed")
	if err != nil {
		t.Fatal(err)
	}
	if len(fits) != 1 || fits[0].Group != "close" || len(fits[0].Curves) != 2 {
		t.Fatalf("fits %+v, want one of leader and worker in mode close: kept connections are not accepted", fits)
	}
	f := &fits[0]
	leader, worker := f.Curve("leader").Inputs, f.Curve("worker").Inputs
	for _, in := range []Inputs{leader, worker} {
		t.Log(in.String())
		if in.Processes < 3 || in.Handler.N == 0 || in.Spread.N == 0 || in.Rate != 3000 {
			t.Errorf("%s: %d processes at %v/s, handler %v, spread %v", in.MPM, in.Processes, in.Rate, in.Handler, in.Spread)
		}
		if v := in.Wake.Center; !(v > 500 && v < 1e6) {
			t.Errorf("%s: V is %v ns", in.MPM, v)
		}
	}
	if leader.Gap.Center <= worker.Gap.Center {
		t.Errorf("G of the leader is %v, of the worker %v; the first has a wake-up more", leader.Gap, worker.Gap)
	}
	if leader.HandOff.Center >= worker.HandOff.Center {
		t.Errorf("X of the leader is %v, c+Vq of the worker %v; the second has a wake-up more", leader.HandOff, worker.HandOff)
	}
	for _, c := range f.Curves {
		if r := c.Residual(); !r.InSample || r.Points != 1 || math.IsNaN(r.Median) || math.IsNaN(r.Spreading) {
			t.Errorf("%s: residual %+v of one rate", c.MPM, r)
		}
	}
	for _, s := range f.Sentences() {
		t.Log(s)
	}
}
