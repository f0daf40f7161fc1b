package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lflab/experiments/machine"
	"lflab/experiments/record"
)

// ErrInterrupted is the error of a run whose context ended. Complete trials are
// kept, and Resume continues the run.
var ErrInterrupted = errors.New("interrupted")

// hopeless is how many trials at the start may all fail before a run gives up.
const hopeless = 3

// Run runs the trials of the plan that the results directory does not hold yet,
// one after the other, and writes the directory. It writes the manifest before
// the first trial.
//
// If ctx ends, Run drops the current trial, ends its server and returns
// ErrInterrupted. It keeps a failed trial and goes on, unless the first trials
// all fail. It returns the results whenever the directory could be written,
// also with an error.
func (x *Experiment) Run(ctx context.Context) (*record.Run, error) {
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
	runErr := x.newWork(done).rounds(ctx)

	m := &x.Manifest
	m.Ended, m.After, m.CalibrationAfter = time.Now(), machine.Read(), calibrated()
	m.Interrupted = errors.Is(runErr, ErrInterrupted)
	if err := record.WriteManifest(x.opts.Dir, m); err != nil {
		return nil, errors.Join(runErr, err)
	}
	r, err := record.Open(x.opts.Dir)
	if err == nil {
		err = r.WriteTables()
	}
	return r, errors.Join(runErr, err)
}

// work is the state of a run in progress.
type work struct {
	x     *Experiment
	done  map[string]*record.Trial // by ID; of an earlier run, those that did not fail
	began time.Time
	pace  *pace
	spent float64 // s, on trials done before began
	ran   int     // trials since began
	fails int     // failed trials of them

	finished bool // the run is resumed and nothing of its plan was left
	spoilt   row
}

func (x *Experiment) newWork(done map[string]*record.Trial) *work {
	w := &work{x: x, done: done, began: time.Now(), pace: newPace(x.estimate)}
	for _, p := range x.Manifest.Plan { // in this order, so that equal data give equal sums
		if t := done[p.ID]; t != nil {
			w.pace.learn(t.Cell, t.DurationS+writeTime)
			w.spent += t.DurationS + writeTime
		}
	}
	w.finished = len(x.Manifest.Resumed) > 0 && len(w.todo()) == 0
	return w
}

// left returns the rest of the budget in s.
func (w *work) left() float64 {
	return w.x.Manifest.BudgetS - w.spent - time.Since(w.began).Seconds()
}

// rounds runs the rest of the plan, which grows by make-up trials and while the
// budget lasts.
func (w *work) rounds(ctx context.Context) error {
	m := &w.x.Manifest
	for {
		if err := w.trials(ctx); err != nil {
			return err
		}
		r, err := record.OpenRecords(w.x.opts.Dir)
		if err != nil {
			return err
		}
		more := w.x.makeups(r, w.pace, w.left())
		switch {
		case len(more) > 0:
		case m.BudgetS > 0:
			more, m.Stopped = w.x.next(r, w.pace, w.left())
		case w.finished:
			w.finished = false
			more = w.x.extension(r)
		}
		if len(more) == 0 {
			return nil
		}
		if err := w.add(more); err != nil {
			return err
		}
	}
}

// todo returns the trials of the current plan that are not done.
func (w *work) todo() []record.Planned {
	return slices.DeleteFunc(slices.Clone(w.x.Manifest.Plan), func(p record.Planned) bool { return w.done[p.ID] != nil })
}

// progress reports how far the run is; trial t has just ended, or is nil.
func (w *work) progress(t *record.Trial) {
	if w.x.opts.Progress == nil {
		return
	}
	total, todo := len(w.x.Manifest.Plan), w.todo()
	p := Progress{Done: total - len(todo), Total: total, Left: seconds(w.pace.of(todo)), Trial: t}
	if t != nil && t.Makeup > 0 {
		p.Makeup, p.MostMakeups = w.makeup(t), w.x.Manifest.MostMakeups()
	}
	if w.x.Manifest.BudgetS > 0 {
		p.Budget = seconds(max(0, w.left()))
	}
	w.x.opts.Progress(p)
}

// makeup returns which one of the plan's make-ups a trial is, from 1.
func (w *work) makeup(t *record.Trial) int {
	_, makeups := splitMakeups(w.x.Manifest.Plan)
	return 1 + slices.IndexFunc(makeups, func(p record.Planned) bool { return p.ID == t.ID })
}

// trials runs the rest of the current plan.
func (w *work) trials(ctx context.Context) error {
	x, plan := w.x, w.x.Manifest.Plan
	if w.ran == 0 {
		if x.opts.StopBusy && len(w.todo()) > 0 {
			x.awaitQuiet(ctx)
		}
		w.progress(nil)
	}
	for order, p := range plan {
		if w.done[p.ID] != nil {
			continue
		}
		began := time.Now()
		t, err := x.trial(ctx, p, order)
		if ctx.Err() != nil {
			return fmt.Errorf("%w after %d of %d trials", ErrInterrupted, len(plan)-len(w.todo()), len(plan))
		}
		if err != nil {
			return err
		}
		if x.judge != nil {
			x.judge(t)
		}
		if err := t.Save(x.opts.Dir); err != nil {
			return err
		}
		for i := range t.Phases {
			t.Phases[i].Histograms = nil // they are on disk, and large
		}
		w.pace.learn(t.Cell, time.Since(began).Seconds())
		w.done[p.ID] = t
		w.ran++
		if t.Failed {
			w.fails++
		}
		w.progress(t)
		if x.opts.StopBusy {
			if err := w.spoilt.add(t, x.host.CPUs, x.opts.Dir); err != nil {
				return err
			}
		}
		if w.fails == w.ran && (w.fails == hopeless || len(w.todo()) == 0) {
			return fmt.Errorf("all of the first %d trials failed, the last one (%s): %s", w.fails, record.Label(x.Manifest.Axes, t.Cell), t.Failure)
		}
	}
	return nil
}

// enter makes the results directory and keeps other runs out of it. It removes
// unfinished files of a killed run and unpacks the trials.
func (x *Experiment) enter() (leave func(), err error) {
	dir := x.opts.Dir
	if len(x.Manifest.Resumed) == 0 {
		if err := record.CheckOut(dir); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make results directory: %w", err)
	}
	unlock, err := record.Lock(dir)
	if err != nil {
		return nil, err
	}
	if len(x.Manifest.Resumed) == 0 {
		err = record.CheckOut(dir) // again, because another run may have come and gone
	}
	if err == nil {
		err = record.RemoveHalves(dir)
	}
	if err == nil {
		err = record.UnpackLocked(dir) // trials are added as files
	}
	if err == nil {
		err = os.MkdirAll(filepath.Join(dir, record.TrialsDir), 0o755)
	}
	if err != nil {
		unlock()
		return nil, fmt.Errorf("make results directory: %w", err)
	}
	return unlock, nil
}
