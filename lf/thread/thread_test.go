package thread

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// eventually polls until ok returns true, for something that happens soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func exists(tid int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid))
	return err == nil
}

func TestThreadIsItsOwn(t *testing.T) {
	var first, second int
	th := Start(Options{Name: "a-name-of-22-bytes-lo", CPU: AnyCPU}, func(th *Thread) {
		first = unix.Gettid()
		comm, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/comm", first))
		if err != nil || string(comm) != "a-name-of-22-by\n" {
			t.Errorf("name in the kernel %q (%v), want the first 15 bytes", comm, err)
		}
		if th.TID() != first {
			t.Errorf("TID %d within, want %d", th.TID(), first)
		}
		runtime.Gosched()
		second = unix.Gettid()
	})
	if err := th.Join(); err != nil {
		t.Fatal(err)
	}
	if first != second || th.TID() != first {
		t.Errorf("on thread %d, then on %d; TID %d", first, second, th.TID())
	}
	eventually(t, "the thread has left the kernel", func() bool { return !exists(first) })
}

func TestNeverTheFirstThread(t *testing.T) {
	before, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		th := Start(Options{Name: "another", CPU: AnyCPU}, func(*Thread) {})
		if err := th.Join(); err != nil {
			t.Fatal(err)
		}
		if th.TID() == os.Getpid() {
			t.Fatal("a thread is the first of the process")
		}
	}
	if after, err := os.ReadFile("/proc/self/comm"); err != nil || !bytes.Equal(before, after) {
		t.Errorf("name of the process was %q, is %q (%v)", before, after, err)
	}
}

// TestFirstThreadIsLeftAlone forces the case that TestNeverTheFirstThread
// leaves to chance: the goroutine to be locked is on the first thread, in a
// process whose first goroutine stays there.
func TestFirstThreadIsLeftAlone(t *testing.T) {
	if out, err := child(t).CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

const firstThreadTest = "TestFirstThreadIsLeftAlone"

func init() {
	if os.Getenv(childVar) == firstThreadTest {
		runtime.LockOSThread() // the goroutine that calls main is still on the first thread
	}
}

// TestMain lets the test binary be a process whose first goroutine starts
// threads. It fails the tests if a child is left.
func TestMain(m *testing.M) {
	if os.Getenv(childVar) == firstThreadTest {
		os.Exit(startFromFirstThread())
	}
	status := m.Run()
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		fmt.Printf("a child is left: wait4 %d, %v\n", pid, err)
		status = 1
	}
	os.Exit(status)
}

// startFromFirstThread returns the exit status of the process.
func startFromFirstThread() int {
	for range 5 {
		if unix.Gettid() != os.Getpid() {
			fmt.Println("the goroutine is not on the first thread: nothing is tested")
			return 1
		}
		th := &Thread{opt: Options{CPU: AnyCPU}, done: make(chan struct{})}
		ready := make(chan struct{})
		th.run(func(*Thread) {}, ready)
		<-ready
		if err := th.Join(); err != nil {
			fmt.Println(err)
			return 1
		}
		if th.TID() == os.Getpid() || th.TID() == 0 {
			fmt.Printf("the thread is %d, the first of the process %d\n", th.TID(), os.Getpid())
			return 1
		}
	}
	return 0
}

func TestPin(t *testing.T) {
	all := CPUs()
	for _, cpu := range all {
		th := Start(Options{CPU: cpu}, func(*Thread) {
			var set unix.CPUSet
			if err := unix.SchedGetaffinity(0, &set); err != nil {
				t.Error(err)
			}
			if set.Count() != 1 || !set.IsSet(cpu) {
				t.Errorf("may run on %d CPUs, want CPU %d alone", set.Count(), cpu)
			}
			if got := CPUs(); !slices.Equal(got, all) {
				t.Errorf("CPUs() of a pinned thread: %v, want the process's %v", got, all)
			}
		})
		if err := th.Join(); err != nil {
			t.Error(err)
		}
	}
}

func TestPinRefused(t *testing.T) {
	for _, cpu := range []int{-2, 100_000, CPUs()[len(CPUs())-1] + 1} {
		th := Start(Options{CPU: cpu}, func(*Thread) { t.Error("runs all the same") })
		want := fmt.Sprintf("pin thread to CPU %d (want one of %v)", cpu, CPUs())
		if err := th.Join(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestOthersArePinnedToNothing looks at all remaining threads after pinned ones
// have come and gone.
func TestOthersArePinnedToNothing(t *testing.T) {
	all := CPUs()
	if len(all) < 2 {
		t.Skip("this process may run on one CPU only: pinned looks like not pinned")
	}
	for range 20 {
		th := Start(Options{CPU: all[0]}, func(*Thread) {})
		if err := th.Join(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the thread has left the kernel", func() bool { return !exists(th.TID()) })
	}
	for _, tid := range threads(t) {
		var set unix.CPUSet
		switch err := unix.SchedGetaffinity(tid, &set); {
		case errors.Is(err, unix.ESRCH):
		case err != nil:
			t.Error(err)
		case set.Count() != len(all):
			t.Errorf("thread %d may run on %d CPUs, want %d", tid, set.Count(), len(all))
		}
	}
}

func TestGoexit(t *testing.T) {
	th := Start(Options{CPU: AnyCPU}, func(*Thread) { runtime.Goexit() })
	select {
	case <-th.Done():
	case <-time.After(time.Minute):
		t.Fatal("not done after Goexit")
	}
}

// TestPanicEndsTheProcess waits in Join for a thread that panics. The process
// must die of the panic itself.
func TestPanicEndsTheProcess(t *testing.T) {
	if os.Getenv(childVar) == t.Name() {
		_ = Start(Options{CPU: AnyCPU}, func(*Thread) { panic("out of order") }).Join()
		os.Exit(0)
	}
	out, err := child(t).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 2 {
		t.Errorf("ended with %v, want exit status 2", err)
	}
	if !strings.Contains(string(out), "panic: out of order") || !strings.Contains(string(out), "TestPanicEndsTheProcess.func") {
		t.Errorf("no trace of the panic and where it was:\n%s", out)
	}
}

// TestReserve checks that reservations add up, and that returning the last one
// restores GOMAXPROCS to its value before the first.
func TestReserve(t *testing.T) {
	alone(t, func(t *testing.T) {
		want := func(what string, n int) {
			t.Helper()
			if now := runtime.GOMAXPROCS(0); now != n {
				t.Errorf("GOMAXPROCS is %d %s, want %d", now, what, n)
			}
		}
		runtime.GOMAXPROCS(3)
		none := Reserve(0)
		want("with 0 threads", 3)
		one := Reserve(1)
		want("with 1 thread", 4)
		nine := Reserve(9)
		want("with 10 threads", 13)
		one()
		one()
		want("with 9 threads", 12)
		nine()
		want("with 0 threads again", 3)
		none()
		want("at the end", 3)

		first, second := Reserve(2), Reserve(4)
		runtime.GOMAXPROCS(2) // the program sets a value itself
		first()
		want("set meanwhile", 2)
		third := Reserve(1)
		want("with 5 threads", 8)
		second()
		third()
		want("after the program's choice", 2)
		last := Reserve(3)
		runtime.GOMAXPROCS(20)
		last()
		want("set higher meanwhile", 20)
	})
}

func TestSwitches(t *testing.T) {
	const sleeps = 20
	th := Start(Options{CPU: AnyCPU}, func(th *Thread) {
		before, _, err := Switches(th.TID())
		if err != nil {
			t.Error(err)
		}
		for range sleeps {
			if _, err := unix.Poll(nil, 1); err != nil && !errors.Is(err, unix.EINTR) {
				t.Error(err)
			}
		}
		after, _, err := Switches(th.TID())
		if err != nil {
			t.Error(err)
		}
		// A thread that is preempted on its way to sleep may not need to sleep.
		// Reading the file may block too, but less often.
		if n := after - before; n < sleeps/2 || n > 10*sleeps {
			t.Errorf("%d voluntary switches in %d sleeps", n, sleeps)
		}
	})
	if err := th.Join(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no switches of a thread that has ended", func() bool {
		_, _, err := Switches(th.TID())
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH)
	})
	if _, err := statusField("a:\t1\n", "b"); err == nil {
		t.Error("a field that is not there was found")
	}
	if n, err := statusField("voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n", "nonvoluntary_ctxt_switches"); n != 3 || err != nil {
		t.Errorf("field read as %d, %v, want 3", n, err)
	}
}
