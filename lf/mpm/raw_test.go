package mpm

import (
	"testing"

	"golang.org/x/sys/unix"
)

// rawClient uses system calls only and allocates nothing, so that all counts in
// its process are the server's.
type rawClient struct {
	t      testing.TB
	addr   *unix.SockaddrInet4
	fd     int // -1 if not connected
	closes bool
	in     [4096]byte
}

var (
	rawKeepAlive = []byte(getHello)
	rawClose     = []byte("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	rawPatience  = unix.NsecToTimeval(int64(patience))
)

func (r *rig) rawClient(mode string) *rawClient {
	a := r.listener.Addr()
	return &rawClient{t: r.t, addr: &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, fd: -1, closes: mode == "close"}
}

// ask sends one request and reads its answer. In close mode it uses a
// connection of its own and reads to its end.
func (c *rawClient) ask() {
	request := rawKeepAlive
	if c.fd < 0 {
		c.connect()
	}
	if c.closes {
		request = rawClose
	}
	if n, err := unix.Write(c.fd, request); n != len(request) || err != nil {
		c.fail("send", n, err)
	}
	n, err := c.read()
	const body = "Hello, World!"
	if err != nil || n < len(body) || string(c.in[n-len(body):n]) != body || string(c.in[:15]) != "HTTP/1.1 200 OK" {
		c.fail("receive", n, err)
	}
	if c.closes {
		if n, err := c.read(); n != 0 || err != nil {
			c.fail("receive the end", n, err)
		}
		c.end()
	}
}

// read repeats after a signal, because the kernel does not with a time limit.
func (c *rawClient) read() (int, error) {
	for {
		n, err := unix.Read(c.fd, c.in[:])
		if err != unix.EINTR {
			return n, err
		}
	}
}

func (c *rawClient) connect() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		c.fail("socket", fd, err)
	}
	c.fd = fd
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &rawPatience); err != nil {
		c.fail("limit", fd, err)
	}
	if err := unix.Connect(fd, c.addr); err != nil {
		c.fail("connect", fd, err)
	}
}

func (c *rawClient) fail(what string, n int, err error) {
	c.t.Fatalf("%s: %d, %v, %.60q", what, n, err, c.in[:max(min(n, len(c.in)), 0)])
}

func (c *rawClient) end() {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}
