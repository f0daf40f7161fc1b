package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lflab/experiments/machine"
	"lflab/experiments/record"
)

// Other programs that take CPU time spoil trial after trial. A run looks before
// its first trial, waits a little for them to end, and stops when they
// make every trial invalid.
const (
	mostBusy  = 8                // trials in a row in which other programs' load made every phase invalid
	quietFor  = time.Second      // how long a look takes
	quietWait = 20 * time.Second // the longest wait before the first trial
)

// BusyError says that other programs leave no CPU time to measure with.
type BusyError struct {
	Trials int     // that did not count, one after the other
	Lo, Hi float64 // least and greatest share of the machine that others used
	Most   float64 // share that is allowed
	Dir    string  // results directory
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("the last %d trials do not count, because other programs used %.0f to %.0f %% of the machine's CPU time (at most %.0f %% are allowed): end them, or wait, and go on with lflab run --resume %s (--busy goes on all the same)",
		e.Trials, 100*e.Lo, 100*e.Hi, 100*e.Most, e.Dir)
}

// awaitQuiet waits until other programs use no more CPU time than the gates
// allow, for quietWait at most. It tells Progress about the wait.
func (x *Experiment) awaitQuiet(ctx context.Context) {
	for end := time.Now().Add(quietWait); ; {
		share, err := x.others(ctx, quietFor)
		if err != nil || share <= mostOthers(x.host.CPUs) || ctx.Err() != nil || time.Now().After(end) {
			return // unknown, or quiet, or loaded for good: the gates will tell
		}
		if x.opts.Progress != nil {
			x.opts.Progress(Progress{Total: len(x.Manifest.Plan), Busy: share})
		}
	}
}

// othersShare returns the share of the machine's CPU time that other programs
// use for so long.
func othersShare(ctx context.Context, long time.Duration) (float64, error) {
	own, began := machine.OwnCPU(), time.Now()
	before, err := machine.ReadCPUTime()
	if err != nil {
		return 0, err
	}
	select {
	case <-time.After(long):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	after, err := machine.ReadCPUTime()
	if err != nil {
		return 0, err
	}
	used := after.Busy - before.Busy - (machine.OwnCPU() - own)
	return max(0, used.Seconds()/(time.Since(began).Seconds()*float64(max(1, after.CPUs)))), nil
}

// busy returns the largest share that other programs used in a trial, and
// whether their load made every phase of it invalid.
func busy(t *record.Trial) (share float64, spoilt bool) {
	if t.Failed || len(t.Phases) == 0 {
		return 0, false
	}
	for _, p := range t.Phases {
		failed := false
		for _, g := range t.Gates {
			if g.Name == "other_load" && g.Phase == p.Name {
				failed, share = !g.OK, max(share, g.Value)
			}
		}
		if !failed {
			return share, false
		}
	}
	return share, true
}

// row counts trials in a row that other programs spoilt.
type row []float64

// add counts a trial. It returns an error after the last one that is allowed.
func (r *row) add(t *record.Trial, cpus int, dir string) error {
	share, spoilt := busy(t)
	if !spoilt {
		*r = nil
		return nil
	}
	if *r = append(*r, share); len(*r) < mostBusy {
		return nil
	}
	return &BusyError{Trials: len(*r), Lo: slices.Min(*r), Hi: slices.Max(*r), Most: mostOthers(cpus), Dir: dir}
}
