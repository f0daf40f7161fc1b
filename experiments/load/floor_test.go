package load

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

var (
	floorKeep  = []byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!")
	floorClose = []byte("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!")
)

// floor is a minimal server on which both kinds of load can be compared: each
// thread has one listener and one epoll set, and makes one read and one write
// per request. It computes for the time work on each request, prints its URL,
// and serves until its standard input ends.
func floor(w io.Writer, threads int, work time.Duration) error {
	runtime.GOMAXPROCS(threads + 2)
	port := 0
	for range threads {
		l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open listener: %w", err)
		}
		if err := unix.SetsockoptInt(l, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
			return fmt.Errorf("share the port: %w", err)
		}
		if err := unix.Bind(l, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return fmt.Errorf("bind: %w", err)
		}
		if err := unix.Listen(l, 4096); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		name, err := unix.Getsockname(l)
		if err != nil {
			return fmt.Errorf("read the port: %w", err)
		}
		port = name.(*unix.SockaddrInet4).Port
		go floorLoop(l, work)
	}
	fmt.Fprintf(w, "http://127.0.0.1:%d/\n", port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return nil
}

func floorLoop(l int, work time.Duration) {
	runtime.LockOSThread()
	ep, err := unix.EpollCreate1(0)
	fatalIf(err)
	watch := func(fd int) {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		epollControl(ep, unix.EPOLL_CTL_ADD, fd, &event)
	}
	watch(l)
	events := make([]unix.EpollEvent, 256)
	buf := make([]byte, 4096)
	for {
		n, _ := epollWaitMillis(ep, events, -1)
		for _, event := range events[:max(0, n)] {
			if int(event.Fd) != l {
				floorAnswer(int(event.Fd), buf, work)
				continue
			}
			for {
				fd, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK)
				if err != nil {
					break
				}
				if floorAnswer(fd, buf, work) {
					watch(fd)
				}
			}
		}
	}
}

// floorAnswer answers one request and reports whether fd is still open.
func floorAnswer(fd int, buf []byte, work time.Duration) bool {
	n, errno := receive(fd, buf)
	for start := time.Now(); n > 0 && errno == 0 && time.Since(start) < work; {
		continue
	}
	switch {
	case errno == unix.EAGAIN:
		return true
	case errno != 0 || n == 0:
		closeFd(fd)
		return false
	case bytes.Contains(buf[:n], []byte("close")):
		send(fd, floorClose)
		closeFd(fd)
		return false
	}
	send(fd, floorKeep)
	return true
}
