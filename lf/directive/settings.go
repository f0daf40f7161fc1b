package directive

import (
	"fmt"
	"time"

	"lflab/lf"
)

// Settings are what a server is to do: complete, adjusted, and free of
// contradictions. They can be written as JSON and read back (without the
// origins of values, which only Check needs).
type Settings struct {
	MPM string
	// Alone is a server of one process without a control process. It has one
	// group, of which only what Group says so means anything.
	Alone bool

	// Of the parent. Paths are absolute; empty is none.
	PidFile           string
	ScoreBoardFile    string // empty: memory without a name
	CoreDumpDirectory string // children change to it and may dump core
	ThreadLimit       int    // rows of the scoreboard in each slot
	Slots             int    // of the scoreboard: the sum of the groups' ServerLimit
	Buckets           int    // sockets for each Listen address, at least 1 (ListenCoresBucketsRatio)
	AcceptMutex       string // what children take turns with; never "default"
	LockFile          string // for flock and fcntl; empty: a file without a name

	// GracefulShutdownTimeout bounds a graceful-stop; 0 is for ever.
	GracefulShutdownTimeout time.Duration
	// GracefulRestartTimeout bounds how long children of an old generation may
	// finish what they have.
	GracefulRestartTimeout time.Duration
	// Grace bounds the drain that SIGTERM begins in a server that is alone.
	Grace time.Duration

	// Of the architecture; what is empty or 0 is its default.
	Primitive string
	Spin      time.Duration
	lf.Policy

	PinThreads bool // each thread on one CPU, in turn

	// ShedKeepAlive has children without an idle worker close kept connections
	// that ask again.
	ShedKeepAlive bool

	Lab   bool // the flight recorder and its switch
	Debug bool // a handler that panics

	// Groups are the main part, if it listens, and the <User> sections in
	// their order. There is at least one.
	Groups []Group

	// For Check: the MPM, and what was given.
	mpm            MPM
	controlProcess bool
	bucketsRatio   int
	from           origins
}

// Group is children that serve the same listeners as the same user.
type Group struct {
	// Name is that of a <User> section, empty for the main part.
	Name string
	// FirstSlot is the group's first slot of the scoreboard; it has ServerLimit of them.
	FirstSlot int

	Listen []Listen // at least one, also alone

	// Whom children run as. UID and GID are -1 where they stay what the parent is.
	User, Group         string
	UID, GID            int
	SupplementaryGroups []int

	// Processes. With prefork ThreadsPerChild is 1 and the spare threads are
	// the spare servers. Alone, all are 0.
	StartServers           int
	ServerLimit            int
	ThreadsPerChild        int // that take connections
	MinSpareThreads        int // idle, of the group's children together
	MaxSpareThreads        int
	MaxRequestWorkers      int // Children times ThreadsPerChild
	Children               int // that serve at a time; those that finish come on top, up to ServerLimit
	MaxConnectionsPerChild int // 0 is no limit

	// Threads of one process in all, a listener thread included. Also alone.
	Threads int

	// Sockets and protocol. Also alone.
	ListenBacklog        int
	SendBufferSize       int // bytes; 0 is the system's
	DeferAccept          bool
	AsyncFactor          float64 // AsyncRequestWorkerFactor: connections beyond the threads, for each idle thread; 0 is no bound
	DocumentRoot         string  // absolute; empty is none
	KeepAlive            bool
	KeepAliveTimeout     time.Duration
	MaxKeepAliveRequests int // 0 is no limit; 1 where KeepAlive is off
	HeadTimeout          time.Duration
	BodyTimeout          time.Duration
	WriteTimeout         time.Duration
	MaxHead              int // bytes
	MaxBody              int // bytes

	// As they were given, for Check.
	minSpareServers, maxSpareServers int
	timeout                          time.Duration
	from                             origins
}

// Listen is one address to listen on.
type Listen struct {
	Address string // host:port; an empty host is all addresses, port 0 lets the kernel choose
	From    Origin `json:"-"`
}

// Given tells whether a value of the whole server was given, and is not the
// default. Settings that were read back from JSON do not know.
func (s *Settings) Given(directive string) bool {
	_, given := s.from[directive]
	return given
}

// Origin is where a value comes from. The zero Origin is the default.
type Origin struct {
	File string
	Line int
	Flag string // name, without dashes
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

// origins are where values come from, by the name of the directive. What is
// not there is a default.
type origins map[string]Origin
