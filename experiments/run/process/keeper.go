package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keeper is a keeper process seen by the runner, with one program at a time.
type keeper struct {
	cmd  *exec.Cmd
	conn *connection
	pid  int
	like string // what its programs inherit (see inheritance)
}

// keepers holds the idle keepers, which the next programs reuse because a
// keeper takes about 100 ms to start, and the running programs.
var keepers struct {
	sync.Mutex
	idle    []*keeper
	running []*Process
}

// inheritance describes what a program inherits from the process that starts
// it, as far as it can change during that process's life.
func inheritance() string {
	dir, _ := os.Getwd() // on an error, the empty name
	var files unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &files) // cannot fail with these arguments
	return fmt.Sprint(dir, files, strings.Join(os.Environ(), "\x00"))
}

// hire returns an idle keeper, or starts one. It dismisses idle keepers whose
// inheritance differs from this process's.
func hire() (*keeper, error) {
	like := inheritance()
	keepers.Lock()
	var mine *keeper
	for _, k := range keepers.idle {
		if mine == nil && k.like == like {
			mine = k
		} else if k.like != like {
			k.dismiss()
		}
	}
	keepers.idle = slices.DeleteFunc(keepers.idle, func(k *keeper) bool { return k == mine || k.like != like })
	keepers.Unlock()
	if mine != nil {
		return mine, nil
	}
	return newKeeper(like)
}

func newKeeper(like string) (*keeper, error) {
	conn, theirs, err := connectionPair()
	if err != nil {
		return nil, fmt.Errorf("connect to a keeper of programs: %w", err)
	}
	defer theirs.Close()
	// The file of this program may have been replaced since its start.
	cmd := exec.Command("/proc/self/exe", KeepCommand)
	cmd.Args[0] = os.Args[0]
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start a keeper of programs: %w", err)
	}
	k := &keeper{cmd: cmd, conn: conn, pid: cmd.Process.Pid, like: like}
	go func() { _ = cmd.Wait() }() // the end of the connection shows that it ended
	return k, nil
}

// dismiss lets a keeper end, by closing its connection.
func (k *keeper) dismiss() { k.conn.Close() }

// release makes a keeper idle again if clean, that is, if nothing of its
// program is left. Otherwise it dismisses it.
func (k *keeper) release(clean bool) {
	if !clean {
		k.dismiss()
		return
	}
	keepers.Lock()
	defer keepers.Unlock()
	keepers.idle = append(keepers.idle, k)
}

// KillAll ends all programs and waits for their end, when a runner is aborted.
func KillAll() {
	keepers.Lock()
	running := slices.Clone(keepers.running)
	keepers.Unlock()
	var ended sync.WaitGroup
	for _, p := range running {
		ended.Go(p.Kill)
	}
	ended.Wait()
}

// start asks the keeper to start p's program with its output to the files.
func (k *keeper) start(o order, p *Process, out, errs *os.File) error {
	if err := k.conn.send(o, out, errs); err != nil {
		return fmt.Errorf("start %s: %w", p.argv[0], err)
	}
	var w word
	_ = k.conn.SetReadDeadline(time.Now().Add(killingFor)) // cannot fail on a socket
	_, err := k.conn.receive(&w)
	_ = k.conn.SetReadDeadline(time.Time{})
	switch {
	case err != nil:
		return fmt.Errorf("start %s: its keeper does not answer: %w (may this program start itself?)", p.argv[0], err)
	case w.Error != "":
		return errors.New(w.Error)
	}
	p.pid = w.PID
	return nil
}
