package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"lflab/experiments/machine"
)

// ErrInterrupted is returned by a run that its context ended. What is complete
// is kept, and Resume continues it.
var ErrInterrupted = errors.New("interrupted")

// hopeless is how many trials may fail at the start, with none that does not,
// before a run gives up.
const hopeless = 3

// Run runs the trials of the plan that the results directory does not hold
// yet, one after the other, and writes the directory. The manifest stands
// before the first trial.
//
// When ctx ends, the trial in hand is dropped, its server ended and
// ErrInterrupted returned. A failed trial is kept and the run goes on, unless
// all trials fail from the start. The results are returned whenever the
// directory could be written, with an error or without.
func (x *Experiment) Run(ctx context.Context) (*Run, error) {
	if x.opts.Dir == "" {
		return nil, errors.New("run suite: no results directory")
	}
	unlock, err := x.enter()
	if err != nil {
		return nil, err
	}
	defer unlock()
	done, err := x.begin()
	if err != nil {
		return nil, err
	}
	runErr := x.trials(ctx, done)

	m := &x.Manifest
	m.Ended, m.After = time.Now(), machine.Read()
	m.Interrupted = errors.Is(runErr, ErrInterrupted)
	if err := writeManifest(x.opts.Dir, m); err != nil {
		return nil, errors.Join(runErr, err)
	}
	r, err := Open(x.opts.Dir)
	if err == nil {
		err = r.writeTables()
	}
	return r, errors.Join(runErr, err)
}

// trials runs what is left of the plan.
func (x *Experiment) trials(ctx context.Context, done map[string]bool) error {
	plan := x.Manifest.Plan
	left := 0
	for _, p := range plan {
		if !done[p.ID] {
			left++
		}
	}
	began, ran, failed := time.Now(), 0, 0
	report := func(t *Trial) {
		if x.opts.Progress == nil {
			return
		}
		estimate := x.Estimate(left - ran)
		if ran > 0 {
			estimate = time.Since(began) / time.Duration(ran) * time.Duration(left-ran)
		}
		x.opts.Progress(Progress{Done: len(plan) - left + ran, Total: len(plan), Left: estimate, Trial: t})
	}
	report(nil)
	for order, p := range plan {
		if done[p.ID] {
			continue
		}
		t, err := x.trial(ctx, p, order)
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %d of %d trials", ErrInterrupted, len(plan)-left+ran, len(plan))
		}
		if err != nil {
			return err
		}
		if err := t.save(x.opts.Dir); err != nil {
			return err
		}
		for i := range t.Phases {
			t.Phases[i].Histograms = nil // they are on disk, and large
		}
		ran++
		if t.Failed {
			failed++
		}
		report(t)
		if failed == ran && failed == min(hopeless, left) {
			return fmt.Errorf("all of the first %d trials failed, the last one (%s): %s", failed, Label(x.Manifest.Axes, t.Cell), t.Failure)
		}
	}
	return nil
}

// enter makes the results directory and keeps other runs out of it. What a run
// that was killed left half-done there is removed.
func (x *Experiment) enter() (leave func(), err error) {
	dir := x.opts.Dir
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make results directory: %w", err)
	}
	unlock, err := lock(dir)
	if err != nil {
		return nil, err
	}
	if err = removeHalves(dir); err == nil {
		err = unpackLocked(dir) // trials are added as files
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, trialsDir), 0o755)
	}
	if err != nil {
		unlock()
		return nil, fmt.Errorf("make results directory: %w", err)
	}
	return unlock, nil
}

// lock keeps a second run out of the directory while this one lives; the
// kernel forgets the lock with the process.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock results directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock results directory %s: %w (another run is writing to it)", dir, err)
	}
	return func() { f.Close() }, nil
}
