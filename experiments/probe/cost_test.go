package probe

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"lflab/experiments/probe/stage"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

func TestCostOf(t *testing.T) {
	before := []runs{{"enter", 1000, 100 * time.Microsecond}, {"leave", 50, 9 * time.Microsecond}, {"forked", 0, 0}}
	after := []runs{{"enter", 4000, 700 * time.Microsecond}, {"leave", 1050, 309 * time.Microsecond}, {"forked", 0, 0}}
	c := costOf(before, after, 50*time.Millisecond)
	if c.Events != 4000 || c.NsPerEvent != 225 || math.Abs(c.CPUPercent-1.8) > 1e-9 || c.WindowS != 0.05 {
		t.Errorf("cost %+v, want 4000 events of 225 ns, 1.8 %% of a CPU in 0.05 s", c)
	}
	for i, want := range []stage.ProgramCost{{Name: "enter", Runs: 3000, NsPerRun: 200}, {Name: "leave", Runs: 1000, NsPerRun: 300}, {Name: "forked", Runs: 0, NsPerRun: 0}} {
		if c.Programs[i] != want {
			t.Errorf("program %+v, want %+v", c.Programs[i], want)
		}
	}
	if c := costOf(before, before, 0); c.Events != 0 || c.NsPerEvent != 0 || c.CPUPercent != 0 {
		t.Errorf("cost %+v of nothing", c)
	}
	if text, err := json.Marshal(costOf(before, before, 0)); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

// TestMeasureCost measures the cost while the target makes a known number of
// system calls.
func TestMeasureCost(t *testing.T) {
	requireCheck(t)
	if !lookAround(os.DirFS("/")).effective.has(capSysAdmin) {
		t.Skip("the kernel's meter needs CAP_SYS_ADMIN, which this process lacks")
	}
	target := startPingPong(t, "/proc/self/exe", nil)
	for name, o := range map[string]Options{"histograms": {}, "records": {Requests: true, Calls: true}} {
		t.Run(name, func(t *testing.T) {
			o.PIDs = []int{target.pid()}
			p, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
			kept := len(p.Records().Waits)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			type answer struct {
				stage.Cost
				err error
			}
			answers := make(chan answer, 1)
			go func() {
				c, err := p.MeasureCost(ctx, patience)
				answers <- answer{c, err}
			}()
			waitFor(t, "the window to begin", func() bool {
				var recording bool
				return p.objects.Recording.Get(&recording) == nil && recording
			})
			for range 3 {
				target.burst()
			}
			cancel() // the window ends after the target's turns
			c := <-answers
			if c.err != nil {
				t.Fatal(c.err)
			}
			if c.Note != "" || len(c.Programs) != len(p.links) {
				t.Fatalf("cost %+v of %d programs", c, len(p.links))
			}
			if c.WindowS <= 0 || c.WindowS >= patience.Seconds() {
				t.Errorf("the window was %v s long, and the target's turns must have ended it", c.WindowS)
			}
			var events uint64
			ns, by := 0.0, map[string]uint64{}
			for _, one := range c.Programs {
				events += one.Runs
				ns += float64(one.Runs) * one.NsPerRun
				by[one.Name] = one.Runs
			}
			// The first turns may come before the first reading.
			if by["enter"] < 2*burst || by["switched"] < 2*burst || by["waking"] < 2*burst {
				t.Errorf("runs %v, want %d or more of each for %d wake-ups", by, 2*burst, 6*burst)
			}
			if events != c.Events || math.Abs(ns/float64(events)-c.NsPerEvent) > 1e-6 {
				t.Errorf("%d events of %v ns, the programs add up to %d of %v", c.Events, c.NsPerEvent, events, ns/float64(events))
			}
			if want := ns / c.WindowS / 1e7; math.Abs(c.CPUPercent-want) > 1e-6*want {
				t.Errorf("%v %% of a CPU, want %v", c.CPUPercent, want)
			}
			// The programs take longer than one that does nothing.
			if c.MeterNs <= 0 || c.MeterNs >= c.NsPerEvent {
				t.Errorf("the reported time of the meter is %v ns, an event with it %v ns", c.MeterNs, c.NsPerEvent)
			}
			if s, err := p.objects.Nothing.Stats(); err != nil || s.RunCount < meterRuns {
				t.Errorf("the meter was measured with %d runs, want %d or more (%v)", s.RunCount, meterRuns, err)
			}
			if got := len(p.Records().Waits); got != kept {
				t.Errorf("%d records were kept of the window", got-kept)
			}
			var recording bool
			if err := p.objects.Recording.Get(&recording); err != nil || recording {
				t.Errorf("the programs are still recording: %v (%v)", recording, err)
			}
			t.Logf("%.0f ns per event, %.0f of them the meter, %.1f %% of a CPU, %.0f events/s", c.NsPerEvent, c.MeterNs, c.CPUPercent, float64(c.Events)/c.WindowS)
		})
	}
}

// TestMissed checks that the number of missed runs is the sum over the
// programs, and that it does not need the meter.
func TestMissed(t *testing.T) {
	requireCheck(t)
	target := startPingPong(t, "/proc/self/exe", nil)
	p, err := Open(Options{PIDs: []int{target.pid()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	target.burst()
	for _, l := range p.links { // freezes the numbers
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.links = nil
	var want uint64
	for _, program := range p.coll.Programs {
		s, err := program.Stats()
		if err != nil {
			t.Fatal(err)
		}
		want += s.RecursionMisses
	}
	if got, err := p.missed(); err != nil || got != want {
		t.Errorf("%d runs were missed, want %d (%v)", got, want, err)
	}
}

// BenchmarkMeter measures a system call with the probe attached, and with the
// kernel's meter on and off. The difference is the reason why the meter is off
// during a measurement.
func BenchmarkMeter(b *testing.B) {
	if err := Check(); err != nil {
		b.Skip(err)
	}
	p, err := Open(Options{PIDs: []int{unix.Getpid()}})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	call := func(b *testing.B) {
		for b.Loop() {
			unix.Getppid()
		}
	}
	b.Run("meter=off", call)
	meter, err := ebpf.EnableStats(unix.BPF_STATS_RUN_TIME)
	if err != nil {
		b.Skip(err)
	}
	defer meter.Close()
	b.Run("meter=on", call)
}
