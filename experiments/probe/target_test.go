package probe

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// state returns the state letter in /proc/PID/stat.
func state(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

func TestFind(t *testing.T) {
	self, err := Find(os.Getpid())
	if err != nil || self.PID != os.Getpid() {
		t.Fatalf("found %+v: %v", self, err)
	}
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	if self.Comm != strings.TrimSpace(string(comm)) {
		t.Errorf("the name is %q, want %q", self.Comm, comm)
	}

	ended := exec.Command("true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	zombie := ended.Process.Pid
	waitFor(t, "a process to end", func() bool { return state(zombie) == "Z" })
	for _, c := range []struct {
		pid  int
		want string
	}{
		{0, "process id 0 is not allowed"},
		{-1, "process id -1 is not allowed"},
		{1 << 30, "no process 1073741824 ("},
		{zombie, fmt.Sprintf("process %d (true) has ended, but its parent", zombie)},
	} {
		if _, err := Find(c.pid); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("process %d: %v, want %q", c.pid, err, c.want)
		}
		if p, err := Open(Options{PIDs: []int{c.pid}}); err == nil || !strings.Contains(err.Error(), c.want) {
			p.Close()
			t.Errorf("Open of process %d: %v, want %q", c.pid, err, c.want)
		}
	}
	if err := ended.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(zombie); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("no process %d (", zombie)) {
		t.Errorf("a process that was waited for: %v", err)
	}
}

func TestFindRefusesAThread(t *testing.T) {
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	threads := 0
	for _, task := range tasks {
		tid, err := strconv.Atoi(filepath.Base(task))
		if err != nil {
			t.Fatal(err)
		}
		if tid == os.Getpid() {
			continue
		}
		threads++
		want := fmt.Sprintf("%d is a thread of process %d: probe that (-p %d)", tid, os.Getpid(), os.Getpid())
		if _, err := Find(tid); err == nil || err.Error() != want {
			t.Errorf("thread %d: %v, want %q", tid, err, want)
		}
	}
	if threads == 0 {
		t.Error("this process has a single thread")
	}
}

func TestFindRefusesAKernelThread(t *testing.T) {
	if comm, err := os.ReadFile("/proc/2/comm"); err != nil || strings.TrimSpace(string(comm)) != "kthreadd" {
		t.Skip("process 2 is not a kernel thread in this pid namespace")
	}
	if _, err := Find(2); err == nil || !strings.Contains(err.Error(), "process 2 (kthreadd) is a kernel thread") {
		t.Errorf("a kernel thread: %v", err)
	}
}

// TestFindOddName checks a process whose name looks like the fields after it.
func TestFindOddName(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a) Z (b")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(sleep, name); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if got, err := Find(cmd.Process.Pid); err != nil || got.Comm != "a) Z (b" {
		t.Errorf("found %+v: %v", got, err)
	}
}

// TestFindHeadless checks that a process counts as alive if only its first
// thread has ended.
func TestFindHeadless(t *testing.T) {
	c := startChild(t, "/proc/self/exe", "headless", nil)
	c.expect("true") // it runs on its first thread
	waitFor(t, "the first thread to end", func() bool { return state(c.pid()) == "Z" })
	if _, err := Find(c.pid()); err != nil {
		t.Error(err)
	}
	requireCheck(t)
	p, err := Open(Options{PIDs: []int{c.pid()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if counts, err := p.counts(); err != nil || counts.Threads < 2 {
		t.Errorf("%d threads are followed, want the first and others (%v)", counts.Threads, err)
	}
}

// TestOtherPIDNamespace probes a process in its own PID namespace by the
// process ID that it has outside.
func TestOtherPIDNamespace(t *testing.T) {
	requireRoot(t)
	target := startPingPong(t, "/proc/self/exe", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS})
	own, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", target.pid())); err != nil || theirs == own {
		t.Fatalf("the target is in %s, this process in %s (%v)", theirs, own, err)
	}
	p, err := Open(Options{PIDs: []int{target.pid()}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	target.burst()
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	counts, err := p.Counts()
	if err != nil {
		t.Fatal(err)
	}
	if counts["wakes_issued"] < burst || counts["dropped_threads"] > 0 {
		t.Errorf("%d turns in another pid namespace: %v", burst, counts)
	}
}

// TestProbeInPIDNamespace runs the probe in a PID namespace, where process IDs
// differ from the kernel's own, and names the target by its ID in that
// namespace.
func TestProbeInPIDNamespace(t *testing.T) {
	requireRoot(t)
	prober := startChild(t, "/proc/self/exe", "probe", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}, procVariable+"=yes")
	begin := hear[opened](prober)
	if begin.Err != "" || begin.Check != "" {
		t.Fatalf("Open says %q, Check %q", begin.Err, begin.Check)
	}
	if begin.PID >= prober.pid() {
		t.Fatalf("the target is process %d in there, the probe %d out here", begin.PID, prober.pid())
	}
	prober.order("end")
	checkMeasured(t, hear[measured](prober), true)
}

// TestForeignProc mounts the procfs of another PID namespace: there the process
// ID that the user sees is not the one that the kernel would look for.
func TestForeignProc(t *testing.T) {
	requireRoot(t)
	prober := startChild(t, "/proc/self/exe", "probe", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}, targetVariable+"="+strconv.Itoa(os.Getpid()))
	if begin := hear[opened](prober); !strings.Contains(begin.Err, "/proc shows another pid namespace") || !strings.Contains(begin.Err, "mount -t proc proc /proc") {
		t.Errorf("Open says %q", begin.Err)
	}
}
