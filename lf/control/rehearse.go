package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"

	"lflab/lf/control/manager"
	"lflab/lf/control/spawn"
	"lflab/lf/directive"
	"lflab/lf/scoreboard"
	"lflab/lf/sock"
)

// Rehearse returns what would prevent a server with these settings from
// starting here and now. An error prevents it for certain, a warning perhaps.
// Rehearse binds the addresses for a moment without listening, and leaves no
// file. It does not find what only a running server shows.
func Rehearse(s *directive.Settings) (notes directive.Notes) {
	r := &rehearsal{}
	plan, err := PlanOf(s)
	if err == nil {
		err = plan.resolve()
	}
	if err != nil {
		return directive.Notes{{Level: directive.Error, Text: err.Error()}}
	}
	passed, err := manager.PassedSockets()
	if err != nil {
		r.notes = append(r.notes, directive.Note{Level: directive.Error, Text: err.Error()})
	}
	unnamed := map[netip.AddrPort]bool{}
	for addr := range passed {
		unnamed[addr] = true
	}
	if !s.Alone {
		r.pidFile(plan.PidFile)
		r.scoreBoard(plan.ScoreBoardFile)
	}
	for i := range s.Groups {
		g := &plan.Groups[i]
		for n, l := range s.Groups[i].Listen {
			_, ok := passed[g.places[n].addr]
			needed := g.Buckets
			if s.Alone && g.PerThread {
				needed = g.Server.Threads
			}
			switch {
			case !ok:
				r.bind(l, g.Buckets > 1 || g.PerThread)
			case needed > 1:
				r.say(directive.Error, "Listen", l.Address, l.From, "%v", tooFewPassed(needed))
			}
			delete(unnamed, g.places[n].addr)
		}
		r.directories(s, &s.Groups[i], g)
		if g.Gate == "flock" || g.Gate == "fcntl" {
			r.writable("LockFile", g.LockFile)
		}
	}
	for addr, fd := range passed {
		if unnamed[addr] {
			r.notes = append(r.notes, directive.Note{Level: directive.Info, Text: fmt.Sprintf("the service manager has passed a socket at %s that no Listen names: nobody would accept from it", addr)})
		}
		_ = unix.Close(fd)
	}
	r.descriptors(s, &plan)
	return r.notes
}

type rehearsal struct {
	notes   directive.Notes
	running int // process that has the PidFile or the scoreboard; 0 for none
}

func (r *rehearsal) say(level directive.Level, name, value string, from directive.Origin, format string, args ...any) {
	r.notes = append(r.notes, directive.Note{Level: level, Directive: name, Value: value, From: from, Text: fmt.Sprintf(format, args...)})
}

func (r *rehearsal) bind(l directive.Listen, shares bool) {
	err := sock.Bindable(l.Address, shares)
	switch {
	case err == nil:
	case errors.Is(err, unix.EADDRINUSE) && r.running > 0:
		r.say(directive.Warning, "Listen", l.Address, l.From, "is in use now, perhaps by process %d", r.running)
	case errors.Is(err, unix.EADDRINUSE):
		r.say(directive.Error, "Listen", l.Address, l.From, "is in use (ss -ltnp shows by which process; to check a restart, give the running server's PidFile)")
	case errors.Is(err, unix.EADDRNOTAVAIL):
		r.say(directive.Error, "Listen", l.Address, l.From, "is not an address of this machine: %v (ip address lists them)", err)
	case errors.Is(err, unix.EACCES):
		r.say(directive.Error, "Listen", l.Address, l.From, "is not allowed for this user: %v (ports below net.ipv4.ip_unprivileged_port_start need root or CAP_NET_BIND_SERVICE)", err)
	default:
		r.say(directive.Error, "Listen", l.Address, l.From, "cannot be opened: %v", err)
	}
}

// directories checks that children, as their future user, can open and enter
// DocumentRoot and CoreDumpDirectory.
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
			r.say(directive.Error, d.name, d.dir, directive.Origin{}, "cannot be opened by user %s, who runs the children: %v", g.User.Name, err)
		} else if err != nil {
			r.say(directive.Error, d.name, d.dir, directive.Origin{}, "cannot be opened: %v", err)
		}
	}
}

// as calls f on a thread that becomes that user, and ends the thread. The rest
// of the process keeps its user, because the kernel changes the user of one
// thread only (nptl(7)).
func as(u *User, f func() error) error {
	if u == nil {
		return f()
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The first thread must not end, because it stands for the process.
			// It stays locked here, so f runs on another thread.
			defer runtime.UnlockOSThread()
			result <- as(u, f)
			return
		}
		err := spawn.SetThreadUser(u.UID, u.GID, append(slices.Clone(u.Groups), u.GID))
		if err == nil {
			err = f()
		}
		result <- err // the thread is still locked, so it ends
	}()
	return <-result
}

func (r *rehearsal) pidFile(name manager.PidFile) {
	if name == "" {
		return
	}
	f, err := name.Open(os.O_RDWR)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.writable("PidFile", string(name))
		return
	case errors.Is(err, manager.ErrSpecial):
		r.say(directive.Error, "PidFile", string(name), directive.Origin{}, "%v", manager.ErrSpecial)
		return
	case err != nil:
		r.say(directive.Error, "PidFile", string(name), directive.Origin{}, "cannot be written: %v", err)
		return
	}
	defer f.Close()
	if pid := manager.Holder(f); pid > 0 {
		r.running = pid
		r.say(directive.Warning, "PidFile", string(name), directive.Origin{}, "process %d is a running server that uses it: that server can be restarted with these settings, but no second one can start", pid)
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
		r.say(directive.Error, "ScoreBoardFile", name, directive.Origin{}, "exists and would not be replaced: %v (remove it or name another file)", err)
		return
	}
	if pid := old.Header().ParentPID.Load(); old.Alive() {
		r.running = int(pid)
		r.say(directive.Warning, "ScoreBoardFile", name, directive.Origin{}, "process %d is a running server that uses it: that server can be restarted with these settings, but no second one can start", pid)
	}
	if err := old.Close(); err != nil {
		r.say(directive.Warning, "ScoreBoardFile", name, directive.Origin{}, "%v", err)
	}
	r.writable("ScoreBoardFile", name)
}

// writable checks that a file can be made or replaced. It makes one in the same
// directory, without a name or with a name for a moment.
func (r *rehearsal) writable(directiveName, name string) {
	if name == "" {
		return
	}
	dir := filepath.Dir(name)
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err == nil {
		_ = unix.Close(fd)
		return
	}
	if err == unix.EOPNOTSUPP || err == unix.EISDIR || err == unix.EINVAL { // the file system has no O_TMPFILE
		var f *os.File
		if f, err = os.CreateTemp(dir, ".lflab-check-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
		if err == nil {
			return
		}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	r.say(directive.Error, directiveName, name, directive.Origin{}, "cannot be made in %s: %v", dir, err)
}

// descriptors compares the descriptors that may be open with their limit.
func (r *rehearsal) descriptors(s *directive.Settings, plan *Plan) {
	n := plan.files(s.Alone)
	have, known := fileLimit()
	if !known {
		return
	}
	say := func(level directive.Level, format string, args ...any) {
		r.say(level, "RLIMIT_NOFILE", fmt.Sprint(have), directive.Origin{}, format+" ("+raiseFiles+")", args...)
	}
	switch {
	case have < n.least:
		say(directive.Error, "%s", n.tooFew())
	case have < n.start:
		say(directive.Warning, "may be too few open files: one process needs up to %d to start, with %d listening sockets", n.start, n.sockets)
	case have < n.most:
		say(directive.Warning, "is enough open files to start, but not for all processes and threads at once: one process may need %d", n.most)
	}
}
