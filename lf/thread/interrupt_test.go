package thread

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/block"
)

// TestInterruptEndsABlockingCall checks that a call which the kernel would
// restart after any of the runtime's signals returns EINTR, on one given thread
// or on all.
func TestInterruptEndsABlockingCall(t *testing.T) {
	for _, all := range []bool{false, true} {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		var tid atomic.Int32
		result := make(chan error)
		go func() {
			runtime.LockOSThread()
			tid.Store(int32(unix.Gettid()))
			_, err := block.Read(p[0], make([]byte, 1))
			result <- err
		}()
		for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			err := error(nil)
			switch {
			case all:
				err = InterruptAll()
			case tid.Load() != 0:
				err = Interrupt(int(tid.Load()))
			}
			if err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-result:
				if err != unix.EINTR {
					t.Errorf("all=%v: the call returned %v, want %v", all, err, unix.EINTR)
				}
			default:
				if time.Now().After(end) {
					t.Fatalf("all=%v: the thread is still blocked", all)
				}
				continue
			}
			break
		}
		unix.Close(p[0])
		unix.Close(p[1])
	}
}

// TestInterruptNobody checks that interrupting a thread that has ended is no
// error.
func TestInterruptNobody(t *testing.T) {
	th := Start(Options{Name: "gone", CPU: AnyCPU}, func(*Thread) {}) // not the first thread, which would not end
	if err := th.Join(); err != nil {
		t.Fatal(err)
	}
	tid := th.TID()
	eventually(t, "the thread ends", func() bool { return unix.Tgkill(unix.Getpid(), tid, 0) == unix.ESRCH })
	if err := Interrupt(tid); err != nil {
		t.Error(err)
	}
}
