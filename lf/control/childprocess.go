package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lflab/sync/gate"
)

// stage is a step in the life of a child. It only grows.
type stage uint8

const (
	starting  stage = iota // it has not said that it serves
	serving                // it accepts connections
	finishing              // it accepts no more, as told or after its last one
	cutting                // it was told to end connections, too
	reminded               // it was sent SIGTERM
	killed                 // it was sent SIGKILL
)

// childProcess is the parent's state of a child.
type childProcess struct {
	pid        int
	slot       int
	bucket     int
	generation uint32
	group      *group
	gate       *acceptGate
	began      time.Time
	pipe       *os.File
	quiet      chan struct{} // closed when all its lines have been passed on
	stage      stage
	terms      int       // number of SIGTERMs that it was sent
	deadline   time.Time // when the next stage is due; zero for never
	failure    string    // why it could not start, as it reported
}

// active reports whether the child starts or serves.
func (k *childProcess) active() bool { return k.stage <= serving }

// report is a line that a child wrote.
type report struct {
	pid  int
	line string
}

// listen passes on the child's lines until the child closes its end.
func (k *childProcess) listen(to chan<- report) {
	defer close(k.quiet)
	lines := bufio.NewScanner(k.pipe)
	for lines.Scan() {
		to <- report{k.pid, lines.Text()}
	}
}

// command writes one byte to the child. It ignores errors, because reap notices
// if the child has ended.
func (k *childProcess) command(c byte) { _, _ = k.pipe.Write([]byte{c}) }

// urge moves the child to a later stage, and makes the one after it due after
// next; 0 means never. It does nothing if the child has come as far already.
func (k *childProcess) urge(to stage, now time.Time, next time.Duration) {
	if to <= k.stage {
		return
	}
	k.stage = to
	k.deadline = time.Time{}
	if next > 0 {
		k.deadline = now.Add(next)
	}
	switch to {
	case finishing:
		k.command(finish)
	case cutting:
		k.command(cut)
	case killed:
		k.signal(unix.SIGKILL)
	}
}

func (k *childProcess) signal(s unix.Signal) {
	if err := unix.Kill(k.pid, s); err != nil {
		slog.Warn("cannot signal child", "pid", k.pid, "signal", s.String(), "error", err)
	}
}

// acceptGate is an accept gate that children share. A restart passes it on to the
// next generation unless the gate's settings change.
type acceptGate struct {
	name   string
	shared *gate.SharedOwner
	users  int
}

// newAcceptGate makes the gate of a group. It returns nil if the group has none.
func newAcceptGate(g *Group) (*acceptGate, error) {
	if g.Gate == "" {
		return nil, nil
	}
	kind, err := gate.LookupShared(g.Gate)
	if err != nil {
		return nil, err
	}
	opt := gate.SharedOptions{File: g.LockFile}
	if g.User != nil {
		opt.UID, opt.GID = int(g.User.UID), int(g.User.GID)
	}
	shared, err := kind.New(opt)
	if err != nil {
		return nil, fmt.Errorf("AcceptMutex %s: %w", g.Gate, err)
	}
	return &acceptGate{name: g.Gate, shared: shared}, nil
}

// spawn starts a child of g in that slot and bucket. It blocks until the child's
// program has been executed. On an error there is no child.
func (p *Parent) spawn(g *group, slot, bucket int, generation uint32) (*childProcess, error) {
	fds, passed := p.sockets.of(g.cfg, bucket)
	l := legacy{
		Slot: slot, Generation: generation, Config: g.cfg.Server, Listeners: len(fds),
		Most: g.cfg.MostConnections, Dir: g.cfg.Dir, Dumpable: g.cfg.Dir != "", Grace: p.plan.GracefulRestart,
		Joins: g.served && p.turnover == nil, Passed: passed,
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(pair[0], true) // the child's end stays blocking
	}
	if err != nil {
		return nil, fmt.Errorf("make pipe to child: %w", err)
	}
	ours := os.NewFile(uintptr(pair[0]), "pipe to a child")
	defer unix.Close(pair[1])
	// The child gets these files as descriptors 0, 1, 2, ...
	files := []uintptr{0, 1, 2, 0, p.board.File().Fd(), uintptr(pair[1])}
	l.Board, l.Pipe, l.First = 4, 5, 6
	for _, fd := range fds {
		files = append(files, uintptr(fd))
	}
	if d := g.door; d != nil {
		l.Gate = &gateLegacy{Passport: d.shared.Passport(), First: len(files)}
		for _, f := range d.shared.Files() {
			files = append(files, f.Fd())
			l.Gate.N++
		}
	}
	memory, err := write(l)
	if err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	defer memory.Close()
	files[legacyFD] = memory.Fd()
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: files, Sys: &syscall.SysProcAttr{}}
	if u := g.cfg.User; u != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID, Groups: u.Groups}
	}
	n := p.nursery
	if g.cfg.User != nil {
		n = p.dropping
	}
	pid, err := n.Start("/proc/self/exe", p.opt.Args, attr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start child: %w", err), ours.Close())
	}
	k := &childProcess{pid: pid, slot: slot, bucket: bucket, generation: generation, group: g, gate: g.door, began: time.Now(), pipe: ours, quiet: make(chan struct{})}
	if k.gate != nil {
		k.gate.users++
	}
	go k.listen(p.reports)
	return k, nil
}

// write writes the legacy to a file without a name, from which the child reads
// it.
func write(l legacy) (*os.File, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write a child's legacy: %w", err)
	}
	fd, err := unix.MemfdCreate("lflab-legacy", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make memory for a child's legacy: %w", err)
	}
	f := os.NewFile(uintptr(fd), "legacy")
	if _, err := f.Write(text); err != nil {
		return nil, errors.Join(fmt.Errorf("write a child's legacy: %w", err), f.Close())
	}
	return f, nil
}
