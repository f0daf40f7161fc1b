package probe

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"lflab/experiments/probe/stage"

	"golang.org/x/sys/unix"
)

// The target also plays servers whose threads have names that say nothing. Each
// answers every byte with a byte.
func init() {
	roles["acceptors"] = func() { serveAs(acceptors) }
	roles["loops"] = func() { serveAs(loops) }
}

const serverThreads = 3

func serveAs(serve func(listener int)) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	must(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(unix.Listen(l, 128))
	address, err := unix.Getsockname(l)
	must(err)
	serve(l)
	fmt.Println(address.(*unix.SockaddrInet4).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func onThreads(n int, run func()) {
	for range n {
		go func() {
			runtime.LockOSThread()
			run()
		}()
	}
}

// nextConnection returns the next connection. EINTR comes from the runtime's signals.
func nextConnection(listener int) int {
	for {
		if c, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC); err == nil {
			return c
		}
	}
}

// echoByte answers one byte. It closes the connection and returns false at its end.
func echoByte(c int) bool {
	var b [1]byte
	for {
		n, err := unix.Read(c, b[:])
		if err == unix.EINTR {
			continue
		}
		if n == 1 {
			_, err = unix.Write(c, b[:])
		}
		if n != 1 || err != nil {
			unix.Close(c)
			return false
		}
		return true
	}
}

// acceptors are threads that all accept, and serve what they accepted.
func acceptors(listener int) {
	onThreads(serverThreads, func() {
		for {
			for c := nextConnection(listener); echoByte(c); {
			}
		}
	})
}

// loops are threads with a set each, to which another thread gives connections.
func loops(listener int) {
	var sets []int
	for range serverThreads {
		set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		must(err)
		sets = append(sets, set)
		onThreads(1, func() {
			var events [8]unix.EpollEvent
			for {
				n, _ := unix.EpollWait(set, events[:], -1)
				for _, e := range events[:max(n, 0)] {
					echoByte(int(e.Fd))
				}
			}
		})
	}
	onThreads(1, func() {
		for i := 0; ; i++ {
			c := nextConnection(listener)
			must(unix.EpollCtl(sets[i%len(sets)], unix.EPOLL_CTL_ADD, c, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c)}))
		}
	})
}

// A server has the same shape in each run.
func TestShapeOfRealServers(t *testing.T) {
	requireCheck(t)
	for role, want := range map[string]stage.Shape{"acceptors": stage.Kernel, "loops": stage.Loops} {
		for range 2 {
			c := startChild(t, "/proc/self/exe", role, nil)
			address := "127.0.0.1:" + c.answer()
			p, err := Open(Options{PIDs: []int{c.pid()}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			few, err := p.Result(stage.Unknown)
			if err != nil || few.Shape != stage.Unknown || !strings.Contains(few.ShapeWhy, "0 requests were read") {
				t.Errorf("%s before any request: %s (%s), %v", role, few.Shape, few.ShapeWhy, err)
			}
			for range 4 * enough {
				callEcho(t, address, 5)
			}
			if err := p.Stop(); err != nil {
				t.Fatal(err)
			}
			r, err := p.Result(stage.Unknown)
			if err != nil || r.Shape != want {
				t.Errorf("%s: shape %s (%s), %v; %+v", role, r.Shape, r.ShapeWhy, err, r.behaviour())
			}
		}
	}
}

// callEcho sends requests on one connection, each after the last one's answer.
func callEcho(t *testing.T, address string, requests uint8) {
	t.Helper()
	c, err := net.Dial("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range requests {
		if err := binary.Write(c, binary.NativeEndian, i); err != nil {
			t.Fatal(err)
		}
		var back uint8
		if err := binary.Read(c, binary.NativeEndian, &back); err != nil || back != i {
			t.Fatalf("request %d is answered %d, %v", i, back, err)
		}
	}
}
