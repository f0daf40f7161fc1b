package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/lab/process"
	"lflab/experiments/machine"
	"lflab/experiments/probe"
)

const sabotagedSuite = `
title = "Sabotaged"
question = "Is it noticed?"
repeat = 2
[axes]
mpm = ["one", "slams"]
mode = ["keepalive"]
place = ["PLACE"]
[[phase]]
name = "open"
connections = 4
rate = 800
arrivals = "poisson"
warmup = "20ms"
duration = "300ms"
PROBE
`

// What can go wrong with a measurement is done to one on purpose: the gate that
// is there for it must fail in every trial, the trials are kept and marked, and
// no table counts them. Without the sabotage the same gate passes.
func TestSabotage(t *testing.T) {
	twoCPUs := func() error {
		if cpus, err := ownCPUs(); err != nil || len(cpus) < 2 {
			return fmt.Errorf("this process may use %v: server and generator need a CPU each (%v)", cpus, err)
		}
		return nil
	}
	for _, c := range []struct {
		name, gate, place, mpm string
		probe                  bool
		needs                  func() error
		sabotaged              func(t *testing.T, dir string, only ...string) *Run
	}{
		{name: "generator with half a CPU", gate: "send_lag", sabotaged: throttled},
		{name: "spinner on the server's CPU", gate: "other_load", place: "cross", needs: twoCPUs, sabotaged: besideSpinner},
		{name: "clock step", gate: "clock_step", sabotaged: clockStep},
		{name: "probe ring too small", gate: "probe_lost", probe: true, needs: probe.Check, sabotaged: smallRing},
		{name: "server that closes 1 % of the connections", gate: "errors", mpm: "slams", sabotaged: plain},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.needs != nil {
				if err := c.needs(); err != nil {
					if c.probe && os.Getenv("LFLAB_REQUIRE_BPF") != "" {
						t.Fatal(err)
					}
					t.Skip(err)
				}
			}
			place, kind, mpm := "free", "", "one"
			if c.place != "" {
				place = c.place
			}
			if c.probe {
				kind = `probe = "records"`
			}
			if c.mpm != "" {
				mpm = c.mpm
			}
			_, noneLeft := pids(t)
			path := writeSuite(t, strings.NewReplacer("PLACE", place, "PROBE", kind).Replace(sabotagedSuite))

			r := c.sabotaged(t, path, "mpm="+mpm)
			if len(r.Trials) != 2 {
				t.Fatalf("%d trials", len(r.Trials))
			}
			for i := range r.Trials {
				tr := &r.Trials[i]
				if passes(tr, c.gate) || tr.Failed || tr.Valid() {
					t.Errorf("not noticed: failed %v %q, gates %+v", tr.Failed, tr.Failure, tr.Gates)
				}
			}
			for _, row := range r.Rows() {
				if row.Trials != 2 || row.Valid != 0 || len(row.Measured) != 0 {
					t.Errorf("row %+v counts what was sabotaged", row)
				}
			}
			var bench bytes.Buffer
			if err := r.writeBench(&bench); err != nil || strings.Contains(bench.String(), "BenchmarkTrial") {
				t.Errorf("bench.txt counts what was sabotaged: %v\n%s", err, bench.String())
			}

			// Others may disturb the control, too: then once more.
			for attempt := 0; ; attempt++ {
				r = plain(t, path, "mpm=one")
				if slices.ContainsFunc(r.Trials, func(tr Trial) bool { return !tr.Failed && passes(&tr, c.gate) }) {
					break
				}
				if attempt == 20 && (c.gate == "other_load" || c.gate == "send_lag") {
					t.Skipf("sabotage was noticed, but other programs keep this machine too busy for a control: %+v", r.Trials[0].Gates)
				}
				if attempt == 20 {
					t.Fatalf("without sabotage the gate never passes: %+v", r.Trials[0].Gates)
				}
			}
			noneLeft()
		})
	}
}

// passes reports whether the gate is there and passed.
func passes(t *Trial, gate string) bool {
	i := slices.IndexFunc(t.Gates, func(g Gate) bool { return g.Name == gate })
	return i >= 0 && t.Gates[i].OK
}

// sabotage runs a suite in this process after do has been done to it.
func sabotage(t *testing.T, path string, only []string, do func(x *Experiment)) *Run {
	t.Helper()
	x, err := New(openFile(t, path), Options{Dir: filepath.Join(t.TempDir(), "out"), Only: only, Serve: fakeCommand()})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	do(x)
	r, err := x.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func plain(t *testing.T, path string, only ...string) *Run {
	return sabotage(t, path, only, func(*Experiment) {})
}

// throttled runs the suite in a runner of its own that gets half of the time, as
// under a quota of half a CPU: it is stopped for 20 ms and runs for 20 ms. The
// servers, which are processes of their own, are left alone.
func throttled(t *testing.T, path string, only ...string) *Run {
	dir := filepath.Join(t.TempDir(), "out")
	runner := exec.Command(os.Args[0], append([]string{"fake-runner", "new", path, dir}, only...)...)
	var stderr strings.Builder
	runner.Stderr = &stderr
	if err := runner.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- runner.Wait() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for stop := true; ; stop = !stop {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			r, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			return r
		case <-tick.C:
			sig := syscall.SIGCONT
			if stop {
				sig = syscall.SIGSTOP
			}
			_ = runner.Process.Signal(sig) // it may just have ended
		}
	}
}

func besideSpinner(t *testing.T, path string, only ...string) *Run {
	cpus, err := ownCPUs()
	if err != nil {
		t.Fatal(err)
	}
	spinner, err := process.Start([]string{os.Args[0], "fake-spin"}, cpus[1])
	if err != nil {
		t.Fatal(err)
	}
	defer spinner.Kill()
	if _, err := spinner.FirstLine(t.Context(), readyAfter); err != nil {
		t.Fatal(err)
	}
	return plain(t, path, only...)
}

// clockStep sets the clock by 2 ms during each trial: to this process, for the
// machine has others on it.
func clockStep(t *testing.T, path string, only ...string) *Run {
	return sabotage(t, path, only, func(x *Experiment) {
		steps := int64(0)
		x.clocks = func() (monotonic, real int64) {
			steps++
			monotonic, real = machine.Clocks()
			return monotonic, real + 2e6*steps
		}
	})
}

func smallRing(t *testing.T, path string, only ...string) *Run {
	return sabotage(t, path, only, func(x *Experiment) { x.ring = os.Getpagesize() })
}
