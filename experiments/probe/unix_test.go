package probe

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"

	"lflab/experiments/probe/stage"

	"golang.org/x/sys/unix"
)

// A server on a Unix-domain socket. Before each answer its thread also exchanges a
// byte with itself over a pair of sockets.
func init() {
	live["unix"] = func(args []string) (string, func(int)) {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(err)
		must(unix.Bind(fd, &unix.SockaddrUnix{Name: args[0]}))
		must(unix.Listen(fd, 64))
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		must(err)
		thread(func() {
			one := byte(0)
			for {
				c := accept(uintptr(fd))
				for transfer(unix.SYS_READ, c, &one) &&
					transfer(unix.SYS_WRITE, uintptr(pair[0]), &one) && transfer(unix.SYS_READ, uintptr(pair[1]), &one) &&
					transfer(unix.SYS_WRITE, c, &one) {
				}
				_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, c, 0, 0)
			}
		})
		return args[0], nil
	}
}

// TestUnixServer checks that the connections of a Unix-domain socket count as
// themselves: each request has its D, and other sockets of the process have none.
func TestUnixServer(t *testing.T) {
	requireCheck(t)
	if kernel, err := kernelPoints(); err != nil || !kernel.has("sk_data_ready") {
		t.Skipf("this kernel does not tell when a Unix-domain socket is ready (%v)", err)
	}
	const connections, requests = 10, 2
	target := startTarget(t, "unix", filepath.Join(t.TempDir(), "socket"))
	target.rest()
	o := watched(t, Options{PIDs: []int{target.PID}}, func() {
		for range connections {
			c, err := net.Dial("unix", target.addr)
			if err != nil {
				t.Fatal(err)
			}
			one := []byte{1}
			for range requests {
				_, sent := c.Write(one)
				_, got := io.ReadFull(c, one)
				if err := errors.Join(sent, got); err != nil {
					t.Fatal(err)
				}
			}
			c.Close()
		}
		target.rest()
	})
	o.counts(t, map[string]uint64{"connections": connections, "requests": connections * requests, "moves": 0, "unknown_sockets": 0})
	if d := all(o.sum("total", stage.First, stage.Kept)); d.Count != connections*requests {
		t.Errorf("%d requests have a D, want %d", d.Count, connections*requests)
	}
}
