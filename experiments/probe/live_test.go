package probe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Live targets are processes with few threads, each of which makes one system
// call after another, so that a test can predict them.

const liveVariable = "LFLAB_PROBE_TEST_LIVE"

func init() { roles["live"] = beLive }

// live has the targets by kind. Each function starts the threads. It returns
// the address of a server and the function that carries out an order.
var live = map[string]func(args []string) (addr string, obey func(order int)){
	"pingpong": bePingPong,
	"worker":   beWorker,
	"leader":   beLeader,
	"event":    beEvent,
	"reactor":  beReactor,
}

// liveTarget is such a process.
type liveTarget struct {
	*child
	PID  int
	addr string // of a server
}

// startTarget starts a target and waits until it is ready. The kinds:
//
//	pingpong [CPU CPU]  two threads, pinned if CPUs are given, that wake each other by futex
//	worker              a server: one thread accepts, another serves connections to their end
//	leader              a server: three threads take turns accepting and serving
//	event               a server: one thread waits for all connections, two others serve the ready ones
//	reactor             a server: three threads take turns waiting for all connections; each serves what it got
//
// Each server listens on an address of its own and sends each byte back. With
// the argument defer it accepts only connections that have sent something.
func startTarget(t *testing.T, kind string, args ...string) *liveTarget {
	t.Helper()
	c := startChild(t, "/proc/self/exe", "live", nil, liveVariable+"="+strings.Join(append([]string{kind}, args...), " "), "GODEBUG=asyncpreemptoff=1")
	target := &liveTarget{child: c, PID: c.pid()}
	word, addr, _ := strings.Cut(c.answer(), " ")
	if word != "ready" {
		t.Fatalf("the %s target says %q", kind, word)
	}
	target.addr = addr
	return target
}

// play makes the threads of a ping-pong target wake each other, rounds times
// there and back.
func (l *liveTarget) play(rounds int) {
	l.t.Helper()
	l.order(strconv.Itoa(rounds))
	l.expect(fmt.Sprint("did ", rounds))
}

// load runs clients in parallel. Each opens the given number of connections one
// after the other and sends the given number of requests on each.
func (l *liveTarget) load(clients, connections, requests int) {
	l.t.Helper()
	errs := make([]error, clients)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			for range connections {
				errs[i] = errors.Join(errs[i], echo(l.addr, requests))
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		l.t.Fatal(err)
	}
}

func echo(addr string, requests int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	one := []byte{1}
	for range requests {
		if _, err := c.Write(one); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, one); err != nil {
			return err
		}
	}
	return nil
}

// rest waits until every thread of the process sleeps, so that all that was
// ordered is done.
func (l *liveTarget) rest() {
	l.t.Helper()
	waitFor(l.t, "the target's threads to sleep", func() bool { return l.allIn("S") })
}

// freeze stops the process until thaw. A measurement that begins or ends
// meanwhile sees each run, sleep and call completely. Without it Go's own
// threads would run at any moment.
func (l *liveTarget) freeze() {
	l.t.Helper()
	if err := unix.Kill(l.PID, unix.SIGSTOP); err != nil {
		l.t.Fatal(err)
	}
	waitFor(l.t, "the target's threads to stop", func() bool { return l.allIn("T") })
}

func (l *liveTarget) thaw() {
	l.t.Helper()
	if err := unix.Kill(l.PID, unix.SIGCONT); err != nil {
		l.t.Fatal(err)
	}
}

// allIn reports whether all threads are in that state and off the CPU. The
// state changes shortly before a thread leaves the CPU. Reading its syscall
// file makes the kernel wait until it has left.
func (l *liveTarget) allIn(state string) bool {
	l.t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", l.PID))
	if err != nil || len(threads) == 0 {
		l.t.Fatalf("process %d has no threads (%v)", l.PID, err)
	}
	for _, thread := range threads {
		stat, _ := os.ReadFile(filepath.Join(thread, "stat"))
		_, rest, _ := strings.Cut(string(stat), ") ")
		call, err := os.ReadFile(filepath.Join(thread, "syscall"))
		if err != nil || !strings.HasPrefix(rest, state) || strings.HasPrefix(string(call), "running") {
			return false
		}
	}
	return true
}

// beLive runs a live target. It does not return.
func beLive() {
	debug.SetGCPercent(-1) // a collection would wait for threads that block in a call
	runtime.GOMAXPROCS(16)
	args := strings.Fields(os.Getenv(liveVariable))
	addr, obey := live[args[0]](args[1:])
	fmt.Println("ready", addr)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		n, err := strconv.Atoi(in.Text())
		must(err)
		obey(n)
		fmt.Println("did", n)
	}
	os.Exit(0) // not by returning, because the end of a test waits for the threads
}

// thread runs f on a thread of its own, pinned to the CPU if one is given.
func thread(f func(), cpu ...string) {
	up := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for _, c := range cpu {
			n, err := strconv.Atoi(c)
			must(err)
			var set unix.CPUSet
			set.Set(n)
			must(unix.SchedSetaffinity(0, &set))
		}
		close(up)
		f()
	}()
	<-up
}

func bePingPong(cpus []string) (string, func(int)) {
	var there, back, begin, end word
	rounds := 0
	pin := func(i int) []string { return cpus[min(i, len(cpus)):min(i+1, len(cpus))] }
	thread(func() {
		for {
			begin.take()
			for range rounds {
				there.give()
				back.take()
			}
			end.give()
		}
	}, pin(0)...)
	thread(func() {
		for {
			there.take()
			back.give()
		}
	}, pin(1)...)
	return "", func(n int) {
		rounds = n
		begin.give()
		end.take()
	}
}

func listen(args []string) (listener uintptr, addr string) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	if slices.Contains(args, "defer") {
		must(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1))
	}
	must(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(unix.Listen(fd, 64))
	bound, err := unix.Getsockname(fd)
	must(err)
	return uintptr(fd), fmt.Sprintf("127.0.0.1:%d", bound.(*unix.SockaddrInet4).Port)
}

// serve sends every byte of a connection back until the peer closes it.
//
//go:nosplit
func serve(fd uintptr) {
	for one := byte(0); transfer(unix.SYS_READ, fd, &one) && transfer(unix.SYS_WRITE, fd, &one); {
	}
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
}

// mailbox passes connections from one thread to another, one at a time.
type mailbox struct {
	free, full word
	fd         uintptr
}

//go:nosplit
func (d *mailbox) put(fd uintptr) {
	d.free.take()
	d.fd = fd
	d.full.give()
}

//go:nosplit
func (d *mailbox) get() uintptr {
	d.full.take()
	fd := d.fd
	d.free.give()
	return fd
}

func beWorker(args []string) (string, func(int)) {
	listener, addr := listen(args)
	var d mailbox
	d.free.give()
	thread(func() {
		for {
			d.put(accept(listener))
		}
	})
	thread(func() {
		for {
			serve(d.get())
		}
	})
	return addr, nil
}

func beLeader(args []string) (string, func(int)) {
	listener, addr := listen(args)
	var leadership word
	leadership.give()
	for range 3 {
		thread(func() {
			for {
				leadership.take()
				fd := accept(listener)
				leadership.give()
				serve(fd)
			}
		})
	}
	return addr, nil
}

// readySet makes an epoll set of a listener and its connections. Each
// descriptor reports one event and must then be armed again (EPOLLONESHOT).
func readySet(listener uintptr) (set uintptr) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(err)
	once(uintptr(fd), unix.EPOLL_CTL_ADD, listener)
	return uintptr(fd)
}

//go:nosplit
func acceptInto(set, listener uintptr) {
	once(set, unix.EPOLL_CTL_ADD, accept(listener))
	once(set, unix.EPOLL_CTL_MOD, listener)
}

// serveOnce sends one byte back and arms the connection again.
//
//go:nosplit
func serveOnce(set, fd uintptr) {
	if one := byte(0); transfer(unix.SYS_READ, fd, &one) && transfer(unix.SYS_WRITE, fd, &one) {
		once(set, unix.EPOLL_CTL_MOD, fd)
	} else {
		_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	}
}

func beEvent(args []string) (string, func(int)) {
	listener, addr := listen(args)
	set := readySet(listener)
	var d mailbox
	d.free.give()
	thread(func() {
		for {
			if fd := poll(set); fd != listener {
				d.put(fd)
			} else {
				acceptInto(set, listener)
			}
		}
	})
	for range 2 {
		thread(func() {
			for {
				serveOnce(set, d.get())
			}
		})
	}
	return addr, nil
}

func beReactor(args []string) (string, func(int)) {
	listener, addr := listen(args)
	set := readySet(listener)
	var leadership word
	leadership.give()
	for range 3 {
		thread(func() {
			for {
				leadership.take()
				fd := poll(set)
				leadership.give()
				if fd != listener {
					serveOnce(set, fd)
				} else {
					acceptInto(set, listener)
				}
			}
		})
	}
	return addr, nil
}
