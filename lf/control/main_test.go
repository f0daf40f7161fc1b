package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf"
	"lflab/lf/httpd"
	"lflab/lf/mpm"
)

const (
	serverEnv = "CONTROL_TEST_SERVER"
	patience  = 20 * time.Second
)

// The test's server process exits with one of these after Run has returned.
const (
	exitDone   = 0
	exitError  = 1
	exitGrace  = 3
	exitAtOnce = 4
)

// TestMain makes the test binary run as the server that is tested, so that
// signals go to a separate process.
func TestMain(m *testing.M) {
	// Otherwise the race detector delays the end of each process by a second.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	if len(os.Args) == 2 && os.Args[1] == "child" {
		os.Exit(Child())
	}
	if config := os.Getenv(serverEnv); config != "" {
		os.Exit(serveProcess(config))
	}
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close() // the network poller has its own descriptors from now on
	}
	// More tests run at a time than there are processors, because they mostly
	// wait for processes. The flag -parallel overrides that.
	flag.Parse()
	if !slices.ContainsFunc(os.Args, func(arg string) bool { return strings.HasPrefix(arg, "-test.parallel") }) {
		if err := flag.Set("test.parallel", "12"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// order describes the process that a test needs.
type order struct {
	MPM   string
	At    string        // address to listen on, plain's when empty
	Grace time.Duration // plain's when 0
	Lab   bool

	Promotion lf.Promotion

	Config string // file of a control process
	Beat   time.Duration
	Files  int // limit of descriptors, the system's when 0
}

func serveProcess(config string) int {
	var o order
	if err := json.Unmarshal([]byte(config), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitError
	}
	if o.Files > 0 {
		limit := unix.Rlimit{Cur: uint64(o.Files), Max: uint64(o.Files)}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitError
		}
	}
	if o.Config != "" {
		return controlProcess(o)
	}
	c := plain(o.MPM)
	c.Lab, c.Out, c.Promotion = o.Lab, os.Stdout, o.Promotion
	if o.At != "" {
		c.Listen = []string{o.At}
	}
	if o.Grace > 0 {
		c.Grace = o.Grace
	}
	s, err := New(c)
	if err == nil {
		err = s.Run()
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ErrGrace):
		return exitGrace
	case errors.Is(err, ErrAtOnce):
		return exitAtOnce
	}
	fmt.Fprintln(os.Stderr, err)
	return exitError
}

// controlProcess runs a control process, as lflab serve --config does.
func controlProcess(o order) int {
	first, _, err := Resolve(o.Config, nil, nil, nil)
	var p *Parent
	if err == nil {
		p, err = NewParent(ParentOptions{Load: Loader(o.Config, nil, nil, first), Args: []string{"control.test", "child"}, Out: os.Stdout, Beat: o.Beat})
	}
	if err == nil {
		err = p.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitError
	}
	return exitDone
}

// plain returns the configuration of a small server with a short linger time.
func plain(name string) Config {
	c := Config{MPM: name, Listen: []string{"127.0.0.1:0"}, Threads: 6, Primitive: "futex", Grace: patience, DeferAccept: true,
		HTTP: httpd.Config{Limits: httpd.Limits{KeepAliveTimeout: patience, LingerShort: 50 * time.Millisecond}}}
	if kind, err := mpm.Lookup(name); err == nil && kind.MaxThreads > 0 {
		c.Threads = kind.MaxThreads
	}
	return c
}

// many skips a test that needs two connections at a time, for architectures
// that serve one.
func many(t *testing.T, name string) {
	t.Helper()
	if kind, err := mpm.Lookup(name); err == nil && kind.MaxThreads == 1 {
		t.Skip("serves one connection at a time when it is alone, and this needs two")
	}
}

func everyKind(t *testing.T, test func(*testing.T, string)) {
	for _, kind := range mpm.Kinds() {
		t.Run("mpm="+kind.Name, func(t *testing.T) { test(t, kind.Name) })
	}
}

// said collects the output of a process. It may be read meanwhile.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// process is a running server.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	addr string
	out  *bufio.Reader
	log  said
	wait func() int // waits for its end and returns the exit status
}

func run(t testing.TB, o order) *process {
	t.Helper()
	return runAs(t, o, func(*exec.Cmd) {})
}

// runAs is like run, but change may alter the command before it starts.
func runAs(t testing.TB, o order, change func(*exec.Cmd)) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*patience)
	p := &process{t: t, cmd: exec.CommandContext(ctx, exe)}
	p.cmd.Env = append(os.Environ(), serverEnv+"="+string(config))
	p.cmd.Stderr = &p.log
	// StdoutPipe does not do, because Wait closes it before all is read.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout = w
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no controlling terminal
	change(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	p.wait = sync.OnceValue(func() int {
		_ = p.cmd.Wait() // the exit status shows it
		cancel()
		return p.cmd.ProcessState.ExitCode()
	})
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error means that it has ended
		p.wait()
		r.Close()
	})
	r.SetReadDeadline(time.Now().Add(patience))
	p.out = bufio.NewReader(r)
	line, err := p.out.ReadString('\n')
	var ok bool
	if p.addr, ok = strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on "); !ok {
		t.Fatalf("the server said %q, %v; %s", line, err, p.log.String())
	}
	return p
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// refuses waits until the server accepts no new connections. It refuses them,
// or while it empties its queue it does not answer them. Over the loopback
// interface an answer would come at once.
func (p *process) refuses() {
	p.t.Helper()
	until(p.t, "the server to take no more connections", func() bool {
		c, err := net.DialTimeout("tcp", p.addr, 200*time.Millisecond)
		if err == nil {
			c.Close()
			return false
		}
		var timeout net.Error
		return errors.Is(err, unix.ECONNREFUSED) || errors.As(err, &timeout) && timeout.Timeout()
	})
}

// peer is a client with one connection to the server.
type peer struct {
	t testing.TB
	net.Conn
	in *bufio.Reader
}

func (p *process) dial() *peer { return dial(p.t, p.addr) }

// apart opens two connections of which neither delays the other. If connections
// stay with their threads, the two have different threads.
func (p *process) apart(mpm string) (*peer, *peer) {
	p.t.Helper()
	a, b := p.dial(), p.dial()
	for mpm == "percore" && a.thread() == b.thread() {
		b = p.dial()
	}
	return a, b
}

// thread returns the scoreboard index of the thread that serves the peer. No
// other thread may be active.
func (p *peer) thread() int {
	p.t.Helper()
	_, board, _ := strings.Cut(p.get("/server-status?auto"), "Scoreboard: ")
	return strings.Index(board, "W")
}

func dial(t testing.TB, addr string) *peer {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &peer{t, c, bufio.NewReader(c)}
}

func (p *peer) send(path string) {
	p.t.Helper()
	if _, err := fmt.Fprintf(p, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) answer() (*http.Response, string) {
	p.t.Helper()
	res, err := http.ReadResponse(p.in, nil)
	if err != nil {
		p.t.Fatalf("read a response: %v", err)
	}
	var body strings.Builder
	body.Grow(int(max(res.ContentLength, 0)))
	if n, err := io.Copy(&body, res.Body); err != nil {
		p.t.Fatalf("read a body: %d bytes, %v", n, err)
	}
	return res, body.String()
}

func (p *peer) get(path string) string {
	p.t.Helper()
	p.send(path)
	res, body := p.answer()
	if res.StatusCode != 200 {
		p.t.Fatalf("%s: %s, %q", path, res.Status, body)
	}
	return body
}

// working waits until so many requests on other connections are being handled.
// It does not count the peer's own request for the status.
func (p *peer) working(requests int) {
	p.t.Helper()
	until(p.t, "the request to be in flight", func() bool {
		_, board, _ := strings.Cut(p.get("/server-status?auto"), "Scoreboard: ")
		return strings.Count(board, "W") == requests+1
	})
}

func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
