package directive

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lflab/lf"
)

// TestEveryDirectiveIsAFlag checks that the help lists each directive, and that
// old names of flags still work.
func TestEveryDirectiveIsAFlag(t *testing.T) {
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	NewFlags(set)
	usage := set.FlagUsages()
	for _, e := range Table() {
		f := set.Lookup(e.FlagName())
		if f == nil || f.Hidden || !strings.Contains(usage, "--"+e.FlagName()) {
			t.Errorf("%s has no flag", e.Name)
		}
		for _, other := range e.Aliases {
			if f := set.Lookup(other); f == nil || !f.Hidden {
				t.Errorf("%s has no hidden flag --%s", e.Name, other)
			}
		}
	}
	for _, name := range []string{
		// Flags that are older than the table of directives.
		"mpm", "listen", "threads", "primitive", "spin", "order", "promotion", "leaders", "hold", "sets", "deactivate", "association", "form", "accept",
		"docroot", "keepalive-timeout", "head-timeout", "body-timeout", "write-timeout", "max-head", "max-body", "grace", "defer-accept", "backlog", "lab", "debug",
		// Some of the newer flags.
		"max-request-workers", "max-clients", "max-requests-per-child", "mutex", "keep-alive-timeout", "document-root", "listen-backlog", "accept-mutex", "pid-file",
	} {
		if set.Lookup(name) == nil {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

// byFlags resolves settings from flags only.
func byFlags(t *testing.T, args ...string) (*Settings, Notes, error) {
	t.Helper()
	return Resolve(Sources{Flags: flags(t, args...), Lookup: lookup, System: machine(1000)})
}

// TestAlone checks that flags which ask for no children start a server of one
// process, without a control process.
func TestAlone(t *testing.T) {
	s, notes, err := byFlags(t)
	if err != nil || len(notes) > 0 {
		t.Fatalf("%v%s", err, listed(notes))
	}
	g := s.Groups[0]
	if !s.Alone || s.MPM != "leader" || s.Primitive != "futex" || s.Grace.Seconds() != 10 || len(s.Groups) != 1 || s.Buckets != 1 || s.AcceptMutex != "none" ||
		g.Threads != 8 || len(g.Listen) != 1 || g.Listen[0].Address != "127.0.0.1:8080" || g.ListenBacklog != 4096 || !g.DeferAccept || g.UID != -1 ||
		g.StartServers != 0 || g.MaxRequestWorkers != 0 || g.ThreadsPerChild != 0 || g.MaxKeepAliveRequests != 0 || g.AsyncFactor != 0 ||
		g.KeepAliveTimeout.Seconds() != 5 || g.HeadTimeout.Seconds() != 10 || g.BodyTimeout.Seconds() != 30 || g.WriteTimeout.Seconds() != 30 || g.MaxHead != 8192 || g.MaxBody != 1<<20 {
		t.Errorf("%+v", s)
	}
	s, _, err = byFlags(t, "--mpm", "event", "--threads", "4", "--defer-accept=false", "--keepalive-timeout", "15s", "--docroot", "/", "--backlog", "7",
		"--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--lab", "--deactivate", "edge", "--keep-alive=false")
	if err != nil {
		t.Fatal(err)
	}
	g = s.Groups[0]
	if !s.Alone || s.MPM != "event" || g.Threads != 4 || g.DeferAccept || g.KeepAliveTimeout.Seconds() != 15 || g.DocumentRoot != "/" || g.ListenBacklog != 7 ||
		len(g.Listen) != 2 || !s.Lab || s.Policy != (lf.Policy{Deactivate: lf.Edge}) || g.MaxKeepAliveRequests != 1 {
		t.Errorf("%+v", s)
	}
}

// TestControlProcess lists flags that ask for a control process, and flags that
// do not.
func TestControlProcess(t *testing.T) {
	for _, c := range []struct {
		args  string
		alone bool
	}{
		{"", true}, {"--mpm worker", true}, {"--mpm prefork", false}, {"--start-servers 2", false}, {"--max-clients 50", false}, {"--user alice", false},
		{"--control-process", false}, {"--pid-file x", false}, {"--start-servers 2 --control-process=off", true}, {"--timeout 5", true},
		{"--async-request-worker-factor 3 --mpm event", true},
	} {
		s, notes, err := byFlags(t, strings.Fields(c.args)...)
		if err != nil || s.Alone != c.alone {
			t.Errorf("%q: alone %v, %v%s", c.args, s != nil && s.Alone, err, listed(notes))
		}
	}
	_, notes, _ := byFlags(t, "--start-servers", "2", "--control-process=off")
	if !says(notes, Info, "--start-servers 2: has no meaning without a control process") {
		t.Errorf("no note:%s", listed(notes))
	}
}

// TestFlagsWin checks that flags override the main part of the file, but not a
// section.
func TestFlagsWin(t *testing.T) {
	s, notes, err := configured(t, "worker", "ThreadsPerChild 5\nThreadsPerChild 6\nMaxHead 500\n<User alice>\nListen 81\nThreadsPerChild 7\n</User>", func(src *Sources) {
		src.Flags = flags(t, "--mpm", "event", "--threads-per-child", "8", "--listen", "127.0.0.1:90", "--max-body", "1", "--max-body", "2", "--mutex", "reuseport mpm-accept")
		src.System = machine(0)
	})
	if err != nil {
		t.Fatal(err)
	}
	main, alice := s.Groups[0], s.Groups[1]
	if s.MPM != "event" || main.ThreadsPerChild != 8 || alice.ThreadsPerChild != 7 || main.MaxHead != 500 || main.MaxBody != 2 || alice.MaxBody != 2 ||
		len(main.Listen) != 1 || main.Listen[0].Address != "127.0.0.1:90" || alice.Listen[0].Address != ":81" || s.AcceptMutex != "reuseport" {
		t.Errorf("%+v%s", s, listed(notes))
	}
	if from := main.from["ThreadsPerChild"]; from.String() != "--threads-per-child" {
		t.Errorf("ThreadsPerChild is from %v", from)
	}
	if !says(notes, Info, "ThreadsPerChild 6: replaces 5 at ") {
		t.Errorf("no note about the second:%s", listed(notes))
	}
}

func TestFlagProblems(t *testing.T) {
	for args, want := range map[string]string{
		"--threads 0":                    "--threads 0: mpm leader takes 1 to 4096",
		"--mpm leadr":                    `--mpm leadr: unknown mpm "leadr"`,
		"--head-timeout 0s":              "--head-timeout 0s: not in 1ms to 24h0m0s",
		"--grace forever":                "--grace forever: is not a duration",
		"--listen 127.0.0.1":             "--listen 127.0.0.1: has no port",
		"--backlog 0":                    "--backlog 0: not in 1 to 1048576",
		"--order fifo --promotion lazy":  "MPM leader: order fifo does not go with promotion lazy",
		"--lab=maybe":                    "--lab maybe: is neither On nor Off",
		"--mutex=":                       "--mutex: is not a mechanism",
		"--listen=":                      "--listen: has no port",
		"--start-servers 1 --user mallo": "--user mallo: is unknown",
	} {
		_, _, err := byFlags(t, strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
	_, notes, _ := byFlags(t, "--max-clients", "50", "--max-clients", "75")
	if !says(notes, Info, "--max-clients: is an old name") || len(notes) != 1 {
		t.Errorf("notes of an old name:%s", listed(notes))
	}
	f := flags(t, "--max-clients", "3")
	if !f.Given("MaxRequestWorkers") || f.Given("Listen") || f.Given("Nonsense") {
		t.Error("Given is wrong")
	}
}
