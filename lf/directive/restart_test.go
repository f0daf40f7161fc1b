package directive

import (
	"strings"
	"testing"
)

// restartRow is a directive whose value differs after a restart.
type restartRow struct {
	name, mpm     string
	before, after string
	want          string
	level         Level
	says          string
}

const keptText = "a restart does not change it: it stays "

var restarts = []restartRow{
	{"MPM", "worker", "", "MPM event", "worker", Warning, "MPM event: " + keptText + "worker"},
	{"ControlProcess", "worker", "", "ControlProcess Off", "On", Warning, keptText + "On"},
	{"Primitive", "leader", "", "Primitive eventfd", "eventfd", 0, ""},
	{"Spin", "leader", "", "Spin 1us", "1us", 0, ""},
	{"Order", "leader", "", "Order fifo", "fifo", 0, ""},
	{"Promotion", "leader", "", "Promotion lazy", "lazy", 0, ""},
	{"Leaders", "leader", "", "Leaders 2", "2", 0, ""},
	{"Hold", "leader", "", "Hold 1us", "1us", 0, ""},
	{"PinThreads", "leader", "", "PinThreads On", "On", 0, ""},
	{"Sets", "leader", "", "Sets 2", "2", 0, ""},
	{"Deactivate", "leader", "", "Deactivate edge", "edge", 0, ""},
	{"Association", "leader", "", "Association bound", "bound", 0, ""},
	{"Form", "worker", "", "Form slots", "slots", 0, ""},
	{"Accept", "leader", "", "Accept uring", "", Warning, "Accept uring: " + keptText + "none"},
	{"Listen", "leader", "", "Listen 81", "127.0.0.1:80 :81", 0, ""},
	{"ListenBacklog", "leader", "", "ListenBacklog 7", "7", Warning, "was 511, which open sockets keep"},
	{"SendBufferSize", "leader", "", "SendBufferSize 1024", "1024", Warning, "was 0, which open sockets keep"},
	{"DeferAccept", "leader", "", "DeferAccept Off", "Off", Warning, "was On, which open sockets"},
	{"AcceptMutex", "leader", "", "AcceptMutex flock", "flock", 0, ""},
	{"AcceptMutex", "leader", "", "AcceptMutex reuseport", "none", Warning, keptText + "none"},
	{"AcceptMutex", "leader", "AcceptMutex reuseport", "AcceptMutex flock", "reuseport", Warning, keptText + "reuseport"},
	{"Mutex", "leader", "AcceptMutex flock", "Mutex fcntl", "fcntl", 0, ""},
	{"LockFile", "leader", "AcceptMutex flock", "AcceptMutex flock\nLockFile /a", "/a", 0, ""},
	{"ListenCoresBucketsRatio", "leader", "", "ListenCoresBucketsRatio 4", "0", Warning, keptText + "none"},
	{"StartServers", "leader", "", "StartServers 4", "4", 0, ""},
	{"StartServers", "percore", "", "StartServers 4", "3", Warning, keptText + "3"},
	{"StartServers", "percore", "StartServers 20", "StartServers 20", "16", Info, "is more than MaxRequestWorkers 400 allows"},
	{"ServerLimit", "leader", "ServerLimit 20", "", "20", Warning, "ServerLimit 16: " + keptText + "20"},
	{"ServerLimit", "prefork", "", "ServerLimit 300", "256", Warning, keptText + "256"},
	{"ServerLimit", "event", "ServerLimit 0", "ServerLimit 0", "1", Warning, "is less than 1"},
	{"ThreadLimit", "leader", "", "ThreadLimit 100\nThreadsPerChild 70", "64", Warning, keptText + "64"},
	{"ThreadsPerChild", "leader", "", "ThreadLimit 100\nThreadsPerChild 70", "64", Warning, "is more than ThreadLimit 64"},
	{"ThreadsPerChild", "leader", "", "ThreadsPerChild 64", "64", 0, ""},
	{"ThreadsPerChild", "percore", "", "ThreadsPerChild 20", "25", Warning, keptText + "25"},
	{"MaxRequestWorkers", "leader", "", "MaxRequestWorkers 50", "50", 0, ""},
	{"MaxRequestWorkers", "leader", "ServerLimit 4", "ServerLimit 8\nMaxRequestWorkers 200", "100", Warning, "ServerLimit is 4: 4 children x 25 threads = 100"},
	{"MinSpareThreads", "leader", "", "MinSpareThreads 5", "5", 0, ""},
	{"MaxSpareThreads", "leader", "", "MaxSpareThreads 120", "120", 0, ""},
	{"MinSpareServers", "prefork", "", "MinSpareServers 6", "6", 0, ""},
	{"MaxSpareServers", "prefork", "", "MaxSpareServers 20", "20", 0, ""},
	{"MaxConnectionsPerChild", "leader", "", "MaxConnectionsPerChild 9", "9", 0, ""},
	{"AsyncRequestWorkerFactor", "event", "", "AsyncRequestWorkerFactor 3", "3", 0, ""},
	{"User", "leader", "", "User alice", "alice", Warning, "only root"},
	{"Group", "leader", "", "Group people", "people", Warning, "only root"},
	{"PidFile", "leader", "PidFile /a", "PidFile /b", "/a", Warning, "PidFile /b: " + keptText + "/a"},
	{"ScoreBoardFile", "leader", "", "ScoreBoardFile /b", "", Warning, keptText + "none"},
	{"CoreDumpDirectory", "leader", "", "CoreDumpDirectory /", "/", 0, ""},
	{"GracefulShutdownTimeout", "leader", "", "GracefulShutdownTimeout 3", "3s", 0, ""},
	{"GracefulRestartTimeout", "leader", "", "GracefulRestartTimeout 3", "3s", 0, ""},
	{"KeepAlive", "leader", "", "KeepAlive Off", "Off", 0, ""},
	{"KeepAliveTimeout", "leader", "", "KeepAliveTimeout 3", "3s", 0, ""},
	{"MaxKeepAliveRequests", "leader", "", "MaxKeepAliveRequests 3", "3", 0, ""},
	{"Timeout", "leader", "", "Timeout 3", "3s", 0, ""},
	{"HeadTimeout", "leader", "", "Timeout 3", "3s", 0, ""},
	{"BodyTimeout", "leader", "", "BodyTimeout 3", "3s", 0, ""},
	{"WriteTimeout", "leader", "", "WriteTimeout 3", "3s", 0, ""},
	{"MaxHead", "leader", "", "MaxHead 1000", "1000", 0, ""},
	{"MaxBody", "leader", "", "MaxBody 1000", "1000", 0, ""},
	{"DocumentRoot", "leader", "", "DocumentRoot /", "/", 0, ""},
	{"Grace", "leader", "", "Grace 3", "3s", 0, ""},
	{"ShedKeepAlive", "event", "", "ShedKeepAlive On", "On", 0, ""},
	{"Lab", "leader", "", "Lab On", "On", 0, ""},
	{"Debug", "leader", "", "Debug On", "On", 0, ""},
}

func TestRestart(t *testing.T) {
	for _, r := range restarts {
		t.Run(strings.Join([]string{r.mpm, r.name, r.after}, " "), func(t *testing.T) {
			first, _, err := configured(t, r.mpm, r.before)
			if err != nil {
				t.Fatal(err)
			}
			s, notes, err := configured(t, r.mpm, r.after, func(src *Sources) { src.Previous = first })
			if err != nil {
				t.Fatal(err)
			}
			if effective(s, r.name) != r.want {
				t.Errorf("effective value %q, want %q", effective(s, r.name), r.want)
			}
			if r.says != "" && !says(notes, r.level, r.says) {
				t.Errorf("no %s %q in:%s", r.level, r.says, listed(notes))
			}
			kept := 0
			for _, n := range notes {
				if n.Directive == r.name && n.Level == Warning {
					kept++
				}
			}
			if r.level == Warning && kept != 1 || r.level != Warning && kept != 0 {
				t.Errorf("%d warnings about it:%s", kept, listed(notes))
			}
			if s.Slots != first.Slots || s.Buckets != first.Buckets {
				t.Errorf("%d slots and %d buckets, were %d and %d", s.Slots, s.Buckets, first.Slots, first.Buckets)
			}
		})
	}
}

// TestSecondRestart checks that each restart reports a value that it keeps, and
// that the settings of one restart are the previous ones of the next.
func TestSecondRestart(t *testing.T) {
	first, _, err := configured(t, "leader", "ServerLimit 20")
	if err != nil {
		t.Fatal(err)
	}
	before := first
	for range 2 {
		s, notes, err := configured(t, "leader", "ServerLimit 30", func(src *Sources) { src.Previous = before })
		if err != nil || s.Groups[0].ServerLimit != 20 || !says(notes, Warning, keptText+"20") {
			t.Fatalf("ServerLimit %v, error %v:%s", s, err, listed(notes))
		}
		before = s
	}
}

// TestRestartKeepsTheMPM checks that <IfModule> is evaluated for the running
// MPM.
func TestRestartKeepsTheMPM(t *testing.T) {
	first, _, err := configured(t, "worker", "")
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := configured(t, "event", "<IfModule mpm_worker_module>\nThreadsPerChild 5\n</IfModule>", func(src *Sources) { src.Previous = first })
	if err != nil || s.MPM != "worker" || s.Groups[0].ThreadsPerChild != 5 {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestRestartWithOtherSections(t *testing.T) {
	root := func(src *Sources) { src.System = machine(0) }
	const section = "<User alice>\nListen 81\n</User>\n"
	for _, c := range []struct{ before, after, says string }{
		{"", section, "<User alice>: is new, and a restart cannot add it"},
		{section, "", "<User alice>: is missing, and a restart cannot remove it"},
	} {
		first, _, err := configured(t, "leader", c.before, root)
		if err != nil {
			t.Fatal(err)
		}
		_, notes, err := configured(t, "leader", c.after, root, func(src *Sources) { src.Previous = first })
		if err == nil || !says(notes, Error, c.says) {
			t.Errorf("error %v", err)
		}
	}
}
