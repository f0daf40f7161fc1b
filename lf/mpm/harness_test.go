package mpm

import (
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/httpd"
	"lflab/lf/serve"
	"lflab/lf/sock"
	"lflab/sync/park"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// raceDetector is set in tests that run under the race detector, ten times slower.
var raceDetector bool

// TestMain lets the test binary be a server that runs out of descriptors, or
// one that goes on accepting where another leaves.
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
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // the network poller has its own descriptors from now on
	}
	os.Exit(m.Run())
}

// setup is what a test wants of its server; the zero value is a plain one.
type setup struct {
	change   func(*Config) // the rest of it
	threads  int           // 4 when 0
	parker   string
	limits   httpd.Limits
	silent   bool                              // no deferred accept: peers that say nothing are handed out
	watch    func(serve.Service) serve.Service // put between MPM and protocol
	recorder *flight.Recorder
	listen   int        // on how many addresses; 1 when 0
	before   func(*rig) // it accepts
	adopt    bool       // the listeners are those of another process, too: see rig.opened
}

// rig is a running server on a port of its own.
type rig struct {
	t        testing.TB
	kind     Kind
	threads  int
	m        MPM
	listener *sock.Listener   // the first of
	all      []*sock.Listener // those that the server has
	opened   []*sock.Listener // those that somebody else has, whose sockets they are
	web      *httpd.Server
	addr     string
	before   int // descriptors
	drained  bool
	clients  []*client
}

func start(t testing.TB, name string, s setup) *rig {
	t.Helper()
	kind, err := Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, kind: kind, threads: max(s.threads, kind.MinThreads), before: descriptors(t)}
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
		s.limits.LingerShort = 40 * time.Millisecond // many a test's client does not close first
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	r.web, err = httpd.New(httpd.Config{
		Limits: s.limits, Debug: true, Log: quiet, DocRoot: docRoot(t),
		Status: func() serve.Status { return r.m.Status() },
	})
	if err != nil {
		t.Fatal(err)
	}
	opt := sock.Options{Address: "127.0.0.1:0", DeferAccept: sock.DefaultDefer, ReusePort: kind.ReusePort}
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
		if !r.drained {
			r.stop()
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

// docRoot is an empty directory for all servers.
func docRoot(t testing.TB) string {
	dir := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// stop drains the server, and looks for what it left behind.
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

// finish waits for the end of a drain, and looks for what was left behind.
func (r *rig) finish() {
	r.t.Helper()
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
	until(r.t, "the threads to end", func() bool { return r.liveThreads() == 0 })
	until(r.t, "the descriptors to come free", func() bool { return descriptors(r.t) <= r.before })
}

// liveThreads counts the kernel's threads that bear the architecture's name.
func (r *rig) liveThreads() int {
	names, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		comm, err := os.ReadFile(name) // a thread may end meanwhile
		if err == nil && strings.HasPrefix(string(comm), r.kind.Name+"-") {
			n++
		}
	}
	return n
}

// check is that the server is as good as new: it answers, and has its threads.
func (r *rig) check() {
	r.t.Helper()
	c := dialTo(r.t, r.addr)
	defer c.Close()
	c.send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	c.hello("GET")
	c.end()
	if r.kind.Name != "goroutine" {
		if n := r.liveThreads(); n != r.threads {
			r.t.Errorf("%d threads of %d are left", n, r.threads)
		}
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

// until polls a condition that other threads bring about.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// descriptors counts what this process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
