package directive

import (
	"slices"
	"time"

	"lflab/lf"
)

// Table returns all directives, in the order in which Check prints them.
func Table() []Entry { return table }

const day = 24 * 3600 * second

// wait is the range of timeouts for a peer.
var wait = Range{Least: int64(time.Millisecond), Most: day}

var table = slices.Concat([]Entry{
	// The architecture.
	{Name: "MPM", Doc: "architecture, see lflab list", Type: Word,
		Default: Default{Any: "leader"}, Restart: Kept, server: func(s *Settings) any { return &s.MPM }},
	{Name: "ControlProcess", Doc: "run children under a control process (On with a configuration file, with prefork, and with any flag about children)", Type: Switch,
		Default: Default{Text: "as needed"}, Restart: Kept, server: func(s *Settings) any { return &s.controlProcess }},
	{Name: "Threads", Doc: "threads of a server without a control process, including a listener thread; an architecture that blocks a thread per connection serves that many connections at once (goroutine ignores it)", Type: Number,
		Default: Default{Any: "8"}, Range: Range{Least: 1, Most: 4096}, For: AloneOnly, group: func(g *Group) any { return &g.Threads }},
	{Name: "Primitive", Doc: "what waiting threads sleep on, see lflab list", Type: Word,
		Default: Default{Any: "futex"}, server: func(s *Settings) any { return &s.Primitive }},
	{Name: "Spin", Doc: "how long spinning primitives, and the next follower with promotion heir, spin before they sleep (0: the primitive's default)", Type: Duration,
		Default: Default{Any: "0"}, Range: Range{Most: int64(time.Millisecond)}, server: func(s *Settings) any { return &s.Spin }},
}, policy(lf.OfPool, lf.OfSets), []Entry{
	{Name: "PinThreads", Doc: "bind each thread to one processor, the processors in turn (off: the kernel's scheduler places threads)", Type: Switch,
		Default: Default{Any: "Off"}, server: func(s *Settings) any { return &s.PinThreads }},
}, policy(lf.OfPart), []Entry{
	// Listening.
	{Name: "Listen", Doc: "address to listen on; an empty host or * means all addresses, port 0 lets the kernel choose; may be given several times", Type: Address,
		Default: Default{Any: "127.0.0.1:8080"}, group: func(g *Group) any { return &g.Listen }},
	{Name: "ListenBacklog", Doc: "connections the kernel queues before they are accepted; net.core.somaxconn caps it", Type: Number,
		Default: Default{Any: "511", Alone: "4096"}, Range: Range{Least: 1, Most: 1 << 20}, Restart: AtOpen, Aliases: []string{"backlog"}, group: func(g *Group) any { return &g.ListenBacklog }},
	{Name: "SendBufferSize", Doc: "size of the kernel's send buffer in bytes; 0 is the system's choice", Type: Number,
		Default: Default{Any: "0"}, Range: Range{Least: 512, Most: 1 << 30, OrZero: true}, Restart: AtOpen, group: func(g *Group) any { return &g.SendBufferSize }},
	{Name: "DeferAccept", Doc: "accept a connection only when its first data has come (TCP_DEFER_ACCEPT)", Type: Switch,
		Default: Default{Any: "On"}, Restart: AtOpen, group: func(g *Group) any { return &g.DeferAccept }},
	{Name: "AcceptMutex", Doc: "how children take turns at accepting: " + mechanismList, Type: Mechanism, Children: true,
		Default: Default{Any: "default"}, server: func(s *Settings) any { return &s.AcceptMutex }},
	{Name: "Mutex", Doc: "AcceptMutex in the syntax of httpd 2.4: MECHANISM [default|mpm-accept] [OmitPID]", Type: Mechanism, Children: true,
		server: func(s *Settings) any { return &s.AcceptMutex }},
	{Name: "LockFile", Doc: "file that AcceptMutex flock and fcntl lock (default: an unnamed file)", Type: File, Children: true,
		server: func(s *Settings) any { return &s.LockFile }},
	{Name: "ListenCoresBucketsRatio", Doc: "open one socket per address for each group of this many processors (SO_REUSEPORT; default: one for all)", Type: Number, Children: true,
		Default: Default{Text: "off"}, Range: Range{Least: 1}, Restart: Kept, server: func(s *Settings) any { return &s.bucketsRatio }},

	// Children.
	{Name: "StartServers", Doc: "children that are started at first", Type: Number, Children: true,
		Default: Default{Any: "3", Prefork: "5"}, Range: Range{Least: 1, Out: Adjust}, group: func(g *Group) any { return &g.StartServers }},
	{Name: "ServerLimit", Doc: "processes that the scoreboard has room for, including those that finish after a restart", Type: Number, Children: true,
		Default: Default{Any: "16", Prefork: "256"}, Range: Range{Least: 1, Most: 20000, Prefork: 200000, Out: Adjust}, Restart: Kept, group: func(g *Group) any { return &g.ServerLimit }},
	{Name: "ThreadLimit", Doc: "threads of a child that the scoreboard has room for", Type: Number, Children: true, For: Threads,
		Default: Default{Any: "64"}, Range: Range{Least: 1, Most: 20000, Async: 100000, Out: Adjust}, Restart: Kept, server: func(s *Settings) any { return &s.ThreadLimit }},
	{Name: "ThreadsPerChild", Doc: "threads of a child that take connections, at most ThreadLimit", Type: Number, Children: true, For: Threads,
		Default: Default{Any: "25"}, Range: Range{Least: 1, Out: Adjust}, group: func(g *Group) any { return &g.ThreadsPerChild }},
	{Name: "MaxRequestWorkers", Doc: "threads of all children together, at most ServerLimit times ThreadsPerChild", Type: Number, Children: true,
		Default: Default{Text: "16 x ThreadsPerChild; prefork 256", Prefork: "256"}, Range: Range{Out: Depends}, Old: []Old{{"MaxClients", "is an old name: write MaxRequestWorkers"}}, group: func(g *Group) any { return &g.MaxRequestWorkers }},
	{Name: "MinSpareThreads", Doc: "with fewer idle threads, children are started", Type: Number, Children: true, For: Threads,
		Default: Default{Any: "75"}, Range: Range{Least: 1, Out: Adjust}, group: func(g *Group) any { return &g.MinSpareThreads }},
	{Name: "MaxSpareThreads", Doc: "with more idle threads, children retire; at least MinSpareThreads + ThreadsPerChild + 1", Type: Number, Children: true, For: Threads,
		Default: Default{Any: "250"}, Range: Range{Out: Depends}, group: func(g *Group) any { return &g.MaxSpareThreads }},
	{Name: "MinSpareServers", Doc: "with fewer idle children, children are started", Type: Number, Children: true, For: Servers,
		Default: Default{Any: "5"}, Range: Range{Least: 1, Out: Adjust}, group: func(g *Group) any { return &g.minSpareServers }},
	{Name: "MaxSpareServers", Doc: "with more idle children, children retire; at least MinSpareServers + 1", Type: Number, Children: true, For: Servers,
		Default: Default{Any: "10"}, Range: Range{Out: Depends}, group: func(g *Group) any { return &g.maxSpareServers }},
	{Name: "MaxConnectionsPerChild", Doc: "connections after which a child is replaced; 0 means never", Type: Number, Children: true,
		Default: Default{Any: "0"}, Old: []Old{{"MaxRequestsPerChild", "is an old name, and connections are counted: write MaxConnectionsPerChild"}}, group: func(g *Group) any { return &g.MaxConnectionsPerChild }},
	{Name: "AsyncRequestWorkerFactor", Doc: "connections that a child accepts beyond its threads, for each idle thread; fractions count (default without a control process: no limit)", Type: Fraction, For: Connections,
		Default: Default{Any: "2"}, group: func(g *Group) any { return &g.AsyncFactor }},
	{Name: "User", Doc: "user that children run as, a name or #uid, if the parent is root", Type: Word, Children: true,
		group: func(g *Group) any { return &g.User }},
	{Name: "Group", Doc: "group that children run as, a name or #gid (default: the user's)", Type: Word, Children: true,
		group: func(g *Group) any { return &g.Group }},
	{Name: "PidFile", Doc: "file for the parent's process ID; -k finds the server by it (default: none)", Type: File, Children: true,
		Restart: Kept, server: func(s *Settings) any { return &s.PidFile }},
	{Name: "ScoreBoardFile", Doc: "file that holds the scoreboard (default: unnamed memory)", Type: File, Children: true,
		Restart: Kept, server: func(s *Settings) any { return &s.ScoreBoardFile }},
	{Name: "CoreDumpDirectory", Doc: "working directory of children, where they may dump core", Type: Directory, Children: true,
		server: func(s *Settings) any { return &s.CoreDumpDirectory }},
	{Name: "GracefulShutdownTimeout", Doc: "how long connections may take after graceful-stop; 0 means no limit", Type: Duration, Children: true,
		Default: Default{Any: "0"}, Range: Range{Most: 365 * day}, server: func(s *Settings) any { return &s.GracefulShutdownTimeout }},
	{Name: "GracefulRestartTimeout", Doc: "how long connections of an old generation may take after a graceful restart", Type: Duration, Children: true,
		Default: Default{Any: "60s"}, Range: Range{Least: second, Most: day}, server: func(s *Settings) any { return &s.GracefulRestartTimeout }},
	{Name: "ThreadStackSize", Doc: "bytes of a thread's stack", Type: Number,
		For: Never, Nothing: "stacks of goroutines grow as they need", server: func(*Settings) any { return new(int) }},
	{Name: "MaxMemFree", Doc: "KiB that an allocator keeps for later", Type: Number,
		For: Never, Nothing: "the garbage collector of the one heap gives back unused memory (the environment variable GOMEMLIMIT limits the heap)", server: func(*Settings) any { return new(int) }},
	{Name: "EnableExceptionHook", Doc: "run hooks of modules in a child that crashes", Type: Switch,
		For: Never, Nothing: "there are no modules with such hooks, and the runtime prints the stacks of a child that crashes", server: func(*Settings) any { return new(bool) }},

	// Connections and requests.
	{Name: "KeepAlive", Doc: "keep connections open for further requests", Type: Switch,
		Default: Default{Any: "On"}, group: func(g *Group) any { return &g.KeepAlive }},
	{Name: "KeepAliveTimeout", Doc: "how long an idle connection is kept", Type: Duration,
		Default: Default{Any: "5s"}, Range: wait, Aliases: []string{"keepalive-timeout"}, group: func(g *Group) any { return &g.KeepAliveTimeout }},
	{Name: "MaxKeepAliveRequests", Doc: "requests after which a connection is closed; 0 means never", Type: Number,
		Default: Default{Any: "100", Alone: "0"}, group: func(g *Group) any { return &g.MaxKeepAliveRequests }},
	{Name: "Timeout", Doc: "default of HeadTimeout, BodyTimeout and WriteTimeout", Type: Duration,
		Range: wait, group: func(g *Group) any { return &g.timeout }},
	{Name: "HeadTimeout", Doc: "how long a peer may take to send a request's head", Type: Duration,
		Default: Default{Any: "10s"}, Range: wait, group: func(g *Group) any { return &g.HeadTimeout }},
	{Name: "BodyTimeout", Doc: "how long a peer may take to send a request's body", Type: Duration,
		Default: Default{Any: "30s"}, Range: wait, group: func(g *Group) any { return &g.BodyTimeout }},
	{Name: "WriteTimeout", Doc: "how long a peer may accept no part of a response", Type: Duration,
		Default: Default{Any: "30s"}, Range: wait, group: func(g *Group) any { return &g.WriteTimeout }},
	{Name: "MaxHead", Doc: "bytes of a request line with its fields; more is answered 431", Type: Number,
		Default: Default{Any: "8192"}, Range: Range{Least: 256, Most: 1 << 20}, group: func(g *Group) any { return &g.MaxHead }},
	{Name: "MaxBody", Doc: "bytes of a request's body; more is answered 413", Type: Number,
		Default: Default{Any: "1048576"}, Range: Range{Least: 1, Most: 1 << 30}, group: func(g *Group) any { return &g.MaxBody }},
	{Name: "DocumentRoot", Doc: "directory whose files are served", Type: Directory,
		Aliases: []string{"docroot"}, group: func(g *Group) any { return &g.DocumentRoot }},
	{Name: "Grace", Doc: "how long a drain may take", Type: Duration,
		Default: Default{Any: "10s"}, Range: Range{Most: day}, server: func(s *Settings) any { return &s.Grace }},
	{Name: "ShedKeepAlive", Doc: "event: when all workers of a child are busy, close kept connections on which a request comes, as httpd does, so that the client goes to another child (off: they wait for a worker)", Type: Switch, Children: true,
		Default: Default{Any: "Off"}, server: func(s *Settings) any { return &s.ShedKeepAlive }},
	{Name: "Lab", Doc: "add the flight recorder with its switch /lab/flight, and /lab/counters", Type: Switch,
		Default: Default{Any: "Off"}, server: func(s *Settings) any { return &s.Lab }},
	{Name: "Debug", Doc: "add /panic, a handler that panics", Type: Switch,
		Default: Default{Any: "Off"}, server: func(s *Settings) any { return &s.Debug }},
})
