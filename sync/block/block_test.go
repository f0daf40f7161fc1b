package block

import (
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestResultsAreTheKernels(t *testing.T) {
	r, _, errno := Syscall6(unix.SYS_GETPID, 0, 0, 0, 0, 0, 0)
	if int(r) != os.Getpid() || errno != 0 {
		t.Errorf("getpid: %d, %v; want %d", r, errno, os.Getpid())
	}
	_, _, errno = Syscall6(unix.SYS_CLOSE, ^uintptr(0), 0, 0, 0, 0, 0)
	if errno != unix.EBADF {
		t.Errorf("close(-1): %v, want %v", errno, unix.EBADF)
	}
}

// TestStopOfTheWorld checks that a garbage collection waits neither for blocked
// threads nor for the anchor. It counts collections that end while threads are
// blocked for good, because times vary on a busy machine.
func TestStopOfTheWorld(t *testing.T) {
	Anchor()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	const threads = 8
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads + AnchorPs + 1))
	ended := make(chan struct{})
	var started [threads]chan struct{}
	for i := range threads {
		started[i] = make(chan struct{})
		go func() {
			runtime.LockOSThread()
			fds := make([]unix.PollFd, 1)
			fds[0] = unix.PollFd{Fd: int32(p[0]), Events: unix.POLLIN}
			close(started[i])
			_, _ = Poll(fds, nil)
			ended <- struct{}{}
		}()
	}
	for i := range threads {
		<-started[i]
	}
	collected := make(chan struct{})
	go func() {
		for range 5 {
			runtime.GC()
		}
		close(collected)
	}()
	select {
	case <-collected:
	case <-ended:
		t.Error("a blocked thread left the kernel during a collection")
	case <-time.After(time.Minute):
		t.Error("collections wait for blocked threads")
	}
	unix.Close(p[1]) // makes it readable: end of file
	for range threads {
		<-ended
	}
	unix.Close(p[0])
}

// TestNoAllocation checks calls whose arguments point into the stack.
// AllocsPerRun leaves one P, which the anchor's thread shares, so that each
// call takes long.
func TestNoAllocation(t *testing.T) {
	var pause unix.Timespec
	if n := testing.AllocsPerRun(10, func() {
		_, _ = Poll(nil, &pause)
	}); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

// BenchmarkSyscall compares calls that return at once.
func BenchmarkSyscall(b *testing.B) {
	Anchor()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8)) // idle Ps, as a pool has
	b.Run("way=block", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = Syscall6(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0)
		}
	})
	b.Run("way=std", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = unix.Syscall6(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0)
		}
	})
	b.Run("way=raw", func(b *testing.B) {
		for b.Loop() {
			_, _, _ = unix.RawSyscall6(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0)
		}
	})
}
