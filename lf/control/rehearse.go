package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"lflab/lf/directive"
	"lflab/lf/mpm"
	"lflab/lf/scoreboard"
	"lflab/lf/sock"
)

// Rehearse tells what would keep a server with these settings from starting,
// here and now: of errors it is certain, warnings are what it cannot tell. It
// binds the addresses for a moment and listens on none, and makes no file.
// Only what a running server shows is not looked at.
func Rehearse(s *directive.Settings) (notes directive.Notes) {
	r := &rehearsal{}
	plan, err := PlanOf(s)
	if err == nil {
		err = plan.resolve()
	}
	if err != nil {
		return directive.Notes{{Level: directive.Error, Text: err.Error()}}
	}
	passed, err := passedSockets()
	if err != nil {
		r.notes = append(r.notes, directive.Note{Level: directive.Error, Text: err.Error()})
	}
	for i := range s.Groups {
		for n, l := range s.Groups[i].Listen {
			if _, ok := passed[plan.Groups[i].places[n].addr]; !ok {
				r.bind(l)
			}
		}
		r.directories(s, &s.Groups[i], &plan.Groups[i])
	}
	for _, fd := range passed {
		_ = unix.Close(fd)
	}
	if !s.Alone {
		r.pidFile(plan.PidFile)
		r.scoreBoard(plan.ScoreBoardFile)
	}
	r.descriptors(s, &plan)
	return r.notes
}

type rehearsal struct{ notes directive.Notes }

func (r *rehearsal) say(level directive.Level, name, value string, from directive.Origin, format string, args ...any) {
	r.notes = append(r.notes, directive.Note{Level: level, Directive: name, Value: value, From: from, Text: fmt.Sprintf(format, args...)})
}

func (r *rehearsal) bind(l directive.Listen) {
	err := sock.Bindable(l.Address)
	switch {
	case err == nil:
	case errors.Is(err, unix.EADDRINUSE):
		r.say(directive.Warning, "Listen", l.Address, l.From, "is in use now: a server that has it can be restarted with these settings, and no other one can be started beside it")
	case errors.Is(err, unix.EADDRNOTAVAIL):
		r.say(directive.Error, "Listen", l.Address, l.From, "is no address of this machine: %v (ip address lists those there are)", err)
	case errors.Is(err, unix.EACCES):
		r.say(directive.Error, "Listen", l.Address, l.From, "is not for this user: %v (ports below net.ipv4.ip_unprivileged_port_start take root or CAP_NET_BIND_SERVICE)", err)
	default:
		r.say(directive.Error, "Listen", l.Address, l.From, "cannot be opened: %v", err)
	}
}

// directories looks whether children can enter what they are to enter, as the
// user that they are going to be.
func (r *rehearsal) directories(s *directive.Settings, from *directive.Group, g *Group) {
	for _, d := range []struct {
		name, dir string
		open      int
	}{
		{"DocumentRoot", from.DocumentRoot, unix.O_RDONLY},
		{"CoreDumpDirectory", s.CoreDumpDirectory, unix.O_PATH},
	} {
		if d.dir == "" {
			continue
		}
		err := as(g.User, func() error {
			fd, err := unix.Open(d.dir, d.open|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			return unix.Faccessat(fd, ".", unix.X_OK, unix.AT_EACCESS)
		})
		if err != nil && g.User != nil {
			r.say(directive.Error, d.name, d.dir, directive.Origin{}, "cannot be opened by user %s, as whom children serve: %v", g.User.Name, err)
		} else if err != nil {
			r.say(directive.Error, d.name, d.dir, directive.Origin{}, "cannot be opened: %v", err)
		}
	}
}

// as calls f on a thread that is that user, and ends the thread: the rest of
// the process stays what it is, because these calls of the kernel are for one
// thread (nptl(7)).
func as(u *User, f func() error) error {
	if u == nil {
		return f()
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread stands for the process, and cannot end: it is held
			// until another one has done it.
			defer runtime.UnlockOSThread()
			result <- as(u, f)
			return
		}
		err := setThreadUser(u.UID, u.GID, append(slices.Clone(u.Groups), u.GID))
		if err == nil {
			err = f()
		}
		result <- err // and the thread ends locked
	}()
	return <-result
}

func (r *rehearsal) pidFile(name PidFile) {
	if name == "" {
		return
	}
	f, err := os.OpenFile(string(name), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		r.writable("PidFile", string(name))
		return
	}
	if err != nil {
		r.say(directive.Error, "PidFile", string(name), directive.Origin{}, "cannot be written: %v", err)
		return
	}
	defer f.Close()
	if pid := holder(f); pid > 0 {
		r.say(directive.Warning, "PidFile", string(name), directive.Origin{}, "process %d is a running server that has it: that one can be restarted with these settings, and no other one can be started beside it", pid)
	}
}

func (r *rehearsal) scoreBoard(name string) {
	if name == "" {
		return
	}
	old, err := scoreboard.OpenFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		r.writable("ScoreBoardFile", name)
		return
	}
	if err != nil {
		r.say(directive.Error, "ScoreBoardFile", name, directive.Origin{}, "is there and would be left alone: %v (remove it or name another file)", err)
		return
	}
	if pid := old.Header().ParentPID.Load(); old.Alive() {
		r.say(directive.Warning, "ScoreBoardFile", name, directive.Origin{}, "process %d is a running server that has it: that one can be restarted with these settings, and no other one can be started beside it", pid)
	}
	if err := old.Close(); err != nil {
		r.say(directive.Warning, "ScoreBoardFile", name, directive.Origin{}, "%v", err)
	}
	r.writable("ScoreBoardFile", name)
}

// writable looks whether a file can be made, in place of one that is there.
func (r *rehearsal) writable(directiveName, name string) {
	if err := unix.Access(filepath.Dir(name), unix.W_OK|unix.X_OK); err != nil {
		r.say(directive.Error, directiveName, name, directive.Origin{}, "cannot be made: %s: %v", filepath.Dir(name), err)
	}
}

// What a control process and a child have open beside what is counted, with
// some to spare: a start takes a few for a moment.
const (
	parentOwn = 20
	childOwn  = 24
)

// descriptors compares what may be open with the limit of descriptors.
func (r *rehearsal) descriptors(s *directive.Settings, plan *Plan) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return // nothing can be said
	}
	sockets, atStart, atMost := plan.files(s.Alone)
	// The runtime raises the soft limit to the hard one.
	switch have := int(min(limit.Max, 1<<30)); {
	case have < atStart:
		r.say(directive.Error, "RLIMIT_NOFILE", fmt.Sprint(have), directive.Origin{}, "is too few open files: a start may take %d in one process, with %d listening sockets (raise it with ulimit -n, or LimitNOFILE= of systemd)", atStart, sockets)
	case have < atMost:
		r.say(directive.Warning, "RLIMIT_NOFILE", fmt.Sprint(have), directive.Origin{}, "is enough open files for the start, and not for all processes and threads at once: that may be %d in one process (raise it with ulimit -n, or LimitNOFILE= of systemd)", atMost)
	}
}

// files is how many listening sockets there are, and how many descriptors the
// process that needs most may need: to start, and when all children are there
// and each thread has a connection.
func (p *Plan) files(alone bool) (sockets, atStart, atMost int) {
	start, slots, child, busy := 0, 0, 0, 0
	for i := range p.Groups {
		g := &p.Groups[i]
		sockets += len(g.places) * g.Buckets
		start += min(g.Start, g.Children)
		slots += g.slots()
		own := childOwn + len(g.places)
		if g.PerThread {
			own = childOwn + 2*len(g.places)*g.Threads // with an epoll set for each
		}
		if kind, err := mpm.Lookup(g.Server.MPM); err == nil && kind.AllAccept {
			own += g.Threads
		}
		child, busy = max(child, own), max(busy, own+g.Threads)
	}
	if alone {
		return sockets, child, busy
	}
	return sockets, max(parentOwn+sockets+start, child), max(parentOwn+sockets+slots, busy)
}
