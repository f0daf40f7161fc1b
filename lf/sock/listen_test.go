package sock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDeferredAccept checks that Accept does not return a silent peer, but
// returns one that has sent something.
func TestDeferredAccept(t *testing.T) {
	l := listen(t, Options{DeferAccept: DefaultDefer})
	if err := l.DoNotWait(); err != nil {
		t.Fatal(err)
	}
	silent := dial(t, l)
	defer unix.Close(silent)
	talking := dial(t, l)
	defer unix.Close(talking)
	for _, peer := range []int{talking, silent} {
		if _, err := l.Accept(); !errors.Is(err, ErrNoConnection) {
			t.Fatalf("accepted from peers that are silent: %v", err)
		}
		send1(t, peer, "x")
		arrived(t, l.FD())
		fd, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var c Conn
		c.Reset(fd, false, false, nil)
		if n, err := c.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Errorf("the data is not there yet: %d, %v", n, err)
		}
		c.Close()
	}
}

// TestNotDeferred checks that Accept returns a silent peer if the listener is
// not deferred.
func TestNotDeferred(t *testing.T) {
	l := listen(t, Options{})
	peer := dial(t, l)
	defer unix.Close(peer)
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if on, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); on != 1 || err != nil {
		t.Errorf("TCP_NODELAY of a connection: %d, %v", on, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
		t.Errorf("FD_CLOEXEC of a connection is not set: %v", err)
	}
}

// TestShutdownEndsAccept checks that all threads blocked in accept4 return, and
// that peers are refused from then on.
func TestShutdownEndsAccept(t *testing.T) {
	const threads = 8
	l := listen(t, Options{})
	var ended sync.WaitGroup
	tids := make(chan int, threads)
	errs := make(chan error, threads)
	for range threads {
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			tids <- unix.Gettid()
			_, err := l.Accept()
			errs <- err
		})
	}
	for range threads {
		tid := <-tids
		until(t, "a thread in accept4", func() bool { return inAccept(t, tid) })
	}
	l.Shutdown()
	ended.Wait()
	for range threads {
		if err := <-errs; !errors.Is(err, ErrEnded) {
			t.Errorf("accept ended with %v", err)
		}
	}
	l.Shutdown() // a second call
	if _, err := l.Accept(); !errors.Is(err, ErrEnded) {
		t.Errorf("a later accept ended with %v", err)
	}
	if c, err := net.DialTimeout("tcp", l.Addr().String(), patience); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("connected to a listener that is shut down: %v, %v", c, err)
	}
}

// inAccept reports whether a thread of this process is in accept4.
func inAccept(t *testing.T, tid int) bool {
	call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Logf("cannot see whether threads are blocked: %v", err)
		return true
	}
	return strings.HasPrefix(string(call), fmt.Sprintf("%d ", unix.SYS_ACCEPT4))
}

// TestAcceptErrors checks the result of Accept for each error of accept4. TCP
// never returns ECONNABORTED here, because accept4 is not asked for the peer's
// address.
func TestAcceptErrors(t *testing.T) {
	tests := []struct {
		errnos         []syscall.Errno
		want           error
		short, aborted uint64
	}{
		{[]syscall.Errno{unix.EINTR, unix.EAGAIN}, ErrNoConnection, 0, 0},
		{[]syscall.Errno{unix.ECONNABORTED, unix.EPROTO, unix.ENETDOWN, unix.EHOSTUNREACH}, ErrNoConnection, 0, 1},
		{[]syscall.Errno{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.EPERM, unix.EIO}, ErrShort, 1, 0},
		{[]syscall.Errno{unix.EBADF, unix.EINVAL, unix.ENOTSOCK}, ErrEnded, 0, 0},
	}
	for _, test := range tests {
		for _, errno := range test.errnos {
			l := &Listener{noWait: true}
			if err := l.judge(errno); err != test.want {
				t.Errorf("%v: %v, want %v", errno, err, test.want)
			}
			if short, aborted := l.Short.Load(), l.Aborted.Load(); short != test.short || aborted != test.aborted {
				t.Errorf("%v: counted as short %d times, as aborted %d times", errno, short, aborted)
			}
			l.ended.Store(true)
			if err := l.judge(errno); err != ErrEnded {
				t.Errorf("%v after the shutdown: %v", errno, err)
			}
		}
	}
	if !errors.Is(ErrShort, ErrNoConnection) {
		t.Error("a shortage is not known as an accept that may be called again")
	}
	start := time.Now()
	if err := new(Listener).judge(unix.EMFILE); err != ErrNoConnection || time.Since(start) < ShortPause {
		t.Errorf("a listener that waits: %v after %v", err, time.Since(start))
	}
}
