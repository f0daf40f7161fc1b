// Package handoff measures the least cost of a hand-off with each primitive.
// Two locked threads pass a turn to and fro; the one without it sleeps on its
// own parker. No server and no socket take part. A C program among the suites
// does the same with a bare futex.
package handoff

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/thread"
	"lflab/sync/park"
)

// Config describes a measurement.
type Config struct {
	Kind   park.Kind
	Park   park.Options
	Place  string // same: both threads on one CPU; cross: on two; free: on any
	Rounds int
}

// Places lists the known values of Config.Place.
var Places = []string{"same", "cross", "free"}

// Result holds times in ns for one way, half of a round trip.
type Result struct {
	Mean, P50, P90, P99 float64
	Switches            float64 // context switches per hand-off
}

// turn belongs to one thread, which may go on when mine is set.
type turn struct {
	_      [128]byte
	mine   atomic.Bool
	parker park.Parker
	_      [128]byte
}

func (t *turn) await() {
	for !t.mine.Load() {
		t.parker.Park()
	}
	t.mine.Store(false)
}

func (t *turn) pass() {
	t.mine.Store(true)
	t.parker.Unpark()
}

// Run measures the cost of a hand-off. It blocks for about Rounds x 4 to 40 µs.
func Run(cfg Config) (Result, error) {
	kind, err := cfg.Kind.OrDefault()
	if err != nil {
		return Result{}, err
	}
	cfg.Kind = kind
	cpus := [2]int{thread.AnyCPU, thread.AnyCPU}
	switch allowed := thread.CPUs(); cfg.Place {
	case "same":
		cpus = [2]int{allowed[0], allowed[0]}
	case "cross":
		if len(allowed) < 2 {
			return Result{}, fmt.Errorf("place cross needs two CPUs, and this process may use one")
		}
		cpus = [2]int{allowed[0], allowed[1]}
	case "free":
	default:
		return Result{}, fmt.Errorf("unknown place %q (known: same, cross, free)", cfg.Place)
	}
	if cfg.Kind.Unlocked && cfg.Place != "free" {
		return Result{}, fmt.Errorf("primitive %s is for goroutines, which have no CPU of their own: place free, not %s", cfg.Kind.Name, cfg.Place)
	}
	if cfg.Rounds < 1 {
		return Result{}, fmt.Errorf("%d rounds (want 1 or more)", cfg.Rounds)
	}
	if err := cfg.Kind.Usable(); err != nil {
		return Result{}, fmt.Errorf("primitive %s does not work here: %w", cfg.Kind.Name, err)
	}
	var turns [2]turn
	for i := range turns {
		p, err := cfg.Kind.New(cfg.Park)
		if err != nil {
			return Result{}, fmt.Errorf("make parker %s: %w", cfg.Kind.Name, err)
		}
		defer p.Close()
		turns[i].parker = p
	}
	defer thread.Reserve(2)()
	warmup := min(cfg.Rounds, 2000)
	var r Result
	partner := thread.Start(thread.Options{Name: "pong", CPU: cpus[1], Unlocked: cfg.Kind.Unlocked}, func(*thread.Thread) {
		for range warmup + cfg.Rounds {
			turns[1].await()
			turns[0].pass()
		}
	})
	driver := thread.Start(thread.Options{Name: "ping", CPU: cpus[0], Unlocked: cfg.Kind.Unlocked}, func(*thread.Thread) {
		for range warmup {
			turns[1].pass()
			turns[0].await()
		}
		r = rounds(&turns, cfg.Rounds)
	})
	if err := driver.Join(); err != nil {
		return Result{}, err
	}
	return r, partner.Join()
}

func rounds(turns *[2]turn, n int) Result {
	h := flight.NewHistogram()
	before := switches()
	begin := flight.Now()
	for last := begin; n > 0; n-- {
		turns[1].pass()
		turns[0].await()
		now := flight.Now()
		_ = h.RecordValue(now - last) // at most a minute, which fits the histogram
		last = now
	}
	total := float64(h.TotalCount())
	return Result{
		Mean:     float64(flight.Now()-begin) / total / 2,
		P50:      float64(h.ValueAtQuantile(50)) / 2,
		P90:      float64(h.ValueAtQuantile(90)) / 2,
		P99:      float64(h.ValueAtQuantile(99)) / 2,
		Switches: float64(switches()-before) / total / 2,
	}
}

// switches returns the context switches of the process. Those of a thread that
// yields count as involuntary.
func switches() int64 {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u) // cannot fail with these arguments
	return u.Nvcsw + u.Nivcsw
}
