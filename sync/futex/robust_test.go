package futex

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/cas"
)

// childDoes is an environment variable that tells a child process of these
// tests what to do with the lock in descriptor 3.
const childDoes = "FUTEX_TEST_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childDoes); what != "" {
		child(what)
	}
	status := m.Run()
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		fmt.Printf("a child is left: wait4 %d, %v\n", pid, err)
		status = 1
	}
	os.Exit(status)
}

// full is true during a long test.
var full bool

// scaled returns the number of rounds: quick in ordinary runs, many in long
// tests.
func scaled(quick, many uint32) uint32 {
	switch {
	case full:
		return many
	case testing.Short():
		return quick / 4
	}
	return quick
}

// child never returns: it is killed, or exits when its parent's end of the pipe
// is closed.
func child(what string) {
	runtime.LockOSThread()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the parent ends
		os.Exit(1)
	}()
	lock, err := NewRobust(3)
	for first := true; err == nil; first = false {
		_, err = lock.Lock()
		switch {
		case err != nil:
		case what == "hold":
			fmt.Println("holds")
			select {}
		default:
			for range 2000 { // it owns the lock most of the time
				cas.Pause()
			}
			lock.Unlock()
			if first {
				fmt.Println("loops")
			}
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// spawn starts a child and waits until it reports that it does what it should.
// kill kills it.
func spawn(t *testing.T, file *os.File, what, says string) (kill func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childDoes+"="+what)
	c.ExtraFiles = []*os.File{file}
	in, errIn := c.StdinPipe()
	out, errOut := c.StdoutPipe()
	if err := errors.Join(errIn, errOut, c.Start()); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		if c.ProcessState != nil {
			return
		}
		_ = c.Process.Kill()
		_ = c.Wait()
		in.Close()
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != says+"\n" {
		t.Fatalf("child process says %q, %v; want %q", line, err, says)
	}
	return kill
}

// newRobust makes a lock, and the file that other processes map.
func newRobust(t *testing.T) (*Robust, *os.File) {
	t.Helper()
	fd, err := unix.MemfdCreate("futex-test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skipf("memfd_create: %v", err)
	}
	file := os.NewFile(uintptr(fd), "futex-test")
	t.Cleanup(func() { file.Close() })
	lock, err := NewRobust(fd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			return // a thread may wait on it
		}
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
	})
	own(func() {
		if _, err = lock.Lock(); err == nil {
			lock.Unlock()
		}
	}).ends(t)
	switch {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	return lock, file
}

// lockOnce takes and releases the lock, and returns whether it was recovered.
func lockOnce(t *testing.T, lock *Robust) (recovered bool) {
	recovered, err := lock.Lock()
	if err != nil {
		t.Error(err)
		return false
	}
	lock.Unlock()
	return recovered
}

// TestRobustOwnerProcessDies kills the process that owns the lock, with and
// without a waiting thread in this process.
func TestRobustOwnerProcessDies(t *testing.T) {
	for _, waits := range []bool{true, false} {
		t.Run(fmt.Sprintf("waiting=%v", waits), func(t *testing.T) {
			lock, file := newRobust(t)
			kill := spawn(t, file, "hold", "holds")
			if !waits {
				kill()
			}
			var recovered, again bool
			o := own(func() {
				recovered = lockOnce(t, lock)
				again = lockOnce(t, lock)
			})
			if waits {
				o.waits(t, lock.Word())
				kill()
			}
			o.ends(t)
			if !recovered || again {
				t.Errorf("recovered: %v, and once more: %v; want true, false", recovered, again)
			}
			if got := lock.Word().Load() &^ Waiters; got != 0 {
				t.Errorf("word %#x at the end, want 0", got)
			}
		})
	}
}

// TestRobustKilledAnywhere kills processes at any point of Lock and Unlock,
// waiting and woken ones among them. The lock must still work.
//
// At least one must die as the owner. The lock has an owner at nearly all
// times, one of at most three in turn, so each death hits the owner with a
// chance of about a third. If it were a tenth, 100 more rounds of two deaths
// would all miss it with a chance of 0.9^200, about 10^-9. Most runs need no
// more rounds.
func TestRobustKilledAnywhere(t *testing.T) {
	least := int(scaled(4, 100))
	lock, file := newRobust(t)
	died, rounds := 0, 0
	count := func(recovered bool) {
		if recovered {
			died++
		}
	}
	for ; rounds < least || died == 0 && rounds < least+100; rounds++ {
		kills := []func(){spawn(t, file, "loop", "loops"), spawn(t, file, "loop", "loops")}
		for _, kill := range kills {
			var killed atomic.Bool
			o := own(func() {
				for !killed.Load() {
					count(lockOnce(t, lock))
				}
			})
			kill()
			killed.Store(true)
			o.ends(t)
		}
		own(func() { count(lockOnce(t, lock)) }).ends(t)
		if got := lock.Word().Load() &^ Waiters; got != 0 {
			t.Fatalf("word %#x with all processes dead and the lock given up, want 0", got)
		}
	}
	t.Logf("%d of %d processes died as owners", died, 2*rounds)
	if died == 0 {
		t.Error("the lock was never recovered, and its owners are it most of the time")
	}
}

// TestRobustOwnerThreadEnds checks recovery from an owner thread within one
// process, whose thread ID may be used again.
func TestRobustOwnerThreadEnds(t *testing.T) {
	lock, _ := newRobust(t)
	for i := range 10 {
		dies(t, func() {
			if _, err := lock.Lock(); err != nil {
				t.Error(err)
			}
		})
		if got, want := lock.Word().Load(), uint32(OwnerDied); got != want {
			t.Fatalf("round %d: word %#x after the owner's end, want %#x", i, got, want)
		}
		own(func() {
			if !lockOnce(t, lock) {
				t.Errorf("round %d: not recovered", i)
			}
		}).ends(t)
	}
}

// TestRobustListsAreUsedAgain starts more threads, one after the other, than
// there may be lists.
func TestRobustListsAreUsedAgain(t *testing.T) {
	lock, _ := newRobust(t)
	for range 100 {
		own(func() { lockOnce(t, lock) }).ends(t)
	}
	all, err := threads()
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for i := range all {
		if all[i].tid.Load() != 0 {
			used++
		}
	}
	if used > 50 {
		t.Errorf("%d lists used by 100 threads that lived one after the other", used)
	}
}

// TestRobustSeveral lets a thread own two locks, release them in each order,
// and end as the owner of both.
func TestRobustSeveral(t *testing.T) {
	a, _ := newRobust(t)
	b, _ := newRobust(t)
	both := func() {
		for _, lock := range []*Robust{a, b} {
			if _, err := lock.Lock(); err != nil {
				t.Error(err)
			}
		}
	}
	own(func() {
		both()
		for _, lock := range []*Robust{a, b} {
			if _, err := lock.Lock(); err == nil {
				t.Error("a thread was given a lock that it owns")
			}
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("Unlock of the lock that was taken first: no panic")
				}
			}()
			a.Unlock()
		}()
		b.Unlock()
		a.Unlock()
		lockOnce(t, a)
		lockOnce(t, b)
	}).ends(t)
	dies(t, both)
	for name, lock := range map[string]*Robust{"first": a, "last": b} {
		if got, want := lock.Word().Load(), uint32(OwnerDied); got != want {
			t.Errorf("word %#x of the lock taken %s, after the owner's end; want %#x", got, name, want)
		}
	}
}

// TestShared waits on a page that is mapped twice, at two addresses.
func TestShared(t *testing.T) {
	fd, err := unix.MemfdCreate("futex-test", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skipf("memfd_create: %v", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, 4); err != nil {
		t.Fatal(err)
	}
	var maps [2][]byte
	for i := range maps {
		if maps[i], err = unix.Mmap(fd, 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
			t.Fatal(err)
		}
	}
	here, there := wordIn(maps[0], 0), wordIn(maps[1], 0)
	soon := now(t) + int64(time.Millisecond)
	if err := deadlineEnds(func() error { return WaitSharedUntil(here, 0, soon) }); !errors.Is(err, ErrDeadline) {
		t.Errorf("WaitSharedUntil: %v, want %v", err, ErrDeadline)
	}
	if err := WaitShared(here, 1); err != nil {
		t.Errorf("WaitShared on a word that differs: %v, want nil", err)
	}
	o := own(func() {
		for here.Load() == 0 {
			if err := WaitShared(here, 0); err != nil {
				t.Error(err)
				return
			}
		}
	})
	o.waits(t, here)
	if n := Wake(there, All); n != 0 {
		t.Errorf("a wake-up private to the process woke %d", n)
	}
	there.Store(1)
	woken := 0
	eventually(t, "the waiting thread is woken at its other address", func() bool {
		woken += WakeShared(there, All)
		return woken > 0
	})
	o.ends(t)
	for _, m := range maps {
		if err := unix.Munmap(m); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkRobustAlone(b *testing.B) {
	fd, err := unix.MemfdCreate("futex-test", unix.MFD_CLOEXEC)
	if err != nil {
		b.Skipf("memfd_create: %v", err)
	}
	defer unix.Close(fd)
	lock, err := NewRobust(fd)
	if err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	for b.Loop() {
		if _, err := lock.Lock(); err != nil {
			b.Fatal(err)
		}
		lock.Unlock()
	}
	if err := lock.Close(); err != nil {
		b.Fatal(err)
	}
}
