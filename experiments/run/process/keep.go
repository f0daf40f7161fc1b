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

	_ "lflab/sync/linux" // says what is wrong elsewhere

	"golang.org/x/sys/unix"
)

// KeepCommand is what this program is started with to be a keeper: whoever uses
// this package must call Keep then.
const KeepCommand = "keep"

const (
	keeperFd   = 3                      // of a keeper: its end of the connection
	orphaned   = 2 * time.Second        // that a program gets to end when its runner is gone
	rest       = 500 * time.Millisecond // that what a program leaves behind gets to end
	killingFor = 10 * time.Second       // a process that does not end by then is told
)

// order is what the runner asks of a keeper: to start a program, to ask it to end,
// or to end it.
type order struct {
	Argv       []string `json:"argv,omitempty"`
	CPUs       []int    `json:"cpus,omitempty"`
	Background bool     `json:"background,omitempty"` // the program may end and leave its server behind
	Term, Kill bool     `json:",omitempty"`
}

// word is what a keeper tells the runner.
type word struct {
	PID    int    `json:"pid,omitempty"`    // the program has been started
	Error  string `json:"error,omitempty"`  // or it could not be
	Status string `json:"status,omitempty"` // of the program, which has ended
	Ended  bool   `json:"ended,omitempty"`  // nothing of it is left
	CPUNs  int64  `json:"cpu_ns,omitempty"` // that all of it used
	Left   []int  `json:"left,omitempty"`   // processes that could not be ended
}

// Keep is a keeper's life: it runs one program after the other until the runner
// has closed their connection.
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
	// They are taken and passed over: a signal that is ignored would be ignored by
	// the programs, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	return k.serve()
}

// keep is a keeper, in its own process.
type keep struct {
	conn *connection
	tree tree

	// Of the program at hand.
	main       int // 0: there is none
	over       bool
	failed     bool
	background bool
	asked      bool // to end
	cpu        time.Duration
	deadline   <-chan time.Time // to kill what is left
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
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		err = cmd.Start()
		back()
		if err == nil {
			*k = keep{conn: k.conn, tree: k.tree, main: cmd.Process.Pid, background: d.Background}
			_ = cmd.Process.Release() // it is waited for with all others
			k.conn.send(word{PID: k.main})
			k.reap()
			return
		}
		err = startFault(d.Argv[0], err)
	}
	k.conn.send(word{Error: err.Error()})
}

// ask asks the program to end, or what it has left behind where it has ended. What
// is there after patience is killed; 0 is no end of patience.
func (k *keep) ask(patience time.Duration) {
	if k.main == 0 {
		return
	}
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
	members, _ := k.tree.members() // what is not found is killed in the end
	for pid := range members {
		_ = unix.Kill(pid, unix.SIGTERM)
	}
}

// reap takes what has ended, and sees what that means for the rest.
func (k *keep) reap() {
	was := k.over
	none := k.collect()
	switch {
	case k.main == 0 || !k.over:
	case none:
		k.end(nil)
	case was: // it is in the background, or dying
	case k.asked:
		k.askRest()
	case !k.background || k.failed:
		k.kill()
	}
}

// collect waits for all that has ended. It reports whether nothing is left: all
// that a program has started is this process's child in the end.
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
		k.cpu += time.Duration(use.Utime.Nano() + use.Stime.Nano())
		if pid == k.main && !k.over {
			k.over = true
			k.failed = !status.Exited() || status.ExitStatus() != 0
			k.conn.send(word{Status: describe(status)})
		}
	}
}

// describe says how a program has ended.
func describe(status unix.WaitStatus) string {
	switch {
	case status.Signaled() && status.CoreDump():
		return fmt.Sprintf("signal %s (core dumped)", unix.SignalName(status.Signal()))
	case status.Signaled():
		return "signal " + unix.SignalName(status.Signal())
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// kill ends everything. Whole groups come first: the kernel lets no fork of theirs
// escape that.
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

// end forgets the program.
func (k *keep) end(left []int) {
	k.conn.send(word{Ended: true, CPUNs: int64(k.cpu), Left: left})
	k.main, k.deadline = 0, nil
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
