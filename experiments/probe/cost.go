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

// meterRuns is how many runs of the empty program give a stable mean. If the
// machine makes fewer system calls in the window, meterNs makes the rest.
const meterRuns = 20_000

// MeasureCost lets the programs record for another d and reads the time that
// the kernel measured for them. An empty program gives the cost of the kernel's
// meter itself. The meter slows every BPF program of the machine, and the
// histograms go on counting, so call MeasureCost after Result. It needs
// CAP_SYS_ADMIN; without it the Cost has a Note instead of numbers. If ctx
// ends, the window ends early.
func (p *Probe) MeasureCost(ctx context.Context, d time.Duration) (c stage.Cost, err error) {
	stats, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if errors.Is(err, unix.EPERM) {
		return stage.Cost{Note: "cost per event not measured: needs CAP_SYS_ADMIN"}, nil
	} else if err != nil {
		return stage.Cost{Note: fmt.Sprintf("cost per event not measured: %v", explain("turn on the kernel's meter", err))}, nil
	}
	defer stats.Close()
	meter, err := link.AttachTracing(link.TracingOptions{Program: p.objects.Nothing})
	if err != nil {
		return stage.Cost{}, explain("attach the empty program", err)
	}
	defer meter.Close()
	if err := p.objects.Recording.Set(true); err != nil {
		return stage.Cost{}, fmt.Errorf("turn on the probe: %w", err)
	}
	defer func() {
		if off := p.objects.Recording.Set(false); off != nil {
			err = errors.Join(err, fmt.Errorf("turn off the probe: %w", off))
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

// pass waits for d. Meanwhile it reads and discards records, because a real
// measurement reads them, too.
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

// runs is the number and the total time of a program's runs.
type runs struct {
	name string
	n    uint64
	took time.Duration
}

// runs returns the runs of every attached program since it was loaded, in the
// order of hooks.
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

// costOf returns the cost between two readings of the same programs.
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

// per returns a mean in ns, or 0 if n is 0.
func per(t time.Duration, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(t.Nanoseconds()) / float64(n)
}

// meterNs returns the mean time of the empty program's runs.
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

// missed returns how often the kernel skipped a program because it was already
// running on that CPU. The kernel counts this without the meter.
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
