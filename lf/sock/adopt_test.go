package sock

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/thread"
)

// adopted returns another listener with its own descriptor of the same socket,
// as another process would have it.
func adopted(t *testing.T, l *Listener) *Listener {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Adopt(fd, l.opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// TestAdopt checks that an adopted listener has the address, is not inherited,
// and accepts connections.
func TestAdopt(t *testing.T) {
	l := listen(t, Options{})
	fd, err := unix.Dup(l.FD())
	if err != nil {
		t.Fatal(err)
	}
	a, err := Adopt(fd, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v", flags, err)
	}
	if a.Addr() != l.Addr() || !a.Shared() || l.Shared() || a.Ended() {
		t.Errorf("address %v of %v, shared %v and %v, ended %v", a.Addr(), l.Addr(), a.Shared(), l.Shared(), a.Ended())
	}
	peer := dial(t, l)
	defer unix.Close(peer)
	conn, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(conn)
}

// TestAdoptRefuses checks that a descriptor which is no listening TCP socket is
// refused and stays open.
func TestAdoptRefuses(t *testing.T) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	idle, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(idle)
	local, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(local)
	if err := errors.Join(unix.Bind(local, &unix.SockaddrUnix{}), unix.Listen(local, 1)); err != nil {
		t.Fatal(err)
	}
	for fd, want := range map[int]string{-1: "bad file", p[0]: "want a listening socket", idle: "does not listen", local: "not a TCP"} {
		if _, err := Adopt(fd, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
		if fd >= 0 {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
				t.Errorf("descriptor %d is gone: %v", fd, err)
			}
		}
	}
}

// TestSendBuffer checks that connections inherit the size, and that an
// impossible size is no error.
func TestSendBuffer(t *testing.T) {
	const want = 20_000
	l := listen(t, Options{SendBuffer: want})
	peer := dial(t, l)
	defer unix.Close(peer)
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF); n != 2*want || err != nil { // socket(7)
		t.Errorf("%d bytes, %v; want twice %d", n, err, want)
	}
}

// acceptCrew is threads that accept from acceptors of one mode.
type acceptCrew struct {
	acceptors []Acceptor
	tids      []atomic.Int32 // 0 after the thread has left
	running   sync.WaitGroup
	accepted  atomic.Int64
}

// acceptBy starts threads that answer each connection with a byte.
func acceptBy(t *testing.T, mode AcceptMode, threads int, ls ...*Listener) *acceptCrew {
	t.Helper()
	c := &acceptCrew{tids: make([]atomic.Int32, threads)}
	for len(c.acceptors) < threads {
		a, err := mode.New(ls...)
		if err != nil {
			t.Fatal(err)
		}
		c.acceptors = append(c.acceptors, a)
		if mode.Shared {
			break
		}
	}
	var started sync.WaitGroup
	c.running.Add(threads)
	started.Add(threads)
	for i := range threads {
		go func() {
			defer c.running.Done()
			runtime.LockOSThread()
			c.tids[i].Store(int32(unix.Gettid()))
			defer c.tids[i].Store(0)
			started.Done()
			for {
				fd, err := c.acceptors[i%len(c.acceptors)].Accept()
				switch {
				case err == nil:
					c.accepted.Add(1)
					unix.Write(fd, []byte("k"))
					unix.Close(fd)
				case errors.Is(err, ErrEnded):
					return
				}
			}
		}()
	}
	started.Wait()
	return c
}

// leave interrupts the threads until all have left.
func (c *acceptCrew) leave(t *testing.T) {
	t.Helper()
	until(t, "the threads to leave", func() bool {
		in := 0
		for i := range c.tids {
			if tid := c.tids[i].Load(); tid != 0 {
				in++
				if err := thread.Interrupt(int(tid)); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(time.Millisecond)
		return in == 0
	})
	c.running.Wait()
	for _, a := range c.acceptors {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLeaveAnInheritedListener checks that blocked threads leave in every mode.
// The listener still works, all connections are answered, and the threads that
// left have taken none of them.
func TestLeaveAnInheritedListener(t *testing.T) {
	for _, mode := range AcceptModes() {
		for _, load := range []bool{false, true} {
			t.Run(fmt.Sprintf("accept=%s/load=%v", mode.Name, load), func(t *testing.T) {
				if err := mode.Usable(); err != nil {
					t.Skip(err)
				}
				l := listen(t, Options{})
				theirs, ours := adopted(t, l), adopted(t, l)
				stay, leave := acceptBy(t, mode, 2, theirs), acceptBy(t, mode, 2, ours)
				const clients, visits = 4, 100
				var crowd sync.WaitGroup
				var answered atomic.Int64
				half := make(chan struct{})
				if load {
					for range clients {
						crowd.Go(func() {
							for range visits {
								peer := dial(t, l)
								var b [1]byte
								if n, err := read(peer, b[:]); n != 1 || err != nil {
									t.Errorf("answer %d, %v", n, err)
								}
								unix.Close(peer)
								if answered.Add(1) == clients*visits/2 {
									close(half)
								}
							}
						})
					}
					<-half
				}
				ours.Shutdown()
				leave.leave(t)
				left := leave.accepted.Load()
				crowd.Wait()
				if load && (stay.accepted.Load()+left != clients*visits || answered.Load() != clients*visits) {
					t.Errorf("%d and %d accepted, %d answered of %d", left, stay.accepted.Load(), answered.Load(), clients*visits)
				}
				if n := leave.accepted.Load(); n != left {
					t.Errorf("%d accepted after the threads had left", n-left)
				}
				peer := dial(t, l)
				defer unix.Close(peer)
				var b [1]byte
				if n, err := read(peer, b[:]); n != 1 || err != nil {
					t.Errorf("a peer afterwards: %d, %v", n, err)
				}
				theirs.Shutdown()
				stay.leave(t)
			})
		}
	}
}

// TestBlockingAmongOthers checks that no thread spins on a listener that
// another process has made non-blocking.
func TestBlockingAmongOthers(t *testing.T) {
	l := listen(t, Options{})
	a := adopted(t, l)
	if err := l.DoNotWait(); err != nil {
		t.Fatal(err)
	}
	var rounds atomic.Int64
	got := make(chan int)
	var tid atomic.Int32
	go func() {
		runtime.LockOSThread()
		tid.Store(int32(unix.Gettid()))
		for {
			fd, err := a.Accept()
			rounds.Add(1)
			switch {
			case err == nil:
				got <- fd
			case errors.Is(err, ErrEnded):
				close(got)
				return
			}
		}
	}()
	for range 10 {
		peer := dial(t, l)
		unix.Close(<-got)
		unix.Close(peer)
	}
	// There are two rounds for a connection: one finds nothing and waits, one
	// gets it.
	if n := rounds.Load(); n > 25 {
		t.Errorf("Accept returned %d times for 10 connections", n)
	}
	a.Shutdown()
	until(t, "the thread to leave", func() bool {
		_ = thread.Interrupt(int(tid.Load()))
		select {
		case _, more := <-got:
			return !more
		case <-time.After(time.Millisecond):
			return false
		}
	})
}
