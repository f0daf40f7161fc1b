package probe

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lflab/experiments/probe/stage"

	"golang.org/x/sys/unix"
)

// Some tests need another process: a target, or a probe with other privileges,
// in other namespaces, or one that is killed. They start this test binary
// again. A variable names its role, and it reads orders as lines.

const roleVariable = "LFLAB_PROBE_TEST_ROLE"

var roles = map[string]func(){
	"target": beTarget,
	"probe":  beProbe,
}

// A package's init runs on the process's first thread, a test on any thread.
func init() {
	if os.Getenv(roleVariable) == "headless" {
		beHeadless()
	}
}

// TestRole is the entry point of the other process.
func TestRole(t *testing.T) {
	if role := os.Getenv(roleVariable); role != "" {
		roles[role]()
	}
}

// child is the other process, as the test sees it.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *os.File
	buf *bufio.Reader
}

// patience is how long a test waits for something that must happen at once.
const patience = 20 * time.Second

// startChild starts the process, with env added to its environment, and ends it
// with the test.
func startChild(t *testing.T, program, role string, attr *syscall.SysProcAttr, env ...string) *child {
	t.Helper()
	cmd := exec.Command(program, "-test.run=^TestRole$")
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), env...)
	cmd.SysProcAttr = attr
	return launch(t, cmd)
}

// launch starts a command as a child.
func launch(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	c := &child{t: t, cmd: cmd}
	c.cmd.Stderr = os.Stderr
	c.cmd.Dir = "/"
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out, c.buf, c.cmd.Stdout = r, bufio.NewReader(r), w
	if err := c.cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", cmd, err)
	}
	w.Close()
	t.Cleanup(c.end)
	return c
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end kills the process if it still runs.
func (c *child) end() {
	c.in.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
	c.out.Close()
}

func (c *child) order(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Fatalf("tell process %d %q: %v", c.pid(), line, err)
	}
}

func (c *child) answer() string {
	c.t.Helper()
	if err := c.out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.buf.ReadString('\n')
	if err != nil {
		c.t.Fatalf("process %d says %q: %v", c.pid(), line, err)
	}
	return strings.TrimSpace(line)
}

func (c *child) expect(want string) {
	c.t.Helper()
	if got := c.answer(); got != want {
		c.t.Fatalf("process %d says %q, want %q", c.pid(), got, want)
	}
}

// waitFor polls until holds returns true.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// beTarget runs two threads that wake each other. Each line of input says how
// many times there and back.
func beTarget() {
	there, back := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for range there {
			back <- struct{}{}
		}
	}()
	runtime.LockOSThread()
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		n, _ := strconv.Atoi(in.Text())
		for range n {
			there <- struct{}{}
			<-back
		}
		fmt.Println("did", n)
	}
}

func startPingPong(t *testing.T, program string, attr *syscall.SysProcAttr) *child {
	t.Helper()
	c := startChild(t, program, "target", attr)
	c.expect("ready")
	return c
}

// burst is how many times a target's threads wake each other for one order of a
// test.
const burst = 300

func (c *child) burst() {
	c.t.Helper()
	c.order(strconv.Itoa(burst))
	c.expect(fmt.Sprintf("did %d", burst))
}

// beHeadless ends its first thread and goes on with the others.
func beHeadless() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		syscall.Exit(0)
	}()
	fmt.Println(unix.Gettid() == unix.Getpid())
	_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

// opened is the report of a probe in another process about its beginning.
type opened struct {
	Check, Err      string            // sentences; empty: it works
	Permission      bool              // EPERM is in the chain
	Hooks           map[string]string // sentences, if Check has one
	Programs, Links []uint32          // IDs
	PID             int               // process ID of the target, as the probe sees it
}

// measured is the report of a probe in another process about its measurement.
type measured struct {
	Counts  map[string]uint64
	Records int
	Note    string // of the cost
	Err     string
}

// Environment variables of a probe in another process.
const (
	targetVariable = "LFLAB_PROBE_TEST_TARGET" // process ID; empty: the probe starts a target
	hideVariable   = "LFLAB_PROBE_TEST_HIDE"   // directories to hide by an empty mount
	procVariable   = "LFLAB_PROBE_TEST_PROC"   // mount procfs anew
)

// beProbe probes until it reads a line.
func beProbe() {
	begin, end := opened{}, measured{}
	prepareMounts()
	begin.Check = sentence(Check())
	if begin.Check != "" {
		begin.Hooks = map[string]string{}
		for _, s := range Hooks() {
			begin.Hooks[s.Point] = sentence(s.Err)
		}
	}
	pid, _ := strconv.Atoi(os.Getenv(targetVariable))
	exercise := func() {}
	if pid == 0 {
		pid, exercise = ownTarget()
	}
	begin.PID = pid
	p, err := Open(Options{PIDs: []int{pid}, Requests: true, Calls: true})
	if err == nil {
		err = p.Start()
	}
	begin.Err, begin.Permission = sentence(err), errors.Is(err, unix.EPERM)
	if err == nil {
		begin.Programs, begin.Links = idsOf(p)
	}
	say(begin)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	if begin.Err != "" {
		return
	}
	exercise()
	err = p.Stop()
	end.Records = len(p.Records().Waits)
	if end.Counts, _ = p.Counts(); err == nil {
		var c stage.Cost
		c, err = p.MeasureCost(context.Background(), 10*time.Millisecond)
		end.Note = c.Note
	}
	end.Err = sentence(errors.Join(err, p.Close()))
	say(end)
}

// ownTarget starts a program for a probe to watch. It is for processes that a
// test has started. exercise makes the program work.
func ownTarget() (pid int, exercise func()) {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestRole$")
	cmd.Env = append(os.Environ(), roleVariable+"=target")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(err)
	out, err := cmd.StdoutPipe()
	must(err)
	must(cmd.Start())
	lines := bufio.NewScanner(out)
	lines.Scan()
	return cmd.Process.Pid, func() {
		_, err := fmt.Fprintln(in, burst)
		must(err)
		lines.Scan()
		must(in.Close())
		must(cmd.Wait())
	}
}

// prepareMounts changes mounts in a mount namespace of its own.
func prepareMounts() {
	hide := strings.Fields(os.Getenv(hideVariable))
	if len(hide) == 0 && os.Getenv(procVariable) == "" {
		return
	}
	must(unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	for _, dir := range hide {
		must(unix.Mount("none", dir, "tmpfs", 0, ""))
	}
	if os.Getenv(procVariable) != "" {
		must(unix.Mount("proc", "/proc", "proc", 0, ""))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "in the other process:", err)
		os.Exit(1)
	}
}

func say(what any) { must(json.NewEncoder(os.Stdout).Encode(what)) }

func hear[T any](c *child) (v T) {
	c.t.Helper()
	if line := c.answer(); json.Unmarshal([]byte(line), &v) != nil {
		c.t.Fatalf("process %d says %q", c.pid(), line)
	}
	return v
}

func idsOf(p *Probe) (programs, links []uint32) {
	for _, h := range hooks {
		if program := p.program(h.program); program != nil {
			info, err := program.Info()
			must(err)
			id, _ := info.ID()
			programs = append(programs, uint32(id))
		}
	}
	for _, l := range p.links {
		info, err := l.Info()
		must(err)
		links = append(links, uint32(info.ID))
	}
	return programs, links
}

func sentence(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// binaryForAll returns a copy of this test binary that every user may execute.
func binaryForAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lflab-probe-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	name := filepath.Join(dir, "probe.test")
	copied, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(copied, self)
	if err := errors.Join(err, copied.Chmod(0o755), copied.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}
