package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one running program and all it starts.
type Process struct {
	argv  []string
	pid   int
	out   *head
	errs  *tail
	ended chan struct{} // closed when the program has ended and err is set
	err   error
}

// Start runs argv with the environment of this process. The program's standard
// input is empty. When this process is killed, so is the program.
//
// The program and all it starts may run on the CPUs named, or on all of this
// process's if none is.
func Start(argv []string, cpus ...int) (*Process, error) {
	return startTied(argv, syscall.SIGKILL, cpus)
}

// StartParent is Start for a program that has child processes and ends them on
// SIGTERM: when this process is killed the program gets that signal, for the
// kernel would kill the program alone.
func StartParent(argv []string, cpus ...int) (*Process, error) {
	return startTied(argv, syscall.SIGTERM, cpus)
}

// startTied runs argv. The kernel ties the program's death signal to the thread
// that started it (prctl(2), PR_SET_PDEATHSIG), not to the process: the
// starting thread is therefore kept until the program has ended.
func startTied(argv []string, orphaned syscall.Signal, cpus []int) (*Process, error) {
	if len(argv) == 0 {
		return nil, errors.New("start a program: no command")
	}
	p := &Process{argv: argv, out: newHead(), errs: &tail{}, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		back, err := runOn(cpus) // a program inherits the CPUs of the thread that starts it
		if err != nil {
			started <- err
			return
		}
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdout, cmd.Stderr = p.out, p.errs
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: orphaned}
		cmd.WaitDelay = time.Second // for a descendant that keeps the pipes open
		err = cmd.Start()
		back()
		if err != nil {
			started <- fmt.Errorf("start %s: %w", argv[0], err)
			return
		}
		p.pid = cmd.Process.Pid
		started <- nil
		// While the program is not reaped its number, and that of its group,
		// cannot belong to anybody else, so that the rest of the group can be
		// killed by it.
		waitUntilEnded(p.pid)
		_ = unix.Kill(-p.pid, unix.SIGKILL) // ESRCH: nothing is left
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, <-started
}

// runOn keeps the calling thread on the CPUs named until back is called; none
// named leaves it where it is.
func runOn(cpus []int) (back func(), err error) {
	if len(cpus) == 0 {
		return func() {}, nil
	}
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("read the CPUs of a thread: %w", err)
	}
	for _, cpu := range cpus {
		set.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("run a program on CPUs %v: %w", cpus, err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil // they were allowed a moment ago
}

// waitUntilEnded blocks until the child has ended, and leaves it unreaped.
func waitUntilEnded(pid int) {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// PID is the program's process id, and that of its group.
func (p *Process) PID() int { return p.pid }

// Ended is closed when the program has ended and its group has been killed.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// FirstLine waits for the first line of the program's standard output.
func (p *Process) FirstLine(ctx context.Context, timeout time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case <-p.out.done:
		return p.out.line(), nil
	case <-p.ended:
		select {
		case <-p.out.done: // both at once
			return p.out.line(), nil
		default:
			return "", p.fault("ended before it wrote a line")
		}
	case <-ctx.Done():
		return "", p.fault(fmt.Sprintf("wrote no line within %v", timeout))
	}
}

// Accepting waits until address takes connections. Each attempt that succeeds
// leaves the program one connection that ends at once.
func (p *Process) Accepting(ctx context.Context, address string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var dialer net.Dialer
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.ended:
			return p.fault("ended before it listened on " + address)
		case <-ctx.Done():
			return p.fault(fmt.Sprintf("did not listen on %s within %v", address, timeout))
		case <-time.After(pause):
		}
	}
}

// Wait waits for a program that ends by itself and returns the first 4 KiB it
// wrote to its standard output. When ctx ends first the program is killed.
func (p *Process) Wait(ctx context.Context) (string, error) {
	select {
	case <-p.ended:
	case <-ctx.Done():
		p.Kill()
		return "", p.fault("was stopped: " + context.Cause(ctx).Error())
	}
	if p.err != nil {
		return "", p.fault(p.err.Error())
	}
	return p.out.String(), nil
}

// Stop asks the program to end (SIGTERM) and kills it when it has not after
// grace. It returns an error when the program had to be killed, had ended
// before, or ended with a failure. A program that SIGTERM itself ended is fine.
func (p *Process) Stop(grace time.Duration) error {
	select {
	case <-p.ended:
		return p.fault("ended by itself")
	default:
	}
	_ = unix.Kill(p.pid, unix.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.Kill()
		return p.fault(fmt.Sprintf("did not end within %v of SIGTERM and was killed", grace))
	}
	var exit *exec.ExitError
	if errors.As(p.err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
		return nil
	}
	if p.err != nil && !errors.Is(p.err, exec.ErrWaitDelay) {
		return p.fault(p.err.Error())
	}
	return nil
}

// Kill ends the program and its group at once, and waits until they have.
func (p *Process) Kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	_ = unix.Kill(-p.pid, unix.SIGKILL)
	<-p.ended
}

// fault says what was wrong with the program, and how its standard error ended.
func (p *Process) fault(what string) error {
	text := strings.TrimSpace(p.errs.String())
	if text == "" {
		return fmt.Errorf("%s %s (it wrote no error)", p.argv[0], what)
	}
	return fmt.Errorf("%s %s; its standard error ends: %s", p.argv[0], what, text)
}

// FreePort finds a TCP port of 127.0.0.1 that nobody listens on. Somebody may
// take it before it is used.
func FreePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
