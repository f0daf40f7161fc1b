package lab

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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
name = "load"
connections = 4
LOOP
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
		probe, closed          bool
		needs                  func() error
		sabotaged              func(t *testing.T, dir string, only ...string) *Run
	}{
		{name: "generator with half a CPU", gate: "send_lag", sabotaged: throttled},
		{name: "quota of half a CPU, closed loop", gate: "throttled", closed: true, needs: quotas, sabotaged: underQuota},
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
			place, kind, mpm, loop := "free", "", "one", "rate = 800\narrivals = 'poisson'"
			if c.closed {
				loop = ""
			}
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
			path := writeSuite(t, strings.NewReplacer("PLACE", place, "PROBE", kind, "LOOP", loop).Replace(sabotagedSuite))

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
				if attempt == 20 && (c.gate == "other_load" || c.gate == "send_lag" || c.gate == "throttled") {
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
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	runner := startRunner(t, path, only...)
	for stop := true; ; stop = !stop {
		select {
		case err := <-runner.ended:
			return runner.run(t, err)
		case <-tick.C:
			sig := syscall.SIGCONT
			if stop {
				sig = syscall.SIGSTOP
			}
			_ = runner.cmd.Process.Signal(sig) // it may just have ended
		}
	}
}

// runner runs a suite in a process of its own.
type runner struct {
	cmd    *exec.Cmd
	dir    string
	stderr strings.Builder
	ended  chan error
}

func startRunner(t *testing.T, path string, only ...string) *runner {
	t.Helper()
	r := &runner{dir: filepath.Join(t.TempDir(), "out"), ended: make(chan error, 1)}
	r.cmd = exec.Command(os.Args[0], append([]string{"fake-runner", "new", path, r.dir}, only...)...)
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	return r
}

// run is what it has measured, when it has ended with err.
func (r *runner) run(t *testing.T, err error) *Run {
	t.Helper()
	if err != nil {
		t.Fatalf("%v: %s", err, r.stderr.String())
	}
	run, err := Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// cpuHierarchy is where control groups with CPU quotas can be made here: below
// v1's controller, or v2's root where groups may already have quotas. It changes
// nothing of the machine's but what is below the group that a test makes.
func cpuHierarchy() (dir string, v2 bool, err error) {
	if _, err := os.Stat("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"); err == nil {
		return "/sys/fs/cgroup/cpu", false, nil
	}
	enabled, err := os.ReadFile("/sys/fs/cgroup/cgroup.subtree_control")
	if err == nil && slices.Contains(strings.Fields(string(enabled)), "cpu") {
		return "/sys/fs/cgroup", true, nil
	}
	return "", false, errors.New("no control group with a CPU quota can be made here: neither v1's controller cpu nor v2's in cgroup.subtree_control")
}

// quotas tells why no CPU quota can be set here.
func quotas() error {
	dir, _, err := cpuHierarchy()
	if err != nil {
		return err
	}
	group := filepath.Join(dir, fmt.Sprintf("lflab-test-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return err
	}
	return os.Remove(group)
}

// underQuota runs the suite, its servers included, in a control group with a
// quota of half a CPU.
func underQuota(t *testing.T, path string, only ...string) *Run {
	dir, v2, err := cpuHierarchy()
	if err != nil {
		t.Fatal(err)
	}
	group := filepath.Join(dir, fmt.Sprintf("lflab-test-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(group); err != nil {
			t.Errorf("a control group is left behind: %v", err)
		}
	})
	set := func(name, value string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(group, name), []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
	if v2 {
		set("cpu.max", "10000 20000")
	} else {
		set("cpu.cfs_period_us", "20000")
		set("cpu.cfs_quota_us", "10000")
	}
	runner := startRunner(t, path, only...)
	set("cgroup.procs", strconv.Itoa(runner.cmd.Process.Pid))
	return runner.run(t, <-runner.ended)
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
