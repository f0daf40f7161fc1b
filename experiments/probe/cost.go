package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// meterRuns of the empty program settle its mean. An idle machine makes too few
// system calls in the window: then some are made.
const meterRuns = 20_000

// MeasureCost lets the programs record for about d more and reads what the
// kernel says they took, together with an empty program that tells the meter's
// own part. Counting slows every BPF program of the machine, and what the
// programs record meanwhile is in the histograms: call it after Result. It
// needs CAP_SYS_ADMIN; without it the Cost has a Note instead of numbers. When
// ctx ends, the window ends with it.
func (p *Probe) MeasureCost(ctx context.Context, d time.Duration) (c stage.Cost, err error) {
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if errors.Is(err, unix.EPERM) {
		return stage.Cost{Note: "cost per event not measured: needs CAP_SYS_ADMIN"}, nil
	} else if err != nil {
		return stage.Cost{Note: fmt.Sprintf("cost per event not measured: %v", explain("switch the kernel's meter on", err))}, nil
	}
	defer stats.Close()
	meter, err := link.AttachTracing(link.TracingOptions{Program: p.objects.Nothing})
	if err != nil {
		return stage.Cost{}, explain("attach the empty program", err)
	}
	defer meter.Close()
	if err := p.objects.Recording.Set(true); err != nil {
		return stage.Cost{}, fmt.Errorf("switch the probe on: %w", err)
	}
	defer func() {
		if off := p.objects.Recording.Set(false); off != nil {
			err = errors.Join(err, fmt.Errorf("switch the probe off: %w", off))
		}
	}()

	began := time.Now()
	before, err := p.runs()
	if err != nil {
		return stage.Cost{}, err
	}
	if err := p.pass(ctx, d); err != nil {
		return stage.Cost{}, err
	}
	after, err := p.runs()
	if err != nil {
		return stage.Cost{}, err
	}
	c = costOf(before, after, time.Since(began))
	c.MeterNs, err = p.meterNs()
	return c, err
}

// pass lets time pass. Records that are written meanwhile are read, as they
// would be, and thrown away.
func (p *Probe) pass(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if p.reader == nil {
		<-ctx.Done()
		return nil
	}
	end, _ := ctx.Deadline()
	var rec ringbuf.Record
	for ctx.Err() == nil {
		next := time.Now().Add(drainEvery)
		if next.After(end) {
			next = end
		}
		p.reader.SetDeadline(next)
		if err := p.reader.ReadInto(&rec); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("read the ring buffer: %w", err)
		}
	}
	return nil
}

// runs of one program, and their time.
type runs struct {
	name string
	n    uint64
	took time.Duration
}

// runs are those of every attached program since it was loaded, in the order of
// hooks.
func (p *Probe) runs() ([]runs, error) {
	var all []runs
	for _, h := range hooks {
		if program := p.program(h.program); program != nil {
			s, err := program.Stats()
			if err != nil {
				return nil, fmt.Errorf("read the statistics of program %s: %w", h.program, err)
			}
			all = append(all, runs{h.program, s.RunCount, s.Runtime})
		}
	}
	return all, nil
}

// costOf is what happened between two readings of the same programs.
func costOf(before, after []runs, window time.Duration) stage.Cost {
	c := stage.Cost{WindowS: window.Seconds()}
	var took time.Duration
	for i := range after {
		n, t := after[i].n-before[i].n, after[i].took-before[i].took
		c.Events += n
		took += t
		c.Programs = append(c.Programs, stage.ProgramCost{Name: after[i].name, Runs: n, NsPerRun: per(t, n)})
	}
	c.NsPerEvent = per(took, c.Events)
	if window > 0 {
		c.CPUPercent = 100 * took.Seconds() / window.Seconds()
	}
	return c
}

// per is a mean in ns; 0 of nothing.
func per(t time.Duration, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(t.Nanoseconds()) / float64(n)
}

// meterNs is the mean of the empty program's runs.
func (p *Probe) meterNs() (float64, error) {
	s, err := p.objects.Nothing.Stats()
	if err != nil {
		return 0, fmt.Errorf("read the statistics of program %s: %w", bpf.ProbeProgNothing, err)
	}
	if s.RunCount < meterRuns {
		for range meterRuns - s.RunCount {
			os.Getppid()
		}
		if s, err = p.objects.Nothing.Stats(); err != nil {
			return 0, fmt.Errorf("read the statistics of program %s: %w", bpf.ProbeProgNothing, err)
		}
	}
	return per(s.Runtime, s.RunCount), nil
}

// missed is how often the kernel kept a program from running because it ran on
// that CPU already. It is counted without the meter.
func (p *Probe) missed() (uint64, error) {
	var sum uint64
	for _, h := range hooks {
		if program := p.program(h.program); program != nil {
			s, err := program.Stats()
			if err != nil {
				return 0, fmt.Errorf("read the statistics of program %s: %w", h.program, err)
			}
			sum += s.RecursionMisses
		}
	}
	return sum, nil
}
