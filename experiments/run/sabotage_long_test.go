//go:build long

package run

import (
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

	"lflab/experiments/record"
	"lflab/experiments/run/process"
)

// TestSabotageByOthers adds to TestSabotage the gates that notice other load on
// the processors. Each needs seconds without any other load.
func TestSabotageByOthers(t *testing.T) {
	twoCPUs := func() error {
		if cpus, err := ownCPUs(); err != nil || len(cpus) < 2 {
			return fmt.Errorf("this process may use %v: server and generator need a CPU each (%v)", cpus, err)
		}
		return nil
	}
	sabotages{
		{name: "generator with half a CPU", gate: "send_lag", sabotaged: throttled},
		{name: "quota of half a CPU, closed loop", gate: "throttled", closed: true, needs: quotas, sabotaged: underQuota},
		{name: "spinner on the server's CPU", gate: "other_load", place: "cross", needs: twoCPUs, sabotaged: besideSpinner},
	}.areNoticed(t)
}

// throttled runs the suite in a separate runner that gets half of the time, as
// under a quota of half a CPU: it is stopped for 20 ms and runs for 20 ms. The
// servers are separate processes and run on.
func throttled(t *testing.T, path string, only ...string) *record.Run {
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

// runner runs a suite in a separate process.
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
	r.cmd.Env = runnerEnv(t)
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	return r
}

// run returns the runner's results, after it has ended with err.
func (r *runner) run(t *testing.T, err error) *record.Run {
	t.Helper()
	if err != nil {
		t.Fatalf("%v: %s", err, r.stderr.String())
	}
	run, err := record.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// cpuHierarchy returns the directory below which control groups with CPU quotas
// can be made: v1's controller, or v2's root if quotas are enabled there. A
// test changes nothing outside the group that it makes.
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

// quotas returns why no CPU quota can be set here, or nil.
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

// underQuota runs suite and servers in a group with a quota of half a CPU.
func underQuota(t *testing.T, path string, only ...string) *record.Run {
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

func besideSpinner(t *testing.T, path string, only ...string) *record.Run {
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
