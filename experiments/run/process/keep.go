package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	_ "lflab/sync/linux" // fails to compile, with an explanation, on other systems

	"golang.org/x/sys/unix"
)

// KeepCommand is the argument that makes this program a keeper. A program that
// uses this package must call Keep when it gets it.
const KeepCommand = "keep"

const (
	keeperFd   = 3                      // the keeper's end of the connection
	orphaned   = 2 * time.Second        // time for a program to end after its runner is gone
	rest       = 500 * time.Millisecond // time for the processes that a program left behind to end
	killingFor = 10 * time.Second       // after this time, remaining processes are reported
)

// order is the runner's request to a keeper: start a program, let one go that
// is held (Go), ask it to end (Term), or end it (Kill).
type order struct {
	Argv       []string `json:"argv,omitempty"`
	CPUs       []int    `json:"cpus,omitempty"`
	Background bool     `json:"background,omitempty"` // the program may end and leave its server behind
	Held       bool     `json:"held,omitempty"`       // the program waits before its first instruction, if the system permits it
	Go         bool     `json:"go,omitempty"`
	Term, Kill bool     `json:",omitempty"`
}

// word is a message of a keeper to the runner.
type word struct {
	PID    int    `json:"pid,omitempty"`    // the program was started
	Error  string `json:"error,omitempty"`  // or it could not be started
	Status string `json:"status,omitempty"` // how the program ended
	Ended  bool   `json:"ended,omitempty"`  // nothing of the program is left
	CPUNs  int64  `json:"cpu_ns,omitempty"` // CPU time of the program and all it started
	Left   []int  `json:"left,omitempty"`   // processes that could not be ended
}

// Keep runs this process as a keeper: one program after the other, until the
// runner closes the connection.
func Keep() error {
	runtime.LockOSThread() // a program's death signal is tied to the thread that starts it
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("keep programs: become their reaper: %w", err)
	}
	conn, err := newConnection(os.NewFile(keeperFd, "keeper"))
	if err != nil {
		return fmt.Errorf("keep programs: %w (this command is started by lflab run alone)", err)
	}
	k := &keep{conn: conn, tree: tree{proc: os.DirFS("/proc"), root: os.Getpid()}}
	// The keeper takes these signals and drops them. Ignoring them would make
	// its programs ignore them too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	return k.serve()
}

// keep is the state of a keeper, in its own process.
type keep struct {
	conn *connection
	tree tree

	// The fields below belong to the current program.
	main       int // its process id; 0: there is none
	over       bool
	failed     bool
	background bool
	held       bool // main is traced, and stopped before its first instruction
	asked      bool // to end
	cpu        time.Duration
	deadline   <-chan time.Time // when to kill the rest
}

// delivery is an order with the files that came with it.
type delivery struct {
	order
	files []*os.File
}

func (k *keep) serve() error {
	orders := make(chan delivery)
	go func() {
		defer close(orders)
		for {
			var d delivery
			var err error
			if d.files, err = k.conn.receive(&d.order); err != nil {
				return // the runner is gone
			}
			orders <- d
		}
	}()
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	for alone := false; !alone || k.main != 0; {
		select {
		case d, ok := <-orders:
			switch {
			case !ok:
				alone, orders = true, nil
				k.ask(orphaned)
			case d.Kill:
				k.kill()
			case d.Term:
				k.ask(0)
			case d.Go:
				k.letGo()
			default:
				k.start(d)
			}
		case <-children:
			k.reap()
		case <-k.deadline:
			k.kill()
		case <-term:
			k.kill()
			return nil
		}
	}
	return nil
}

func (k *keep) start(d delivery) {
	defer func() {
		for _, f := range d.files {
			f.Close()
		}
	}()
	if k.main != 0 || len(d.files) != 2 || len(d.Argv) == 0 {
		k.conn.send(word{Error: "a keeper takes one program at a time, with its output"})
		return
	}
	back, err := runOn(d.CPUs) // a program inherits the CPUs of the thread that starts it
	if err == nil {
		cmd := exec.Command(d.Argv[0], d.Argv[1:]...)
		cmd.Stdout, cmd.Stderr = d.files[0], d.files[1]
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Ptrace: d.Held}
		err = cmd.Start()
		if d.Held && errors.Is(err, syscall.EPERM) { // it may not be traced here: it starts at once
			cmd.SysProcAttr.Ptrace, d.Held = false, false
			err = cmd.Start()
		}
		back()
		if err == nil {
			*k = keep{conn: k.conn, tree: k.tree, main: cmd.Process.Pid, background: d.Background, held: d.Held}
			_ = cmd.Process.Release() // collect waits for all children
			if k.held {
				k.awaitStop()
			}
			k.conn.send(word{PID: k.main})
			k.reap()
			return
		}
		err = startFault(d.Argv[0], err)
	}
	k.conn.send(word{Error: err.Error()})
}

// awaitStop waits for the stop of a traced program that has just been loaded
// (ptrace(2), PTRACE_TRACEME).
func (k *keep) awaitStop() {
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(k.main, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || !status.Stopped(): // it was killed
			k.held, k.over, k.failed = false, true, true
			k.conn.send(word{Status: describe(status)})
		}
		return
	}
}

// letGo lets a held program run, no longer traced.
func (k *keep) letGo() {
	if k.held {
		k.held = false
		_ = unix.PtraceDetach(k.main) // fails only if it was killed
	}
}

// ask asks the program to end or, if it has ended, the processes that it left
// behind. Those that remain after patience are killed; 0 sets no limit.
func (k *keep) ask(patience time.Duration) {
	if k.main == 0 {
		return
	}
	k.letGo() // a stopped program does not take the signal
	k.asked = true
	if patience > 0 {
		k.deadline = time.After(patience)
	}
	if !k.over {
		_ = unix.Kill(k.main, unix.SIGTERM)
		return
	}
	k.askRest()
}

func (k *keep) askRest() {
	k.deadline = time.After(rest)
	members, _ := k.tree.members() // those not found are killed in the end
	for pid := range members {
		_ = unix.Kill(pid, unix.SIGTERM)
	}
}

// reap collects ended processes and decides what to do with the rest.
func (k *keep) reap() {
	was := k.over
	none := k.collect()
	switch {
	case k.main == 0 || !k.over:
	case none:
		k.end(nil)
	case was: // the rest is in the background, or ending
	case k.asked:
		k.askRest()
	case !k.background || k.failed:
		k.kill()
	}
}

// collect waits for all children that have ended. It reports whether none is
// left. Then nothing of the program is left, because all that it started become
// children of this process.
func (k *keep) collect() (none bool) {
	for {
		var status unix.WaitStatus
		var use unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &use)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return true
		case err != nil || pid <= 0:
			return false
		}
		if status.Stopped() { // a traced one
			continue
		}
		k.cpu += time.Duration(use.Utime.Nano() + use.Stime.Nano())
		if pid == k.main && !k.over {
			k.over = true
			k.failed = !status.Exited() || status.ExitStatus() != 0
			k.conn.send(word{Status: describe(status)})
		}
	}
}

// describe says how a program ended.
func describe(status unix.WaitStatus) string {
	switch {
	case status.Signaled() && status.CoreDump():
		return fmt.Sprintf("signal %s (core dumped)", unix.SignalName(status.Signal()))
	case status.Signaled():
		return "signal " + unix.SignalName(status.Signal())
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// kill ends everything. It kills whole groups first, because no fork within a
// group escapes that. It reports the processes that remain after killingFor.
func (k *keep) kill() {
	if k.main == 0 {
		return
	}
	own := unix.Getpgrp()
	pause := time.Millisecond
	for began := time.Now(); ; pause = min(2*pause, 20*time.Millisecond) {
		members, err := k.tree.members()
		groups := map[int]bool{own: true, 0: true, 1: true}
		for pid, s := range members {
			if !groups[s.group] {
				groups[s.group] = true
				_ = unix.Kill(-s.group, unix.SIGKILL)
			}
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		if k.collect() {
			k.end(nil)
			return
		}
		if time.Since(began) > killingFor {
			var left []int
			for pid := range members {
				left = append(left, pid)
			}
			slices.Sort(left)
			k.end(left)
			return
		}
		if err == nil && len(members) > 0 {
			time.Sleep(pause)
		}
	}
}

// end tells the runner that the program has ended, and forgets it.
func (k *keep) end(left []int) {
	k.conn.send(word{Ended: true, CPUNs: int64(k.cpu), Left: left})
	k.main, k.deadline = 0, nil
}

// runOn binds the calling thread to the named CPUs until back is called.
// Without names it changes nothing.
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
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil // the thread was allowed them before
}
