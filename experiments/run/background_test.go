package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

const crowdedSuite = `
title = "Crowded"
question = "Who is there?"
repeat = 1
[axes]
mpm = ["one", "tidies"]
mode = ["keepalive"]
[server]
docroot = "{docroot}"
[docroot]
big = "4MiB"
[[phase]]
name = "idle"
connections = 2
duration = "60ms"
background = { idle = 80 }
[[phase]]
name = "mixed"
connections = 2
duration = "100ms"
background = { slow-senders = 10, slow-readers = 5, unread = "/files/big", blocking = 2, path = "/busy" }
[[phase]]
name = "big"
path = "/files/big"
connections = 1
duration = "100ms"
[[ratio]]
metric = "latency_p99_ns"
phase = "mixed"
to = { phase = "idle" }
[[ratio]]
metric = "requests_per_second"
phase = "idle"
to = { mpm = ["one", "tidies"] }
`

// A server that keeps the background clients has their cost measured. The
// trials of a server that closes them do not count.
func TestBackgroundOfAPhase(t *testing.T) {
	_, noneLeft := pids(t)
	r, err := runSmall(t, crowdedSuite, Options{Dir: filepath.Join(t.TempDir(), "out")})
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	for i := range r.Trials {
		tr := &r.Trials[i]
		if tr.Failed || len(tr.Phases) != 3 {
			t.Fatalf("%v: %s", tr.Cell, tr.Failure)
		}
		idle, mixed, big := &tr.Phases[0], &tr.Phases[1], &tr.Phases[2]
		var verdicts []bool
		for _, g := range tr.Gates {
			if g.Name == "background" {
				verdicts = append(verdicts, g.OK)
			}
		}
		if tr.Cell["mpm"] == "tidies" {
			// On a busy machine it may also close slow clients as idle.
			if b := idle.Background; b.Idle.Opened != 80 || b.Idle.Open != 0 || tr.Clean() || len(verdicts) != 2 || verdicts[0] {
				t.Errorf("a server that closes idle connections: %+v, %v", b, verdicts)
			}
			if _, ok := record.MetricOf("rss_bytes_per_idle_connection").Of(idle); ok {
				t.Error("it is credited with memory for connections that it closed")
			}
			continue
		}
		if !slices.Equal(verdicts, []bool{true, true}) || idle.Background.Idle.Open != 80 {
			t.Errorf("%+v, %+v, %v", idle.Background, mixed.Background, verdicts)
		}
		if b := idle.Background; b.RSSBefore < 1<<20 || b.RSSWith < 1<<20 || idle.RSS < 1<<20 {
			t.Errorf("memory %+v, at the end %d", b, idle.RSS)
		}
		if b := mixed.Background; b.SlowSenders.Open != 10 || b.SlowReaders.Open != 5 || b.Blocking.Open != 2 || b.Answered == 0 {
			t.Errorf("%+v", b)
		}
		if _, ok := record.MetricOf("rss_bytes_per_idle_connection").Of(mixed); ok {
			t.Error("memory per idle connection of a phase with other clients")
		}
		if big.Background != nil || big.Requests == 0 || big.BytesPerSecond < float64(big.Requests)*(4<<20)/big.DurationS {
			t.Errorf("%d answers of 4 MiB, %.0f bytes/s", big.Requests, big.BytesPerSecond)
		}
	}
}

func TestCrowdsThatDoNotFitAreLeftOut(t *testing.T) {
	s := openSuite(t, crowdedSuite)
	x, err := New(s, Options{Dir: t.TempDir(), NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	var asked []int
	x.doWithoutCrowds(func(n int) error {
		if asked = append(asked, n); n > 50 {
			return errors.New("the hard limit is 50")
		}
		return nil
	})
	if !slices.Equal(asked, []int{82, 19}) || len(x.Manifest.Phases) != 2 || x.Manifest.Phases[0].Name != "mixed" {
		t.Errorf("asked for %v, left with %+v", asked, x.Manifest.Phases)
	}
	if !slices.Contains(x.Manifest.Skipped, "phase idle: the hard limit is 50") {
		t.Errorf("skipped %q", x.Manifest.Skipped)
	}
}

func TestDocRootIsMadeAndRemoved(t *testing.T) {
	x, err := New(openSuite(t, crowdedSuite), Options{Dir: t.TempDir(), NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(x.docRoot, "big"))
	if err != nil || info.Size() != 4<<20 || info.Mode().Perm() != 0o644 {
		t.Errorf("%+v, %v", info, err)
	}
	if argv := x.serveArgs(nil, "", record.Cell{"mpm": "one", "mode": "keepalive"}); !slices.Contains(argv, "--docroot="+x.docRoot) {
		t.Errorf("command %q", argv)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(x.docRoot); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
}

const ownSuite = `
title = "Own"
question = "?"
repeat = 1
[axes]
mpm = ["one", "few", "peer"]
mode = ["close", "keepalive"]
[server]
threads = 8
[[subject]]
name = "few"
serve = { mpm = "one", threads = "{cpus}" }
[[subject]]
name = "peer"
needs = "$LAB_TEST_PEERS/server"
command = ["{needs}", "{port}"]
` + smallPhases

// A subject may be our own server with flags of its own, which override the
// flags of the suite and the axis that selected it.
func TestOwnServersWithFlags(t *testing.T) {
	t.Setenv("LAB_TEST_PEERS", "")
	x, err := New(openSuite(t, ownSuite), Options{Dir: t.TempDir(), NoMakeups: true, Serve: fakeCommand(t), CheckProbe: func() error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if want := "peer: the environment variable LAB_TEST_PEERS is not set (it should hold the directory of a program server)"; !slices.Contains(x.Manifest.Skipped, want) {
		t.Errorf("skipped %q", x.Manifest.Skipped)
	}
	x.Manifest.Before.CPUs = 3
	cell := record.Cell{"mpm": "few", "mode": "close"}
	sub, axis := x.suite.Subject(cell)
	argv := strings.Join(x.serveArgs(sub, axis, cell), " ")
	if !strings.HasSuffix(argv, " --mpm=one --threads=3") || strings.Contains(argv, "few") {
		t.Errorf("command %q", argv)
	}
	if got := strings.Join(x.serveArgs(nil, "", record.Cell{"mpm": "one", "mode": "close"}), " "); !strings.HasSuffix(got, " --mpm=one --threads=8") {
		t.Errorf("command %q", got)
	}
}

func TestSubjectOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("LAB_TEST_PEERS", dir)
	skipped := func() []string {
		x, err := New(openSuite(t, ownSuite), Options{Dir: t.TempDir(), NoMakeups: true, Serve: fakeCommand(t), CheckProbe: func() error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		return x.Manifest.Skipped
	}
	path := filepath.Join(dir, "server")
	if got, want := skipped(), "peer: there is no program "+path+" (is it installed?)"; !slices.Contains(got, want) {
		t.Errorf("skipped %q, want %q", got, want)
	}
	script := "#!/bin/sh\nexec " + os.Args[0] + " fake-other \"$1\"\n"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	_, noneLeft := allPids(t)
	var r *record.Run
	for range 10 { // beside busy neighbours a short phase may end before the first answer
		var err error
		r, err = runSmall(t, ownSuite, Options{Dir: filepath.Join(t.TempDir(), "out"), Only: []string{"mpm=peer", "mpm=few", "mode=close"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(r.Trials, func(tr record.Trial) bool { return !tr.Failed && tr.Phases[0].Latency.Count == 0 }) {
			break
		}
	}
	noneLeft()
	for _, tr := range r.Trials {
		if tr.Failed || tr.Phases[0].Latency.Count == 0 {
			t.Errorf("%v: %s", tr.Cell, tr.Failure)
		}
		if ours := tr.Phases[0].Counts["wakes_issued"] > 0; ours != (tr.Cell["mpm"] == "few") {
			t.Errorf("%v was asked for its counters: %v", tr.Cell, ours)
		}
		if tr.Cell["mpm"] == "peer" && tr.Command[0] != path {
			t.Errorf("command %q", tr.Command)
		}
	}
}

// Ratios of the embedded suites use known metrics; New refuses others.
func TestRatiosOfTheSuites(t *testing.T) {
	all, err := suite.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, q := range s.Ratios {
			if record.MetricOf(q.Metric) == nil {
				t.Errorf("%s asks for a ratio of %s, which is no metric", s.Name, q.Metric)
			}
		}
	}
	bad := strings.Replace(ownSuite, "[[subject]]", "[[ratio]]\nmetric = \"speed\"\nphase = \"open\"\nto = { mpm = \"one\" }\n[[subject]]", 1)
	if _, err := New(openSuite(t, bad), Options{Dir: t.TempDir(), NoMakeups: true, Serve: fakeCommand(t)}); err == nil || !strings.Contains(err.Error(), `a ratio is asked of "speed", which is no metric (known: requests_per_second, `) {
		t.Errorf("an unknown metric: %v", err)
	}
}
