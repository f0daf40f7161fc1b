package mpm

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/httpd"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/lf/testlog"
	"lflab/sync/park"
)

// patience is how long a test waits for what must happen before it gives up.
const patience = time.Minute

// sideBySide is how many parallel tests run at once. They mostly wait.
const sideBySide = "8"

// raceDetector is set under the race detector. Tests are then ten times slower.
var raceDetector bool

// TestMain lets the test binary be a server that runs out of descriptors, or
// one that goes on accepting after another has left.
func TestMain(m *testing.M) {
	if name := os.Getenv(shortServerEnv); name != "" {
		shortServer(name)
		return
	}
	if name := os.Getenv(neighbourEnv); name != "" {
		neighbour(name)
		return
	}
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), 4))
	time.Sleep(time.Nanosecond)                                   // afterwards the runtime's poller has its own descriptors
	if err := flag.Set("test.parallel", sideBySide); err != nil { // -parallel is read after this
		panic(err)
	}
	os.Exit(testlog.Run(m))
}

// setup describes a test's server. The zero value is an ordinary one.
type setup struct {
	change   func(*Config) // makes other changes
	threads  int           // 0 means 4
	parker   string
	limits   httpd.Limits
	silent   bool                              // no deferred accept: silent peers are accepted
	watch    func(serve.Service) serve.Service // wraps the protocol for the MPM
	recorder *flight.Recorder
	listen   int        // number of addresses; 0 means 1
	before   func(*rig) // runs before the server accepts
	adopt    bool       // another process has the listeners, too: see rig.opened
	holds    bool       // requests for the status are handled only after rig.letGo
}

// rig is a running server on a port of its own.
type rig struct {
	t        testing.TB
	kind     Kind
	threads  int
	m        MPM
	listener *sock.Listener   // the first of all
	all      []*sock.Listener // the server's listeners
	opened   []*sock.Listener // the other process's listeners of the same sockets
	web      *httpd.Server
	addr     string
	ip       netip.Addr // the rig's own
	alone    bool       // no other rig runs, so the end of the whole process is checked
	before   int        // descriptors open before
	held     chan struct{}
	letGo    func() // lets held requests be handled
	drained  bool   // the server has ended
	finished bool   // finish was called
	clients  []*client
}

// beside is above 0 while rigs may run beside each other, see unchanged.
var beside atomic.Int32

// rigs counts the rigs.
var rigs atomic.Uint32

func start(t testing.TB, name string, s setup) *rig {
	t.Helper()
	kind, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, kind: kind, threads: max(s.threads, kind.MinThreads), before: descriptors(t), alone: beside.Load() == 0}
	n := rigs.Add(1)
	r.ip = netip.AddrFrom4([4]byte{127, 1 + byte(n>>16), byte(n >> 8), byte(n)})
	r.held = make(chan struct{})
	r.letGo = sync.OnceFunc(func() { close(r.held) })
	if !s.holds {
		r.letGo()
	}
	if s.threads == 0 {
		r.threads = 4
	}
	if kind.MaxThreads > 0 {
		r.threads = min(r.threads, kind.MaxThreads)
	}
	if s.parker == "" {
		s.parker = "futex"
	}
	parker, err := park.Lookup(s.parker)
	if err != nil {
		t.Fatal(err)
	}
	if s.limits.LingerShort == 0 {
		s.limits.LingerShort = 40 * time.Millisecond // many clients of tests do not close first
	}
	// No test is about how long its client takes.
	for _, limit := range []*time.Duration{&s.limits.HeadTimeout, &s.limits.KeepAliveTimeout, &s.limits.BodyTimeout, &s.limits.WriteTimeout} {
		if *limit == 0 {
			*limit = 10 * patience
		}
	}
	var log testlog.Journal
	log.ShowIfFailed(t)
	r.web, err = httpd.New(httpd.Config{
		Limits: s.limits, Debug: true, Log: log.Logger(), DocRoot: docRoot(t),
		Status: func() serve.Status {
			<-r.held
			return r.m.Status()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	opt := sock.Options{Address: r.ip.String() + ":0", DeferAccept: sock.DefaultDefer, ReusePort: kind.ReusePort}
	if s.silent {
		opt.DeferAccept = 0
	}
	for range max(s.listen, 1) {
		l, err := sock.Listen(opt)
		if err != nil {
			t.Fatal(err)
		}
		r.all = append(r.all, l)
		for s.adopt && kind.ReusePort && len(r.all)%r.threads != 0 { // one for each thread
			sibling, err := l.Sibling()
			if err != nil {
				t.Fatal(err)
			}
			r.all = append(r.all, sibling)
		}
	}
	if s.adopt {
		r.opened, r.all = r.all, nil
		for _, l := range r.opened {
			r.all = append(r.all, adopt(t, l, opt))
		}
	}
	r.listener = r.all[0]
	r.addr = r.listener.Addr().String()
	service := serve.Service(r.web)
	if s.watch != nil {
		service = s.watch(service)
	}
	cfg := Config{Listeners: r.all, Service: service, Threads: r.threads, Parker: parker, Recorder: s.recorder}
	if s.change != nil {
		s.change(&cfg)
	}
	r.m, err = New(name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s.before != nil {
		s.before(r)
	}
	if err := r.m.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.letGo()
		switch {
		case !r.drained:
			// Cut, because a drain asks the kernel for handshakes, which takes
			// milliseconds of CPU time for each server.
			r.m.Cut()
			r.finish()
		case !r.finished:
			r.finish()
		}
	})
	return r
}

// adopt makes another listener of the same socket, as another process would.
func adopt(t testing.TB, l *sock.Listener, opt sock.Options) *sock.Listener {
	t.Helper()
	fd, err := unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	adopted, err := sock.Adopt(fd, opt)
	if err != nil {
		t.Fatal(err)
	}
	return adopted
}

// docRoot makes an empty directory for a server.
func docRoot(t testing.TB) string {
	dir := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// stop drains the server and checks what it left behind.
func (r *rig) stop() {
	r.t.Helper()
	r.m.Drain()
	r.finish()
}

// await waits for the end of a drain.
func (r *rig) await() {
	r.t.Helper()
	r.drained = true
	done := make(chan struct{})
	go func() {
		r.m.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		r.t.Fatalf("%s has not ended %v after the drain; status: %+v", r.kind.Name, patience, r.m.Status())
	}
}

// finish waits for the end of a drain and checks what was left behind.
func (r *rig) finish() {
	r.t.Helper()
	r.finished = true
	if !r.drained {
		r.await()
	}
	for _, l := range r.all {
		l.Close()
	}
	for _, l := range slices.Backward(r.opened) { // siblings before the first
		l.Close()
	}
	r.web.Close()
	for _, c := range r.clients {
		c.Close()
	}
	until(r.t, "the threads to leave their rows", func() bool { return len(r.tids()) == 0 })
	until(r.t, "the sockets to be closed", func() bool { return r.sockets() == 0 })
	if r.alone {
		asBefore(r.t, r.before)
	}
}

// unchanged checks, after the test and its parallel subtests, that no threads
// or descriptors were left behind.
func unchanged(t *testing.T) {
	t.Helper()
	before := descriptors(t)
	beside.Add(1)
	t.Cleanup(func() {
		beside.Add(-1)
		asBefore(t, before)
	})
}

// asBefore waits until the process has no thread of an architecture and no more
// descriptors than before.
func asBefore(t testing.TB, before int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("open are, among others, %.1000s", openFiles())
		}
	}()
	until(t, "the threads to end", func() bool { return threadsOfRigs(t) == 0 })
	until(t, "the descriptors to come free", func() bool { return descriptors(t) <= before })
}

// openFiles lists what the process's descriptors refer to.
func openFiles() string {
	var all []string
	names, _ := filepath.Glob("/proc/self/fd/*")
	for _, name := range names {
		if to, err := os.Readlink(name); err == nil {
			all = append(all, filepath.Base(name)+"="+to)
		}
	}
	return strings.Join(all, " ")
}

// threadsOfRigs counts the kernel's threads that have an architecture's name.
func threadsOfRigs(t testing.TB) (n int) {
	t.Helper()
	names, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		comm, err := os.ReadFile(name) // a thread may end meanwhile
		if err != nil {
			continue
		}
		kind, _, named := strings.Cut(string(comm), "-")
		if named && slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.Name == kind }) {
			n++
		}
	}
	return n
}

// tids returns the threads on the server's rows.
func (r *rig) tids() (all []int) {
	if r.kind.Unbounded { // its rows are connections
		return nil
	}
	for _, p := range r.m.Status().Processes {
		for _, row := range p.Rows {
			if row.TID != 0 {
				all = append(all, row.TID)
			}
		}
	}
	return all
}

// sockets counts the descriptors of connections that belong to the server.
// These have the rig's address on this side; clients' have 127.0.0.1.
func (r *rig) sockets() (n int) {
	r.t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			r.t.Fatal(err)
		}
		local, err := unix.Getsockname(fd) // it may have been closed meanwhile
		if err != nil {
			continue
		}
		if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err != nil || listens != 0 {
			continue
		}
		if a, ok := local.(*unix.SockaddrInet4); ok && netip.AddrFrom4(a.Addr) == r.ip {
			n++
		}
	}
	return n
}

// liveThreads counts the threads on the server's rows that have its name in
// the kernel.
func (r *rig) liveThreads() (n int) {
	for _, tid := range r.tids() {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/comm", tid)) // it may end meanwhile
		if err == nil && strings.HasPrefix(string(comm), r.kind.Name+"-") {
			n++
		}
	}
	return n
}

// check checks that the server answers and has all its threads.
func (r *rig) check() {
	r.t.Helper()
	c := dialTo(r.t, r.addr)
	defer c.Close()
	c.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	c.hello("GET")
	c.end()
	if r.kind.Name != "goroutine" {
		until(r.t, "all threads to be there", func() bool { return r.liveThreads() == r.threads })
	}
	if n := r.m.Status().Counters["session_panics"] + r.m.Status().Counters["handler_panics"]; n != 0 {
		r.t.Errorf("%d sessions panicked", n)
	}
}

// idle waits until the server serves nobody.
func (r *rig) idle() {
	r.t.Helper()
	until(r.t, "the server to serve nobody", func() bool {
		st := r.m.Status()
		return st.Busy == 0 && st.Counters["connections_open"] == 0
	})
}

// until polls a condition that other threads make true.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// descriptors counts the open descriptors of this process.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
