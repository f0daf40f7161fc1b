package directive

import (
	"slices"
	"strings"
	"testing"
)

// place is where a value lies relative to its range.
type place string

const (
	below place = "below"
	in    place = "in"
	above place = "above"
	bad   place = "bad" // not a value of that type
)

// row is a directive with a value, and the expected result.
type row struct {
	name  string
	place place
	mpm   string
	text  string // in the configuration
	want  string // effective value; empty if the row does not check it
	level Level  // of the expected note
	says  string // in the note; empty: no note about the directive
}

var rows = []row{
	{"MPM", in, "worker", "", "worker", 0, ""},
	{"MPM", bad, "leadr", "", "", Error, "server.conf:2: MPM leadr: unknown mpm"},
	{"ControlProcess", in, "leader", "ControlProcess Off", "Off", 0, ""},
	{"ControlProcess", in, "leader", "", "On", 0, ""},
	{"ControlProcess", bad, "leader", "ControlProcess 2", "", Error, "neither On nor Off"},
	{"ControlProcess", bad, "prefork", "ControlProcess Off", "", Error, "always has children"},
	{"Threads", below, "worker", "ControlProcess Off\nThreads 1", "", Error, "Threads 1: mpm worker takes 2 to 4096"},
	{"Threads", in, "worker", "ControlProcess Off\nThreads 2", "2", 0, ""},
	{"Threads", above, "worker", "ControlProcess Off\nThreads 4097", "", Error, "takes 2 to 4096"},
	{"Threads", in, "worker", "Threads 9", "26", Info, "no meaning under a control process: ThreadsPerChild"},
	{"Primitive", in, "leader", "Primitive eventfd", "eventfd", 0, ""},
	{"Primitive", bad, "leader", "Primitive futx", "", Error, "unknown primitive (did you mean futex?)"},
	{"Spin", below, "leader", "Spin -1us", "", Error, "not in 0s to 1ms"},
	{"Spin", in, "leader", "Spin 50us", "50us", 0, ""},
	{"Spin", above, "leader", "Spin 5", "", Error, "not in 0s to 1ms"},
	{"Order", in, "leader", "Order fifo", "fifo", 0, ""},
	{"Order", bad, "leader", "Order random", "", Error, "unknown order (known: lifo, fifo, priority, native)"},
	{"Promotion", in, "leader", "Promotion lazy", "lazy", 0, ""},
	{"Promotion", bad, "leader", "Promotion never", "", Error, "unknown promotion"},
	{"Leaders", below, "leader", "Leaders -1", "", Error, "not in 0 to 65536"},
	{"Leaders", in, "leader", "Leaders 2", "2", 0, ""},
	{"Leaders", above, "leader", "Leaders 65537", "", Error, "not in 0 to 65536"},
	{"Hold", below, "leader", "Hold -1s", "", Error, "not in 0s to 1s"},
	{"Hold", in, "leader", "Hold 1", "1s", 0, ""},
	{"Hold", above, "leader", "Hold 2", "", Error, "not in 0s to 1s"},
	{"PinThreads", in, "leader", "PinThreads On", "On", 0, ""},
	{"PinThreads", bad, "leader", "PinThreads 1", "", Error, "neither On nor Off"},
	{"Sets", below, "leader", "Sets -1", "", Error, "not in 0 to 65536"},
	{"Sets", in, "leader", "Sets 2", "2", 0, ""},
	{"Sets", above, "leader", "Sets 65537", "", Error, "not in 0 to 65536"},
	{"Deactivate", in, "leader", "Deactivate oneshot", "oneshot", 0, ""},
	{"Deactivate", bad, "leader", "Deactivate never", "", Error, "unknown deactivate"},
	{"Association", in, "leader", "Association bound", "bound", 0, ""},
	{"Association", bad, "leader", "Association free", "", Error, "unknown association"},
	{"Form", in, "worker", "Form slots", "slots", 0, ""},
	{"Form", bad, "worker", "Form heap", "", Error, "unknown form"},
	{"Accept", in, "leader", "Accept uring", "uring", 0, ""},
	{"Accept", bad, "leader", "Accept all", "", Error, "unknown accept"},

	{"Listen", in, "leader", "Listen 8080", "127.0.0.1:80 :8080", 0, ""},
	{"Listen", in, "leader", "Listen *:8080", "127.0.0.1:80 :8080", 0, ""},
	{"Listen", in, "leader", "Listen [::1]:80 http", "127.0.0.1:80 [::1]:80", 0, ""},
	{"Listen", in, "leader", "Listen 127.0.0.1:0\nListen 127.0.0.1:0", "127.0.0.1:80 127.0.0.1:0 127.0.0.1:0", 0, ""},
	{"Listen", bad, "leader", "Listen 127.0.0.1", "", Error, "has no port"},
	{"Listen", bad, "leader", "Listen 127.0.0.1:", "", Error, "has no port"},
	{"Listen", bad, "leader", "Listen ::1:80", "", Error, "is not an address"},
	{"Listen", bad, "leader", "Listen 1.2.3.4:http", "", Error, "port http is not in 0 to 65535"},
	{"Listen", above, "leader", "Listen 1.2.3.4:65536", "", Error, "port 65536 is not in 0 to 65535"},
	{"Listen", bad, "leader", "Listen 443 https", "", Error, "protocol https is not supported"},
	{"Listen", bad, "leader", "Listen 127.0.0.1:80", "", Error, "server.conf:3: Listen 127.0.0.1:80: is the same address as Listen 127.0.0.1:80 at ...server.conf:1"},
	{"Listen", bad, "leader", "Listen 80", "", Error, "Listen :80: covers the same address as Listen 127.0.0.1:80"},
	{"Listen", bad, "leader", "Listen 0.0.0.0:80", "", Error, "covers the same address"},
	{"ListenBacklog", below, "leader", "ListenBacklog 0", "", Error, "not in 1 to 1048576"},
	{"ListenBacklog", in, "leader", "ListenBacklog 1", "1", 0, ""},
	{"ListenBacklog", in, "leader", "", "511", 0, ""},
	{"ListenBacklog", in, "leader", "ControlProcess Off", "4096", 0, ""},
	{"ListenBacklog", above, "leader", "ListenBacklog 1048577", "", Error, "not in 1 to 1048576"},
	{"SendBufferSize", below, "leader", "SendBufferSize 511", "", Error, "not 0 and not in 512 to"},
	{"SendBufferSize", in, "leader", "SendBufferSize 512", "512", 0, ""},
	{"SendBufferSize", in, "leader", "SendBufferSize 0", "0", 0, ""},
	{"SendBufferSize", above, "leader", "SendBufferSize 1073741825", "", Error, "not 0 and not in"},
	{"DeferAccept", in, "leader", "DeferAccept off", "Off", 0, ""},
	{"DeferAccept", bad, "leader", "DeferAccept maybe", "", Error, "neither On nor Off"},
	{"AcceptMutex", in, "leader", "AcceptMutex pthread", "pthread", 0, ""},
	{"AcceptMutex", in, "leader", "AcceptMutex Default", "none", 0, ""},
	{"AcceptMutex", in, "event", "AcceptMutex flock", "none", Info, "AcceptMutex flock: has no meaning for mpm event: none is used"},
	{"AcceptMutex", bad, "leader", "AcceptMutex flok", "", Error, "is not a mechanism (did you mean flock?)"},
	{"AcceptMutex", bad, "leader", "AcceptMutex semaphore", "", Error, "known: default none flock fcntl sysvsem posixsem pthread epollexclusive reuseport"},
	{"Mutex", in, "leader", "Mutex sysvsem mpm-accept", "sysvsem", 0, ""},
	{"Mutex", in, "leader", "AcceptMutex flock\nMutex sysvsem default OmitPID", "sysvsem", Info, "OmitPID has no meaning"},
	{"Mutex", in, "leader", "Mutex fcntl\nAcceptMutex flock", "flock", Info, "replaces fcntl"},
	{"Mutex", in, "leader", "Mutex flock ssl-cache", "none", Info, "there is no mutex ssl-cache"},
	{"Mutex", bad, "leader", "Mutex file:/var/lock", "", Error, "write LockFile"},
	{"Mutex", bad, "leader", "Mutex sem", "", Error, "is not a mechanism"},
	{"LockFile", in, "leader", "LockFile /run/lock/a\nAcceptMutex flock", "/run/lock/a", 0, ""},
	{"LockFile", in, "leader", "LockFile /run/lock/a", "/run/lock/a", Info, "has no meaning with AcceptMutex none"},
	{"LockFile", bad, "leader", `LockFile ""`, "", Error, "is empty"},
	{"ListenCoresBucketsRatio", below, "leader", "ListenCoresBucketsRatio 0", "", Error, "less than 1"},
	{"ListenCoresBucketsRatio", in, "leader", "ListenCoresBucketsRatio 4", "4", 0, ""},
	{"ListenCoresBucketsRatio", in, "leader", "ListenCoresBucketsRatio 1\nMaxRequestWorkers 50", "1", Info, "makes 8 sockets for each address with 8 processors, but there can be only 2 children, each with one socket: 2 used"},
	{"ListenCoresBucketsRatio", above, "leader", "ListenCoresBucketsRatio 9", "9", Info, "makes 1 socket for each address with 8 processors"},

	{"StartServers", below, "leader", "StartServers 0", "1", Warning, "StartServers 0: is less than 1, which is used"},
	{"StartServers", below, "prefork", "StartServers -3", "1", Warning, "is less than 1"},
	{"StartServers", in, "leader", "StartServers 1", "1", 0, ""},
	{"StartServers", in, "event", "", "3", 0, ""},
	{"StartServers", in, "prefork", "", "5", 0, ""},
	{"StartServers", in, "leader", "StartServers 16", "16", 0, ""},
	{"StartServers", above, "leader", "StartServers 17", "16", Info, "is more than MaxRequestWorkers 400 allows: 16 children at first"},
	{"StartServers", above, "prefork", "StartServers 9\nMaxRequestWorkers 8", "8", Info, "is more than MaxRequestWorkers 8 allows: 8 children"},
	{"ServerLimit", below, "leader", "ServerLimit 0", "1", Warning, "is less than 1"},
	{"ServerLimit", in, "leader", "ServerLimit 20000", "20000", 0, ""},
	{"ServerLimit", in, "worker", "MaxRequestWorkers 100", "16", 0, ""},
	{"ServerLimit", in, "prefork", "MaxRequestWorkers 100", "256", 0, ""},
	{"ServerLimit", above, "leader", "ServerLimit 20001", "20000", Warning, "is more than 20000"},
	{"ServerLimit", above, "event", "ServerLimit 20001", "20000", Warning, "is more than 20000"},
	{"ServerLimit", above, "prefork", "ServerLimit 200001", "200000", Warning, "is more than 200000"},
	{"ServerLimit", in, "prefork", "ServerLimit 200000", "200000", 0, ""},
	{"ServerLimit", bad, "leader", "ServerLimit abc", "", Error, "ServerLimit abc: is not a whole number"},
	{"ServerLimit", bad, "leader", "ServerLimit 10k", "", Error, "is not a whole number"},
	{"ServerLimit", bad, "leader", "ServerLimit 99999999999999999999", "", Error, "is beyond"},
	{"ThreadLimit", below, "leader", "ThreadLimit 0", "1", Warning, "is less than 1"},
	{"ThreadLimit", in, "leader", "ThreadLimit 20000", "20000", 0, ""},
	{"ThreadLimit", in, "leader", "", "64", 0, ""},
	{"ThreadLimit", above, "worker", "ThreadLimit 20001", "20000", Warning, "is more than 20000"},
	{"ThreadLimit", in, "event", "ThreadLimit 100000", "100000", 0, ""},
	{"ThreadLimit", above, "event", "ThreadLimit 100001", "100000", Warning, "is more than 100000"},
	{"ThreadLimit", in, "prefork", "ThreadLimit 5", "1", Info, "no meaning for mpm prefork, whose children have one thread each"},
	{"ThreadsPerChild", below, "leader", "ThreadsPerChild 0", "1", Warning, "is less than 1"},
	{"ThreadsPerChild", below, "pairs", "ThreadsPerChild 3", "", Error, "too few for mpm pairs (write 4)"},
	{"ThreadsPerChild", in, "event", "ThreadsPerChild 64", "64", 0, ""},
	{"ThreadsPerChild", in, "leader", "", "25", 0, ""},
	{"ThreadsPerChild", above, "event", "ThreadsPerChild 65", "64", Warning, "is more than ThreadLimit 64, which is used (write ThreadLimit 65, too)"},
	{"ThreadsPerChild", in, "event", "ThreadsPerChild 65\nThreadLimit 65", "65", 0, ""},
	{"ThreadsPerChild", in, "prefork", "ThreadsPerChild 5", "1", Info, "no meaning for mpm prefork"},
	{"ThreadsPerChild", in, "goroutine", "ThreadsPerChild 5", "5", Info, "does not limit the connections of mpm goroutine"},
	{"MaxRequestWorkers", below, "leader", "MaxRequestWorkers 24", "25", Warning, "is less than one child's ThreadsPerChild 25, which is used: 1 child"},
	{"MaxRequestWorkers", in, "leader", "MaxRequestWorkers 25", "25", 0, ""},
	{"MaxRequestWorkers", above, "leader", "MaxRequestWorkers 425", "400", Warning, "would take 17 children of ThreadsPerChild 25, and ServerLimit is 16: 16 children x 25 threads = 400 is used (write ServerLimit 17"},
	{"MaxRequestWorkers", in, "leader", "MaxClients 50", "50", Info, "MaxClients: is an old name: write MaxRequestWorkers"},
	{"MinSpareThreads", below, "leader", "MinSpareThreads 0", "1", Warning, "is less than 1"},
	{"MinSpareThreads", in, "leader", "MinSpareThreads 1", "1", 0, ""},
	{"MinSpareThreads", in, "leader", "", "75", 0, ""},
	{"MinSpareThreads", above, "leader", "MinSpareThreads 401", "401", Info, "is more than MaxRequestWorkers 400: all 16 children always run"},
	{"MinSpareThreads", in, "prefork", "MinSpareThreads 4", "5", Info, "(write MinSpareServers)"},
	{"MinSpareThreads", in, "percore", "MinSpareThreads 4", "0", Info, "StartServers children at all times"},
	{"MaxSpareThreads", below, "leader", "MaxSpareThreads 100", "101", Info, "too close to MinSpareThreads 75, so children would start and end again and again: 101 idle threads are used (MinSpareThreads + ThreadsPerChild + 1)"},
	{"MaxSpareThreads", in, "event", "MaxSpareThreads 101", "101", 0, ""},
	{"MaxSpareThreads", in, "event", "", "250", 0, ""},
	{"MaxSpareThreads", above, "worker", "MaxSpareThreads 5000", "5000", 0, ""},
	{"MinSpareServers", below, "prefork", "MinSpareServers 0", "1", Warning, "is less than 1"},
	{"MinSpareServers", in, "prefork", "MinSpareServers 1", "1", 0, ""},
	{"MinSpareServers", above, "prefork", "MinSpareServers 300", "300", Info, "is more than MaxRequestWorkers 256"},
	{"MinSpareServers", in, "leader", "MinSpareServers 3", "0", Info, "(write MinSpareThreads)"},
	{"MaxSpareServers", below, "prefork", "MaxSpareServers 5", "6", Info, "too close to MinSpareServers 5"},
	{"MaxSpareServers", in, "prefork", "MaxSpareServers 6", "6", 0, ""},
	{"MaxSpareServers", above, "prefork", "MaxSpareServers 1000", "1000", 0, ""},
	{"MaxSpareServers", in, "event", "MaxSpareServers 6", "0", Info, "(write MaxSpareThreads)"},
	{"MaxConnectionsPerChild", below, "leader", "MaxConnectionsPerChild -1", "", Error, "less than 0"},
	{"MaxConnectionsPerChild", in, "leader", "MaxConnectionsPerChild 0", "0", 0, ""},
	{"MaxConnectionsPerChild", in, "leader", "MaxRequestsPerChild 7", "7", Info, "MaxRequestsPerChild: is an old name, and connections are counted"},
	{"MaxConnectionsPerChild", above, "leader", "MaxConnectionsPerChild 1099511627777", "", Error, "is beyond 1099511627776"},
	{"AsyncRequestWorkerFactor", below, "event", "AsyncRequestWorkerFactor 0", "", Error, "must be above 0"},
	{"AsyncRequestWorkerFactor", below, "event", "AsyncRequestWorkerFactor -1", "", Error, "must be above 0"},
	{"AsyncRequestWorkerFactor", in, "event", "AsyncRequestWorkerFactor 1.5", "1.5", 0, ""},
	{"AsyncRequestWorkerFactor", in, "event", "AsyncRequestWorkerFactor 0.5", "0.5", 0, ""},
	{"AsyncRequestWorkerFactor", in, "event", "", "2", 0, ""},
	{"AsyncRequestWorkerFactor", in, "event", "ControlProcess Off", "0", 0, ""},
	{"AsyncRequestWorkerFactor", in, "event", "ControlProcess Off\nAsyncRequestWorkerFactor 3", "3", 0, ""},
	{"AsyncRequestWorkerFactor", in, "worker", "AsyncRequestWorkerFactor 3", "0", Info, "no meaning for mpm worker"},
	{"AsyncRequestWorkerFactor", above, "event", "AsyncRequestWorkerFactor inf", "", Error, "is beyond"},
	{"AsyncRequestWorkerFactor", bad, "event", "AsyncRequestWorkerFactor nan", "", Error, "is not a number"},
	{"User", in, "leader", "User alice", "alice", Warning, "only root can start children of another user, and this is user 1000"},
	{"User", bad, "leader", "User mallory", "", Error, "User mallory: is unknown"},
	{"User", bad, "leader", "User #x", "", Error, "is not a user ID"},
	{"User", below, "leader", "User root", "", Error, "is root"},
	{"User", below, "leader", "User #0", "", Error, "is root"},
	{"Group", in, "leader", "Group people", "people", Warning, "only root"},
	{"Group", bad, "leader", "Group crowd", "", Error, "Group crowd: is unknown"},
	{"Group", bad, "leader", "Group #-1", "", Error, "is not a group ID"},
	{"PidFile", in, "leader", "PidFile /run/x.pid", "/run/x.pid", 0, ""},
	{"PidFile", in, "leader", "", "", 0, ""},
	{"PidFile", bad, "leader", "PidFile ''", "", Error, "is empty"},
	{"ScoreBoardFile", in, "leader", "ScoreBoardFile /run/x.board", "/run/x.board", 0, ""},
	{"ScoreBoardFile", bad, "leader", "ScoreBoardFile ''", "", Error, "is empty"},
	{"CoreDumpDirectory", in, "leader", "CoreDumpDirectory /", "/", 0, ""},
	{"CoreDumpDirectory", bad, "leader", "CoreDumpDirectory /no/such/place", "", Error, "there is no such directory"},
	{"CoreDumpDirectory", bad, "leader", "CoreDumpDirectory server.conf", "", Error, "is not a directory"},
	{"GracefulShutdownTimeout", below, "leader", "GracefulShutdownTimeout -1", "", Error, "not in 0s to"},
	{"GracefulShutdownTimeout", in, "leader", "GracefulShutdownTimeout 0", "0s", 0, ""},
	{"GracefulShutdownTimeout", above, "leader", "GracefulShutdownTimeout 31536001", "", Error, "not in 0s to"},
	{"GracefulShutdownTimeout", above, "leader", "GracefulShutdownTimeout 9999999999999", "", Error, "is beyond"},
	{"GracefulRestartTimeout", below, "leader", "GracefulRestartTimeout 0", "", Error, "not in 1s to 24h0m0s"},
	{"GracefulRestartTimeout", in, "leader", "GracefulRestartTimeout 86400", "24h0m0s", 0, ""},
	{"GracefulRestartTimeout", in, "leader", "", "1m0s", 0, ""},
	{"GracefulRestartTimeout", above, "leader", "GracefulRestartTimeout 86401", "", Error, "not in 1s to 24h0m0s"},
	{"ThreadStackSize", below, "leader", "ThreadStackSize -1", "", Error, "less than 0"},
	{"ThreadStackSize", in, "leader", "ThreadStackSize 8388608", "0", Info, "no meaning in a Go process: stacks"},
	{"ThreadStackSize", above, "leader", "ThreadStackSize 1099511627777", "", Error, "is beyond"},
	{"MaxMemFree", below, "leader", "MaxMemFree -1", "", Error, "less than 0"},
	{"MaxMemFree", in, "leader", "MaxMemFree 2048", "0", Info, "no meaning in a Go process: the garbage collector"},
	{"MaxMemFree", above, "leader", "MaxMemFree 99999999999999999999", "", Error, "is beyond"},
	{"EnableExceptionHook", in, "leader", "EnableExceptionHook On", "Off", Info, "no meaning in a Go process"},
	{"EnableExceptionHook", bad, "leader", "EnableExceptionHook yes please", "", Error, "has 2 values and takes 1"},
	{"EnableExceptionHook", bad, "leader", "EnableExceptionHook maybe", "", Error, "neither On nor Off"},

	{"KeepAlive", in, "leader", "KeepAlive Off", "Off", 0, ""},
	{"KeepAlive", bad, "leader", "KeepAlive 5", "", Error, "neither On nor Off"},
	{"KeepAliveTimeout", below, "leader", "KeepAliveTimeout 0", "", Error, "not in 1ms to 24h0m0s"},
	{"KeepAliveTimeout", in, "leader", "KeepAliveTimeout 100ms", "100ms", 0, ""},
	{"KeepAliveTimeout", in, "leader", "KeepAliveTimeout 15", "15s", 0, ""},
	{"KeepAliveTimeout", above, "leader", "KeepAliveTimeout 86401", "", Error, "not in 1ms to 24h0m0s"},
	{"KeepAliveTimeout", bad, "leader", "KeepAliveTimeout soon", "", Error, "is not a duration"},
	{"MaxKeepAliveRequests", below, "leader", "MaxKeepAliveRequests -1", "", Error, "less than 0"},
	{"MaxKeepAliveRequests", in, "leader", "MaxKeepAliveRequests 0", "0", 0, ""},
	{"MaxKeepAliveRequests", in, "leader", "", "100", 0, ""},
	{"MaxKeepAliveRequests", in, "leader", "ControlProcess Off", "0", 0, ""},
	{"MaxKeepAliveRequests", in, "leader", "KeepAlive Off\nMaxKeepAliveRequests 9", "1", 0, ""},
	{"MaxKeepAliveRequests", above, "leader", "MaxKeepAliveRequests 1099511627777", "", Error, "is beyond"},
	{"Timeout", below, "leader", "Timeout 0", "", Error, "not in 1ms to"},
	{"Timeout", in, "leader", "Timeout 60", "1m0s", 0, ""},
	{"Timeout", above, "leader", "Timeout 25h", "", Error, "not in 1ms to"},
	{"HeadTimeout", below, "leader", "HeadTimeout 0s", "", Error, "not in 1ms to"},
	{"HeadTimeout", in, "leader", "HeadTimeout 1ms\nTimeout 9", "1ms", 0, ""},
	{"HeadTimeout", in, "leader", "Timeout 9", "9s", 0, ""},
	{"HeadTimeout", in, "leader", "", "10s", 0, ""},
	{"HeadTimeout", above, "leader", "HeadTimeout 25h", "", Error, "not in 1ms to"},
	{"BodyTimeout", below, "leader", "BodyTimeout 0", "", Error, "not in 1ms to"},
	{"BodyTimeout", in, "leader", "Timeout 9", "9s", 0, ""},
	{"BodyTimeout", above, "leader", "BodyTimeout 25h", "", Error, "not in 1ms to"},
	{"WriteTimeout", below, "leader", "WriteTimeout 0", "", Error, "not in 1ms to"},
	{"WriteTimeout", in, "leader", "Timeout 9", "9s", 0, ""},
	{"WriteTimeout", above, "leader", "WriteTimeout 25h", "", Error, "not in 1ms to"},
	{"MaxHead", below, "leader", "MaxHead 255", "", Error, "not in 256 to 1048576"},
	{"MaxHead", in, "leader", "MaxHead 256", "256", 0, ""},
	{"MaxHead", above, "leader", "MaxHead 1048577", "", Error, "not in 256 to 1048576"},
	{"MaxBody", below, "leader", "MaxBody 0", "", Error, "not in 1 to 1073741824"},
	{"MaxBody", in, "leader", "MaxBody 1", "1", 0, ""},
	{"MaxBody", above, "leader", "MaxBody 1073741825", "", Error, "not in 1 to 1073741824"},
	{"DocumentRoot", in, "leader", "DocumentRoot /", "/", 0, ""},
	{"DocumentRoot", bad, "leader", "DocumentRoot nowhere", "", Error, "there is no such directory"},
	{"Grace", below, "leader", "Grace -1", "", Error, "not in 0s to 24h0m0s"},
	{"Grace", in, "leader", "Grace 0", "0s", 0, ""},
	{"Grace", above, "leader", "Grace 25h", "", Error, "not in 0s to 24h0m0s"},
	{"ShedKeepAlive", in, "event", "ShedKeepAlive On", "On", 0, ""},
	{"ShedKeepAlive", bad, "event", "ShedKeepAlive 1", "", Error, "neither On nor Off"},
	{"Lab", in, "leader", "Lab On", "On", 0, ""},
	{"Lab", bad, "leader", "Lab 1", "", Error, "neither On nor Off"},
	{"Debug", in, "leader", "Debug On", "On", 0, ""},
	{"Debug", bad, "leader", "Debug 1", "", Error, "neither On nor Off"},
}

func TestTable(t *testing.T) {
	for _, r := range rows {
		t.Run(strings.Join([]string{r.mpm, r.name, strings.ReplaceAll(r.text, "\n", " ")}, " "), func(t *testing.T) {
			s, notes, err := configured(t, r.mpm, r.text)
			if (err != nil) != (r.level == Error) {
				t.Fatalf("error %v", err)
			}
			if err == nil && r.place != bad && effective(s, r.name) != r.want {
				t.Errorf("effective value %q, want %q", effective(s, r.name), r.want)
			}
			if r.says != "" && !says(notes, r.level, r.says) {
				t.Errorf("no %s %q in:%s", r.level, r.says, listed(notes))
			}
			if about := slices.IndexFunc(notes, func(n Note) bool { return n.Directive == r.name }); r.says == "" && r.name != "ServerLimit" && about >= 0 {
				t.Errorf("there is a note: %s", notes[about])
			}
		})
	}
}

// TestTableIsWalked checks that every directive has rows, and that every
// number, duration and fraction has values below, in and above its range.
func TestTableIsWalked(t *testing.T) {
	for _, e := range Table() {
		want := []place{in, bad}
		switch {
		case e.Type == Number || e.Type == Duration || e.Type == Fraction:
			want = []place{below, in, above}
		}
		for _, p := range want {
			if !slices.ContainsFunc(rows, func(r row) bool { return r.name == e.Name && r.place == p }) {
				t.Errorf("%s has no row with a value %s its range", e.Name, p)
			}
		}
		if !slices.ContainsFunc(restarts, func(r restartRow) bool { return r.name == e.Name }) && e.For != Never && e.For != AloneOnly {
			t.Errorf("%s has no row for a restart", e.Name)
		}
		if e.Doc == "" || (e.For == Never) != (e.Nothing != "") || (e.server == nil) == (e.group == nil) {
			t.Errorf("%s is not complete", e.Name)
		}
	}
}

func TestNamesAreDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, e := range Table() {
		names := append([]string{e.FlagName()}, e.Aliases...)
		for _, old := range e.Old {
			names = append(names, dashed(old.Name))
		}
		for _, name := range names {
			if other, ok := seen[name]; ok {
				t.Errorf("--%s is %s and %s", name, other, e.Name)
			}
			seen[name] = e.Name
		}
	}
}
