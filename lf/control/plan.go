package control

import (
	"errors"
	"fmt"
	"time"

	"lflab/lf/control/manager"
)

// Plan tells a control process what to run. Its settings have been checked and
// adjusted.
type Plan struct {
	Groups []Group

	PidFile        manager.PidFile
	ScoreBoardFile string // empty keeps the scoreboard in unnamed memory
	ThreadLimit    int    // rows of a slot in the scoreboard

	// Connections still open so long after a graceful stop, or after their
	// child was told to finish, are cut. GracefulShutdown 0 means never.
	GracefulShutdown, GracefulRestart time.Duration
}

// Group describes children that serve the same listeners as the same user. A
// server has one group, and one more for each <User> section of its
// configuration.
type Group struct {
	Name   string  // of the section; empty for the main group
	Server Config  // configuration of each child, with Listen
	places []place // of Server.Listen; resolve sets them

	// Buckets is the number of sockets that each address is divided into
	// (SO_REUSEPORT). Children are spread over them. 1 is usual.
	Buckets int
	// PerThread gives each child as many buckets of its own as it has threads,
	// for architectures where each thread has its own listener.
	PerThread bool

	Start              int  // children at the start
	MinSpare, MaxSpare int  // bounds of idle threads
	Children           int  // most children that serve at a time
	Slots              int  // ServerLimit: most processes, finishing ones too
	Threads            int  // threads of a child that serve connections
	Unbounded          bool // Threads is no bound: a child starts what it needs

	Gate     string // name of a shared gate of package gate; empty for none
	LockFile string

	MostConnections uint64 // a child ends after so many; 0 is no limit

	User *User  // nil keeps the parent's user
	Dir  string // where children work and may dump core; empty for the parent's
}

// User is the user that children run as.
type User struct {
	Name     string
	UID, GID uint32
	Groups   []uint32 // supplementary
}

func (g *Group) bounds() bounds {
	return bounds{minSpare: g.MinSpare, maxSpare: g.MaxSpare, threads: g.Threads, children: g.Children}
}

// uid returns the owner of what children share, 0 if User is nil.
func (g *Group) uid() uint32 {
	if g.User == nil {
		return 0
	}
	return g.User.UID
}

// label returns how the log names a child of the group.
func (g *Group) label() string {
	if g.Name == "" {
		return "child"
	}
	return "child of <User " + g.Name + ">"
}

// slots returns the number of slots of all groups.
func (p *Plan) slots() (n int) {
	for i := range p.Groups {
		n += p.Groups[i].slots()
	}
	return n
}

// slots returns the number of the group's slots: ServerLimit and the reserve.
func (g *Group) slots() int { return g.Slots + g.reserve() }

// reserve returns the number of slots beyond ServerLimit. Only a restart uses
// them. The old children go on serving until new ones serve, so without a
// reserve a full group could not start any.
func (g *Group) reserve() int { return g.shares() }

// shares returns the number of parts that the group's sockets are divided into.
// Each child serves one part.
func (g *Group) shares() int {
	if g.PerThread {
		return g.Buckets / g.Threads
	}
	return g.Buckets
}

// succeeds returns why p cannot replace old in a running server, or nil. It
// checks only what the running processes share; each directive by itself has
// been checked before.
func (p *Plan) succeeds(old *Plan) error {
	if len(p.Groups) != len(old.Groups) {
		return fmt.Errorf("there are %d <User> sections instead of %d, but the scoreboard's slots are assigned at the start (stop the server and start it)", len(p.Groups)-1, len(old.Groups)-1)
	}
	if p.ThreadLimit != old.ThreadLimit || p.ScoreBoardFile != old.ScoreBoardFile || p.PidFile != old.PidFile {
		return errors.New("ThreadLimit, ScoreBoardFile or PidFile has changed, but they are fixed at the start (stop the server and start it)")
	}
	for i := range p.Groups {
		n, o := &p.Groups[i], &old.Groups[i]
		switch {
		case n.Name != o.Name:
			return fmt.Errorf("section <User %s> is now <User %s>, but sections are fixed at the start (stop the server and start it)", o.Name, n.Name)
		case n.Slots != o.Slots:
			return fmt.Errorf("ServerLimit is %d instead of %d, but the scoreboard is made at the start (stop the server and start it)", n.Slots, o.Slots)
		case n.Server.MPM != o.Server.MPM || n.Server.Accept != o.Server.Accept:
			return fmt.Errorf("mpm %s cannot replace mpm %s, and the accept mode cannot change, because old and new children wait on the same sockets (stop the server and start it)", n.Server.MPM, o.Server.MPM)
		case n.Buckets != o.Buckets || n.PerThread && n.Threads != o.Threads:
			return fmt.Errorf("each address has %d sockets instead of %d: connections queued in surplus sockets would be lost (stop the server and start it)", n.Buckets, o.Buckets)
		}
	}
	return nil
}
