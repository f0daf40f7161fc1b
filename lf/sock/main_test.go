package sock

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be a server that runs out of descriptors. It
// fails the tests if a child is left.
func TestMain(m *testing.M) {
	if os.Getenv(shortServerEnv) != "" {
		shortServer()
		return
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))    // the shortages that tests provoke
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4)) // for threads that block in the kernel
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // from now on the network poller has its own descriptors
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
func scaled(quick, many int) int {
	switch {
	case full:
		return many
	case testing.Short():
		return quick / 4
	}
	return quick
}

// patience is how long a test waits for something that must happen.
const patience = time.Minute

// until polls until cond returns true. Other threads or the kernel make it so.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for: %s", patience, what)
		}
	}
}

// descriptors returns the number of open descriptors of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func listen(t testing.TB, opt Options) *Listener {
	t.Helper()
	if opt.Address == "" {
		opt.Address = "127.0.0.1:0"
	}
	l, err := Listen(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dial connects a blocking socket with a time limit on its operations.
func dial(t testing.TB, l *Listener) int {
	t.Helper()
	fd, sa, err := socket(l.Addr(), false)
	if err != nil {
		t.Fatal(err)
	}
	limit := unix.NsecToTimeval(int64(patience))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(fd, sa); err != nil {
		unix.Close(fd)
		t.Fatalf("connect to %v: %v", l.Addr(), err)
	}
	return fd
}

// pair makes a connection: our side is a Conn, the peer's a descriptor.
func pair(t *testing.T, wait bool) (*Conn, int) {
	t.Helper()
	l := listen(t, Options{})
	peer := dial(t, l)
	t.Cleanup(func() { unix.Close(peer) })
	fd, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := new(Conn)
	c.Reset(fd, wait, l.Stamping(), nil)
	t.Cleanup(func() {
		if c.FD() >= 0 {
			c.Close()
		}
	})
	return c, peer
}

func send1(t *testing.T, fd int, data string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(data)); n != len(data) || err != nil {
		t.Fatalf("send %q: %d, %v", data, n, err)
	}
}

// arrived waits until data, or the end of file, can be read.
func arrived(t *testing.T, fd int) {
	t.Helper()
	until(t, "data", func() bool {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 100)
		return n == 1
	})
}

// armed returns the kernel's time limit for receives, in ns.
func armed(t *testing.T, fd int) int64 {
	t.Helper()
	tv, err := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO)
	if err != nil {
		t.Fatal(err)
	}
	return tv.Nano()
}
