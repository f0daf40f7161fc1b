package control

import (
	"errors"
	"fmt"
	"time"

	"lflab/lf/control/manager"
)

// Plan is what a control process is to run: settings that have been checked
// and adjusted.
type Plan struct {
	Groups []Group

	PidFile        manager.PidFile
	ScoreBoardFile string // empty for memory without a name
	ThreadLimit    int    // rows of a slot in the scoreboard

	// GracefulShutdown is how long connections may take after graceful-stop, 0
	// for ever; GracefulRestart how long those of an old generation may.
	GracefulShutdown, GracefulRestart time.Duration
}

// Group is children that serve the same listeners as the same user. A server
// has one, and one more for each <User> section of its configuration.
type Group struct {
	Name   string  // of the section; empty for the main one
	Server Config  // what each child serves with, Listen included
	places []place // of Server.Listen, by sockets.sync

	// Buckets is into how many sockets each address is divided
	// (SO_REUSEPORT); children take turns at them. 1 is usual.
	Buckets int
	// Each child of an architecture that listens once for each thread has that
	// many of the buckets to itself; then there is one child for each.
	PerThread bool

	Start              int  // children at first
	MinSpare, MaxSpare int  // idle threads
	Children           int  // at most that serve at a time
	Slots              int  // ServerLimit: processes in all, finishing ones too
	Threads            int  // of a child that take connections
	Unbounded          bool // or as many as it likes

	Gate     string // a shared gate of package gate, empty for none
	LockFile string

	MostConnections uint64 // of a child; 0 is no limit

	User *User  // nil to stay what the parent is
	Dir  string // working directory of children, and where they may dump core
}

// User is whom children run as.
type User struct {
	Name     string
	UID, GID uint32
	Groups   []uint32 // supplementary
}

func (g *Group) bounds() bounds {
	return bounds{minSpare: g.MinSpare, maxSpare: g.MaxSpare, threads: g.Threads, children: g.Children}
}

// uid is who owns what children share; 0 where they are what the parent is.
func (g *Group) uid() uint32 {
	if g.User == nil {
		return 0
	}
	return g.User.UID
}

// label is how the log names the group's children.
func (g *Group) label() string {
	if g.Name == "" {
		return "child"
	}
	return "child of <User " + g.Name + ">"
}

// slots is how many the groups have in all.
func (p *Plan) slots() (n int) {
	for i := range p.Groups {
		n += p.Groups[i].slots()
	}
	return n
}

// slots is how many the group has: those of ServerLimit, and a reserve.
func (g *Group) slots() int { return g.Slots + g.reserve() }

// reserve is how many slots there are beyond ServerLimit. Only a restart uses
// them: without them the children of a new generation would find no slot while
// those of the old one serve, and the old ones are told to go when the new ones
// serve.
func (g *Group) reserve() int { return g.shares() }

// shares is into how many parts the group's sockets are divided of which each
// child has one.
func (g *Group) shares() int {
	if g.PerThread {
		return g.Buckets / g.Threads
	}
	return g.Buckets
}

// succeeds tells why p cannot follow old in a running server. What a
// directive says of its own is checked before; this is about what the running
// processes share.
func (p *Plan) succeeds(old *Plan) error {
	if len(p.Groups) != len(old.Groups) {
		return fmt.Errorf("there are %d <User> sections and were %d: the scoreboard's slots are shared out at the start (stop the server and start it)", len(p.Groups)-1, len(old.Groups)-1)
	}
	if p.ThreadLimit != old.ThreadLimit || p.ScoreBoardFile != old.ScoreBoardFile || p.PidFile != old.PidFile {
		return errors.New("ThreadLimit, ScoreBoardFile or PidFile is another: they hold for the server's life (stop the server and start it)")
	}
	for i := range p.Groups {
		n, o := &p.Groups[i], &old.Groups[i]
		switch {
		case n.Name != o.Name:
			return fmt.Errorf("section <User %s> is now <User %s>: sections hold for the server's life (stop the server and start it)", o.Name, n.Name)
		case n.Slots != o.Slots:
			return fmt.Errorf("ServerLimit is %d and was %d: the scoreboard is made at the start (stop the server and start it)", n.Slots, o.Slots)
		case n.Server.MPM != o.Server.MPM || n.Server.Accept != o.Server.Accept:
			return fmt.Errorf("mpm %s cannot follow mpm %s, nor another way to accept: both wait on the same sockets while the old children finish (stop the server and start it)", n.Server.MPM, o.Server.MPM)
		case n.Buckets != o.Buckets || n.PerThread && n.Threads != o.Threads:
			return fmt.Errorf("the listeners are divided into %d sockets and were into %d: what is queued in those that are left over would be lost (stop the server and start it)", n.Buckets, o.Buckets)
		}
	}
	return nil
}
