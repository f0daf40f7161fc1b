package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lflab/experiments/machine"
	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

const (
	grace      = 2 * time.Second // for servers to let connections end
	ending     = 3 * time.Second // and to end then, on a busy machine
	readyAfter = 15 * time.Second
	dying      = 5 * time.Second // for a server that hung up to end by itself
)

// trial runs one trial from the start of its process to its end. Any fault of
// the server or the load makes a failed trial; an error is a fault of the
// runner itself.
func (x *Experiment) trial(ctx context.Context, p record.Planned, order int) (*record.Trial, error) {
	t := &record.Trial{ID: p.ID, Suite: x.Manifest.Suite, Cell: p.Cell, Repetition: p.Repetition, Makeup: p.Makeup, Order: order, MeasuredAs: x.measuredAs(p.Cell), Started: time.Now()}
	mono, real := x.clocks()
	var err error
	if sub, axis := x.suite.Subject(p.Cell); sub != nil && sub.Parse != nil {
		err = x.runCommand(ctx, t, sub)
	} else {
		err = x.runServer(ctx, t, sub, axis)
	}
	mono2, real2 := x.clocks()
	t.DurationS = time.Since(t.Started).Seconds()
	t.Gates = append(t.Gates, clockGate((real2-real)-(mono2-mono)))
	if err != nil {
		t.Failed, t.Failure = true, err.Error()
	}
	return t, nil
}

// serveArgs returns the command of one of our own servers. sub, selected by
// axis, is a subject with flags of its own, or nil.
func (x *Experiment) serveArgs(sub *suite.Subject, axis string, cell record.Cell) []string {
	argv := append(slices.Clone(x.opts.Serve), "--listen=127.0.0.1:0", "--lab", "--grace="+grace.String())
	for _, a := range x.suite.Axes {
		if x.suite.IsFlag(a.Name) && (sub == nil || a.Name != axis && !hasFlag(sub.Serve, a.Name)) {
			argv = append(argv, "--"+a.Name+"="+cell[a.Name])
		}
	}
	values := x.values(sub, cell)
	for _, f := range x.serverFlags(sub) {
		argv = append(argv, "--"+f.Name+"="+f.Fill(values))
	}
	return argv
}

// serverFlags returns the subject's flags and the suite's that it lacks.
func (x *Experiment) serverFlags(sub *suite.Subject) []suite.Flag {
	if sub == nil {
		return x.suite.Server
	}
	flags := slices.Clone(sub.Serve)
	for _, f := range x.suite.Server {
		if !hasFlag(sub.Serve, f.Name) {
			flags = append(flags, f)
		}
	}
	return flags
}

func hasFlag(flags []suite.Flag, name string) bool {
	return slices.ContainsFunc(flags, func(f suite.Flag) bool { return f.Name == name })
}

// values returns the values of the placeholders in a subject's command and in
// flags. sub may be nil.
func (x *Experiment) values(sub *suite.Subject, cell record.Cell) map[string]string {
	v := map[string]string{"self": x.opts.Serve[0], "cpus": strconv.Itoa(x.Manifest.Before.CPUs), "docroot": x.docRoot}
	if sub != nil {
		v["bin"], v["needs"] = x.built[sub.Name], x.found[sub.Name]
	}
	for _, f := range x.suite.Server {
		v[f.Name] = f.Fill(v)
	}
	maps.Copy(v, cell)
	return v
}

// runServer starts the server of a cell, runs the phases on it and ends it.
func (x *Experiment) runServer(ctx context.Context, t *record.Trial, sub *suite.Subject, axis string) (err error) {
	var address string
	start, ours := process.Start, sub == nil || sub.Serve != nil
	if !ours {
		start = process.StartServer // it may move into the background
	}
	if ours {
		t.Command = x.serveArgs(sub, axis, t.Cell)
	} else {
		port, err := process.FreePort()
		if err != nil {
			return err
		}
		values := x.values(sub, t.Cell)
		values["port"] = strconv.Itoa(port)
		if err := x.makeTemp(); err != nil {
			return fmt.Errorf("configure %s: %w", sub.Name, err)
		}
		remove, err := configure(x.temp, sub, values)
		if err != nil {
			return err
		}
		defer remove() // after the server has ended
		t.Command, address = sub.Argv(values), fmt.Sprintf("127.0.0.1:%d", port)
	}
	cpus, err := placeOf(t.Cell)
	if err != nil {
		return err
	}
	spinners, err := x.keepAwake(t.Cell)
	if err != nil {
		return err
	}
	defer spinners.end()
	programs := loadPrograms(x.firstProbe(t.Cell), x.ring) // while the server starts, which takes as long
	defer programs.close()
	server, err := start(t.Command, cpus.server...)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = server.Stop(grace + ending)
		} else {
			server.Kill()
		}
	}()
	if ours {
		line, err := server.FirstLine(ctx, readyAfter)
		if err != nil {
			return err
		}
		var ok bool
		if address, ok = strings.CutPrefix(line, "listening on "); !ok {
			return fmt.Errorf("%s says %q first, not where it listens", t.Command[0], line)
		}
	} else if err := server.Accepting(ctx, address, sub.Ready); err != nil {
		return err
	}
	s := &session{server: server, address: address, mode: t.Cell["mode"], ours: ours, shape: x.shape(sub, t.Cell),
		seed: x.Manifest.Seed + uint64(t.Repetition), meter: process.NewMeter(server.Root()), cpus: cpus.generator, spinners: spinners, ring: x.ring, programs: programs}
	if !ours || hasFlag(x.serverFlags(sub), "start-servers") { // it may have children
		if err := s.meter.Settle(ctx, readyAfter); err != nil {
			return err
		}
	}
	programs.wait() // loading would disturb the first phase
	for _, phase := range x.Manifest.Phases {
		phase = x.phaseIn(phase, t.Cell)
		if phase.Handoff != "" {
			r, err := x.pingPong(ctx, phase)
			if err != nil {
				return fmt.Errorf("phase %s: %w", phase.Name, err)
			}
			t.Phases = append(t.Phases, *r)
			continue
		}
		r, gates, err := s.phase(ctx, phase)
		if mayBeDying(err) { // the server may be ending; wait to learn how
			select {
			case <-server.Ended():
			case <-time.After(dying): // it lives
			case <-ctx.Done():
			}
		}
		select {
		case <-server.Ended(): // says more than a refused connection
			return fmt.Errorf("phase %s: %w", phase.Name, errors.Join(server.EndedEarly(), err))
		default:
		}
		if err != nil {
			return fmt.Errorf("phase %s: %w", phase.Name, err)
		}
		t.Phases = append(t.Phases, *r)
		t.Gates = append(t.Gates, gates...)
	}
	return nil
}

// mayBeDying reports whether an error may come from a server that is ending and
// whose process still exists.
func mayBeDying(err error) bool {
	return slices.ContainsFunc([]error{process.ErrGone, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, io.EOF, io.ErrUnexpectedEOF},
		func(sign error) bool { return errors.Is(err, sign) })
}

// runCommand runs a command and reads the figure that it prints.
func (x *Experiment) runCommand(ctx context.Context, t *record.Trial, sub *suite.Subject) error {
	t.Command = sub.Argv(x.values(sub, t.Cell))
	began, own := time.Now(), machine.OwnCPU()
	busy, err := machine.ReadCPUTime()
	if err != nil {
		return err
	}
	p, err := process.StartHeld(t.Command)
	if err != nil {
		return err
	}
	defer p.Kill()
	phase := x.Manifest.Phases[0]
	w, err := loadPrograms(probeIn(t.Cell, phase), x.ring).watch([]int{p.PID()}, sub.Shape)
	if err != nil {
		return err
	}
	defer w.close()
	w.start()
	p.Go()
	out, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	w.stop()
	d, err := parseFigure(sub.Parse, out)
	if err != nil {
		return fmt.Errorf("%s: %w", t.Command[0], err)
	}
	after, err := machine.ReadCPUTime()
	if err != nil {
		return err
	}
	wall := time.Since(began)
	r := record.PhaseResult{Name: phase.Name, Started: began, DurationS: wall.Seconds(), H: &d}
	t.Gates = lostGates(phase.Name, busy, after, machine.OwnCPU()-own+p.CPU(), wall)
	if err := w.into(&r); err != nil {
		return err
	}
	if r.Probe != nil {
		g := probeGate(r.Probe.Lost)
		g.Phase = phase.Name
		t.Gates = append(t.Gates, g)
	}
	t.Phases = []record.PhaseResult{r}
	return nil
}

// parseFigure finds the fields of a distribution in a command's output. Fields
// that it does not print stay 0.
func parseFigure(re *regexp.Regexp, out string) (d stats.Dist, err error) {
	m := re.FindStringSubmatch(out)
	if m == nil {
		return d, fmt.Errorf("no figure in the output %q (looked for: %s)", strings.TrimSpace(out), re)
	}
	fields := map[string]*float64{"mean": &d.Mean, "p50": &d.P50, "p90": &d.P90, "p99": &d.P99, "p999": &d.P999, "max": &d.Max}
	for i, group := range re.SubexpNames() {
		if group == "" || m[i] == "" {
			continue
		}
		v, err := strconv.ParseFloat(m[i], 64)
		if err != nil {
			return d, fmt.Errorf("figure %s in the output is %q, not a number", group, m[i])
		}
		if group == "count" {
			d.Count = int64(v)
		} else {
			*fields[group] = v
		}
	}
	return d, nil
}
