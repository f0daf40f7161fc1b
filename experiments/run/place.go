package run

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"golang.org/x/sys/unix"

	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/suite"
)

// place holds the CPUs of server and load generator; empty means any.
type place struct{ server, generator []int }

// placeOf returns the CPUs for the cell's value on the axis "place".
func placeOf(cell record.Cell) (place, error) {
	want := cell[suite.PlaceAxis]
	if want == "" || want == suite.PlaceFree {
		return place{}, nil
	}
	cpus, err := ownCPUs()
	switch {
	case err != nil:
		return place{}, err
	case want == suite.PlaceSame:
		return place{cpus[:1], cpus[:1]}, nil
	case len(cpus) < 2:
		return place{}, errors.New("place cross needs two CPUs, and this process may use one")
	}
	return place{server: cpus[1:2], generator: cpus[:1]}, nil
}

// ownCPUs returns the CPUs on which this process may run.
func ownCPUs() (cpus []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(unix.Getpid(), &set); err != nil {
		return nil, fmt.Errorf("read this process's CPUs: %w", err)
	}
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// spinners keep the CPUs from becoming idle.
type spinners struct {
	process *process.Process
	meter   *process.Meter
}

// SpinnerCommand is the argument that makes this program spin. The program then
// writes a line when it has begun, and spins until it is killed.
const SpinnerCommand = "idle-spinner"

// keepAwake starts the spinners if the cell's value on the axis "idle" asks for
// them, and returns nil otherwise.
func (x *Experiment) keepAwake(cell record.Cell) (*spinners, error) {
	if cell[suite.IdleAxis] != suite.IdleSpinner {
		return nil, nil
	}
	p, err := process.Start([]string{x.opts.Serve[0], SpinnerCommand})
	if err != nil {
		return nil, err
	}
	if _, err := p.FirstLine(context.Background(), readyAfter); err != nil {
		p.Kill()
		return nil, err
	}
	s := &spinners{process: p, meter: process.NewMeter(p.Root())}
	if err := s.meter.Discover(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// cpu returns the spinners' CPU time, which does not count as other load.
func (s *spinners) cpu() (time.Duration, error) {
	if s == nil {
		return 0, nil
	}
	now, err := s.meter.Sample()
	return now.CPU(), err
}

func (s *spinners) end() {
	if s != nil {
		s.process.Kill()
	}
}

// phaseIn returns the load of a phase in a cell.
func (x *Experiment) phaseIn(p record.Phase, cell record.Cell) record.Phase {
	if len(p.Axes) > 0 {
		probe := p.Probe // empty, whatever the suite says, if it is not allowed here
		p = x.suite.In(p, cell).Scaled(x.Manifest.Scale)
		p.Probe = probe
	}
	p.Probe = probeIn(cell, p)
	return p
}

// pingPongRounds take about 50 ms if each interrupts another CPU.
const pingPongRounds = 3000

var pingPongFigure = regexp.MustCompile(`(?P<mean>[0-9.]+) ns one way mean, p50 (?P<p50>[0-9.]+) ns, p90 (?P<p90>[0-9.]+) ns, p99 (?P<p99>[0-9.]+) ns`)

// pingPong measures a hand-off between two threads in a separate process, on
// the same machine as the loads before and after it.
func (x *Experiment) pingPong(ctx context.Context, p record.Phase) (*record.PhaseResult, error) {
	began := time.Now()
	command, err := process.Start([]string{x.opts.Serve[0], "handoff", "--primitive", p.Handoff, "--place", p.HandoffPlace, "--rounds", fmt.Sprint(pingPongRounds)})
	if err != nil {
		return nil, err
	}
	defer command.Kill()
	out, err := command.Wait(ctx)
	if err != nil {
		return nil, err
	}
	d, err := parseFigure(pingPongFigure, out)
	if err != nil {
		return nil, err
	}
	d.Count = pingPongRounds
	return &record.PhaseResult{Name: p.Name, Started: began, DurationS: time.Since(began).Seconds(), H: &d}, nil
}
