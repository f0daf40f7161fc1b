package gate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/cas"
)

// childShares is an environment variable with the job of a child process of
// these tests.
const childShares = "GATE_TEST_SHARED"

// job is what a child does with a shared gate. Its descriptor 3 is the board,
// and the gate's descriptors follow.
type job struct {
	Passport Passport
	Files    int
	Task     string // count, loop, once, orphaned, hand
	Threads  int
	Rounds   uint64
	Wait     uint32        // threads of all children that begin together
	Inside   time.Duration // the minimum time to hold the gate
	Slot     int           // of the child's first thread on the board
	Resident int           // bytes of additional memory
}

// runJob is the main function of a child. The child also ends when its parent
// does, because that closes its standard input.
func runJob(text string) {
	var e job
	must(json.Unmarshal([]byte(text), &e))
	b, _, err := boardOn(3)
	must(err)
	var fds []int
	for i := range e.Files {
		fds = append(fds, 4+i)
	}
	s, err := OpenShared(e.Passport, fds)
	must(err)
	ballast := make([]byte, e.Resident)
	for i := 0; i < len(ballast); i += os.Getpagesize() {
		ballast[i] = 1
	}
	lines := make(chan string)
	go func() {
		for in := bufio.NewReader(os.Stdin); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				os.Exit(1)
			}
			lines <- line
		}
	}()
	switch e.Task {
	case "count":
		e.goRound(b, s, func(own uint64) bool { return own >= e.Rounds && b.changes >= 50 })
	case "loop":
		e.goRound(b, s, func(uint64) bool { return b.stop.Load() != 0 })
	case "once":
		runtime.LockOSThread()
		fmt.Println(unix.Gettid())
		must(s.Acquire(nil))
		now := monotonic()
		b.enter()
		b.entered.Store(now)
		b.order[b.ordered] = uint32(os.Getpid())
		b.ordered++
		fmt.Println("holds")
		<-lines
		b.leave()
		s.Release()
	case "orphaned":
		must(s.Orphaned())
		must(s.Orphaned())
	case "hand":
		runtime.LockOSThread()
		fmt.Println("comes")
		for b.stop.Load() == 0 {
			b.alternate(s, uint32(os.Getpid()))
		}
	}
	runtime.KeepAlive(ballast)
	must(s.Close())
	os.Exit(0)
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}

// goRound lets all threads acquire and release the gate, until enough returns
// true.
func (e *job) goRound(b *board, s *Shared, enough func(own uint64) bool) {
	fmt.Println("there")
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	for i := range e.Threads {
		all.Go(func() {
			runtime.LockOSThread()
			for b.there.Add(1); b.there.Load() < e.Wait; {
				yield()
			}
			own := &b.own[e.Slot+i]
			for done := false; !done; {
				if err := s.Acquire(nil); err != nil {
					failed.Store(&err)
					return
				}
				b.enter()
				if b.stay.CompareAndSwap(1, 0) {
					b.staying.Store(uint32(os.Getpid()))
					select {}
				}
				*own++
				if b.last != uint64(os.Getpid()) {
					b.last = uint64(os.Getpid())
					b.changes++
				}
				seen := b.counter
				for range 20 { // time for other threads to come in wrongly
					cas.Pause()
				}
				for end := monotonic() + int64(e.Inside); e.Inside > 0 && monotonic() < end; {
					cas.Pause()
				}
				b.counter = seen + 1
				done = enough(*own)
				b.leave()
				s.Release()
				for range 20 {
					cas.Pause()
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		must(*err)
	}
}

// enter and leave record which process holds the gate. A process killed while
// it held the gate remains recorded.
func (b *board) enter() {
	if was := b.inside.Swap(uint32(os.Getpid())); was != 0 && was != b.doomed.Load() {
		b.broken.Add(1)
	}
}

func (b *board) leave() {
	if !b.inside.CompareAndSwap(uint32(os.Getpid()), 0) {
		b.broken.Add(1)
	}
}

// alternate acquires the gate after the other process and holds it until that
// one sleeps for it. It cannot see that sleep: it waits until the other has
// said that it will wait, and then for 100 µs.
func (b *board) alternate(s *Shared, me uint32) {
	b.coming.Store(me)
	must(s.Acquire(nil))
	b.entered.Store(monotonic())
	b.inside.Store(me)
	for b.coming.Load() == me && b.stop.Load() == 0 {
		yield()
	}
	const asleep = 100 * time.Microsecond
	for end := monotonic() + int64(asleep); monotonic() < end; {
		cas.Pause()
	}
	b.released.Store(monotonic())
	s.Release()
	for b.inside.Load() == me && b.stop.Load() == 0 {
		yield()
	}
}

func yield() { unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }

// monotonic returns CLOCK_MONOTONIC, which all processes share, in ns.
func monotonic() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

// family is a shared gate, its board, and the processes that use both.
type family struct {
	testing.TB
	kind  SharedKind
	owner *SharedOwner
	board *board
	file  *os.File
	user  *syscall.Credential // of the children; nil is the parent's user
}

// newFamily makes a shared gate. It skips the test if the system lacks the
// gate's mechanism.
func newFamily(t testing.TB, k SharedKind, opt SharedOptions) *family {
	t.Helper()
	owner, err := k.New(opt)
	for _, refusal := range []error{unix.ENOSYS, unix.EPERM, unix.ENOSPC} {
		if errors.Is(err, refusal) {
			t.Skipf("gate %s: %v", k.Name, err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	note(owner.Passport().Semaphore)
	f := &family{TB: t, kind: k, owner: owner}
	t.Cleanup(func() {
		if err := owner.Close(); err != nil {
			t.Error(err)
		}
	})
	f.board, f.file = newBoard(t)
	return f
}

type process struct {
	f    *family
	cmd  *exec.Cmd
	pid  int
	in   io.WriteCloser
	pipe *os.File
	out  *bufio.Reader
	over bool
}

// spawn starts a child.
func (f *family) spawn(e job) *process {
	f.Helper()
	e.Passport, e.Files = f.owner.Passport(), len(f.owner.Files())
	text, err := json.Marshal(e)
	if err != nil {
		f.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		f.Fatal(err)
	}
	defer w.Close()
	// Another user may not enter the directory of the test's program.
	c := exec.Command("/proc/self/exe")
	// With the race detector each child would sleep for 1 s at its end.
	c.Env = append(os.Environ(), childShares+"="+string(text), "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
	c.ExtraFiles = append([]*os.File{f.file}, f.owner.Files()...)
	c.Stdout, c.Stderr = w, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Credential: f.user}
	in, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.Close()
		f.Fatalf("start a child: %v", err)
	}
	p := &process{f: f, cmd: c, pid: c.Process.Pid, in: in, pipe: r, out: bufio.NewReader(r)}
	f.Cleanup(func() {
		p.kill()
		r.Close()
	})
	return p
}

// line returns the next line of the child's output.
func (p *process) line() string {
	p.f.Helper()
	if err := p.pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.f.Fatal(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		p.f.Fatalf("%s: child %d says %q and then nothing: %v", p.f.kind.Name, p.pid, line, err)
	}
	return strings.TrimSpace(line)
}

func (p *process) says(want string) {
	p.f.Helper()
	if got := p.line(); got != want {
		p.f.Fatalf("%s: child %d says %q, want %q", p.f.kind.Name, p.pid, got, want)
	}
}

// leaves makes a child that holds the gate release it and end.
func (p *process) leaves() {
	p.f.Helper()
	if _, err := p.in.Write([]byte("leave\n")); err != nil {
		p.f.Fatal(err)
	}
	p.ends()
}

// ends waits for a child that ends by itself.
func (p *process) ends() {
	p.f.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	p.over = true
	if !late.Stop() || err != nil {
		rest, _ := io.ReadAll(p.out)
		p.f.Fatalf("%s: child %d: %v, and says %q", p.f.kind.Name, p.pid, err, rest)
	}
	p.recovered()
}

// kill does what a parent does after a death: it waits for the process and
// calls Recover.
func (p *process) kill() {
	if p.over {
		return
	}
	p.over = true
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.recovered()
}

func (p *process) recovered() {
	if err := p.f.owner.Recover(p.pid); err != nil {
		p.f.Error(err)
	}
}

// comes starts a child that takes the gate once, and returns when the child
// waits for it.
func (f *family) comes() *process {
	f.Helper()
	p := f.spawn(job{Task: "once"})
	p.queued()
	return p
}

// queued returns when a child that takes the gate once waits for it.
func (p *process) queued() {
	f := p.f
	f.Helper()
	task := fmt.Sprintf("/proc/%d/task/%s/", p.pid, p.line())
	if !poll(func() bool {
		call, err := os.ReadFile(task + "syscall")
		if err != nil {
			f.Skipf("see where another process waits: %v", err)
		}
		return sharedWaits[f.kind.Name](strings.Fields(string(call)))
	}) {
		f.Fatalf("%s: child %d does not wait", f.kind.Name, p.pid)
	}
}

// sharedWaits recognises the system call in which a kind waits by its number
// and arguments.
var sharedWaits = map[string]func(call []string) bool{
	"flock":    func(call []string) bool { return call[0] == fmt.Sprint(unix.SYS_FLOCK) },
	"fcntl":    func(call []string) bool { return call[0] == fmt.Sprint(unix.SYS_FCNTL) },
	"sysvsem":  func(call []string) bool { return call[0] == fmt.Sprint(unix.SYS_SEMTIMEDOP) },
	"posixsem": waitsShared,
	"pthread":  waitsShared,
}

// The runtime's own futex waits are private to the process.
func waitsShared(call []string) bool {
	return call[0] == fmt.Sprint(unix.SYS_FUTEX) && len(call) > 2 && call[2] == "0x0"
}

// opens opens the gate in this process too.
func (f *family) opens() *Shared {
	f.Helper()
	s, err := OpenShared(f.owner.Passport(), f.descriptors())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if f.Failed() {
			return // a thread may wait for it
		}
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	return s
}

// descriptors returns the descriptors that a child would inherit.
func (f *family) descriptors() (fds []int) {
	f.Helper()
	for _, file := range f.owner.Files() {
		fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			f.Fatal(err)
		}
		fds = append(fds, fd)
	}
	return fds
}

// kept fails the test if two processes held the gate at the same time.
func (f *family) kept() {
	f.Helper()
	if n := f.board.broken.Load(); n != 0 {
		f.Errorf("%s: %d times a process met another one inside", f.kind.Name, n)
	}
}
