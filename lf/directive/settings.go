package directive

import (
	"fmt"
	"time"

	"lflab/lf"
)

// Settings configure a server. They are complete, adjusted, and free of
// contradictions. They can be written as JSON and read back, without the
// origins of values, which only Check needs.
type Settings struct {
	MPM string
	// Alone means a server of one process without a control process. It has one
	// group, in which only the fields marked with "Alone" have a meaning.
	Alone bool

	// Of the parent. Paths are absolute or empty.
	PidFile           string
	ScoreBoardFile    string // empty for unnamed memory
	CoreDumpDirectory string // children change to it and may dump core
	ThreadLimit       int    // rows of the scoreboard in each slot
	Slots             int    // of the scoreboard: the sum of the groups' ServerLimit
	Buckets           int    // sockets for each Listen address, at least 1 (ListenCoresBucketsRatio)
	AcceptMutex       string // how children take turns; never "default"
	LockFile          string // for flock and fcntl; empty for an unnamed file

	// GracefulShutdownTimeout limits a graceful-stop; 0 means no limit.
	GracefulShutdownTimeout time.Duration
	// GracefulRestartTimeout limits how long children of an old generation may
	// finish their work.
	GracefulRestartTimeout time.Duration
	// Grace limits the drain after SIGTERM in a server that is Alone.
	Grace time.Duration

	// Of the architecture. Empty or 0 means its default.
	Primitive string
	Spin      time.Duration
	lf.Policy

	PinThreads bool // bind each thread to one CPU, in turn

	// ShedKeepAlive makes children without an idle worker close kept
	// connections on which a new request comes.
	ShedKeepAlive bool

	Lab   bool // enables the flight recorder and its switch
	Debug bool // enables a handler that panics

	// Groups are the main part, if it listens, and the <User> sections in their
	// order. There is at least one.
	Groups []Group

	// For Check: the MPM, and what was given.
	mpm            MPM
	controlProcess bool
	bucketsRatio   int
	from           origins
}

// Group describes children that serve the same listeners as the same user.
type Group struct {
	// Name is the user of a <User> section, empty for the main part.
	Name string
	// FirstSlot is the group's first scoreboard slot. The group has ServerLimit
	// slots.
	FirstSlot int

	Listen []Listen // at least one, also if Alone

	// User and groups of the children. UID and GID are -1 for the parent's.
	User, Group         string
	UID, GID            int
	SupplementaryGroups []int

	// Processes. With prefork, ThreadsPerChild is 1 and the spare threads are
	// the spare servers. If Alone, all are 0.
	StartServers           int
	ServerLimit            int
	ThreadsPerChild        int // threads that take connections
	MinSpareThreads        int // idle threads of all the group's children together
	MaxSpareThreads        int
	MaxRequestWorkers      int // Children times ThreadsPerChild
	Children               int // children that serve at the same time; further ones may finish, up to ServerLimit
	MaxConnectionsPerChild int // 0 for no limit

	// Threads is the total of one process, including a listener thread. Also if
	// Alone.
	Threads int

	// Sockets and protocol. Also if Alone.
	ListenBacklog        int
	SendBufferSize       int // in bytes; 0 for the system's
	DeferAccept          bool
	AsyncFactor          float64 // AsyncRequestWorkerFactor: connections beyond the threads, per idle thread; 0 for no limit
	DocumentRoot         string  // absolute, or empty
	KeepAlive            bool
	KeepAliveTimeout     time.Duration
	MaxKeepAliveRequests int // 0 for no limit; 1 if KeepAlive is off
	HeadTimeout          time.Duration
	BodyTimeout          time.Duration
	WriteTimeout         time.Duration
	MaxHead              int // in bytes
	MaxBody              int // in bytes

	// As given, for Check.
	minSpareServers, maxSpareServers int
	timeout                          time.Duration
	from                             origins
}

// Listen is one address to listen on.
type Listen struct {
	Address string // host:port; an empty host means all addresses, port 0 lets the kernel choose
	From    Origin `json:"-"`
}

// Given reports whether a value of the whole server was given, and is not the
// default. It is false for Settings that were read back from JSON.
func (s *Settings) Given(directive string) bool {
	_, given := s.from[directive]
	return given
}

// Origin is the source of a value. The zero Origin is the default.
type Origin struct {
	File string
	Line int
	Flag string // name without dashes
}

func (o Origin) String() string {
	switch {
	case o.Flag != "":
		return "--" + o.Flag
	case o.Line != 0:
		return fmt.Sprintf("%s:%d", o.File, o.Line)
	case o.File != "":
		return o.File
	}
	return "default"
}

// origins maps names of directives to the origins of their values. Defaults are
// missing.
type origins map[string]Origin
