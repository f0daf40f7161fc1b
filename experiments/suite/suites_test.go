package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestEmbeddedSuitesAreValid(t *testing.T) {
	if got := Names(); !slices.Equal(got, []string{"accept-mutex", "apache", "big", "blocking", "crowd", "floor",
		"h1-handoff-cost", "h2-dispatch-rate", "h3-pairs", "h4-work-threads", "h5-order", "h6-leaders", "h7-promotion", "h8-spinning-heir", "h9-poll-accept",
		"h10-best-worker", "h11-rearm", "h12-short-behind-long", "h13-overload", "h14-placement-idle", "h15-wake-placement", "h16-waiting-promotion", "h17-named-or-first",
		"handoff", "placement", "probe", "probe-servers", "processes", "promotions", "quick", "scaling", "slow", "spare", "speed"}) {
		t.Errorf("Names() = %q", got)
	}
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range Names() {
		s := all[i]
		if s.Name != name || s.File != "" || len(s.Digest) != 64 {
			t.Errorf("%s: name %q, file %q, digest %q", name, s.Name, s.File, s.Digest)
		}
		if s.Repeat < 6 {
			t.Errorf("%s: repeat is %d, too few for an interval of 95 %%", name, s.Repeat)
		}
	}
}

// A run is resumed if the phases of its manifest equal the suite's.
func TestPhasesEqualWhatAManifestHolds(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, p := range s.Phases {
			p = p.Scaled(0.37)
			text, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var read Phase
			if err := json.Unmarshal(text, &read); err != nil || !reflect.DeepEqual(read, p) {
				t.Errorf("%s: phase %+v is read as %+v, %v", s.Name, p, read, err)
			}
		}
	}
}

// TestShortNames: a hypothesis' number is enough, and nothing else is shortened.
func TestShortNames(t *testing.T) {
	for name, want := range map[string]string{
		"h1": "h1-handoff-cost", "h10": "h10-best-worker", "h10-best-worker": "h10-best-worker",
		"h18": "h18", "h": "h", "h1-": "h1-", "h01": "h01", "probe": "probe", "accept": "accept", "": "",
	} {
		if got := FullName(name); got != want {
			t.Errorf("FullName(%q) = %q, want %q", name, got, want)
		}
	}
	if s, err := Open("h3"); err != nil || s.Name != "h3-pairs" {
		t.Errorf("Open(h3) = %v, %v", s, err)
	}
}

// The documentation says that the default suite takes two minutes: starting and
// ending 72 processes takes two thirds of the time of their load, and make-up
// trials may add a third.
func TestQuickTakesMinutes(t *testing.T) {
	s, err := Open("quick")
	if err != nil {
		t.Fatal(err)
	}
	each := 0.0
	for _, p := range s.Phases {
		each += p.WarmupS + p.DurationS
	}
	trials := len(s.Cells()) * s.Repeat
	if load := float64(trials) * each; trials != 72 || load > 66 {
		t.Errorf("%d trials with %v s of load in all, want 72 and at most 66 s (starting and ending take the rest)", trials, load)
	}
	if open := s.Phases[1]; open.Rate != 3000 || open.RateByMode["close"] != 3000 || open.RateByMode["keepalive"] != 6000 || !open.Flight || open.Probe != "" {
		t.Errorf("open phase is %+v", open)
	}
	for _, p := range s.Phases {
		if p.DurationS < 0.2 {
			t.Errorf("phase %s measures %v s only", p.Name, p.DurationS)
		}
	}
}

func TestAxesKeepTheOrderOfTheFile(t *testing.T) {
	s := read(t, good("zeta = [3, 1]\nalpha = [true]\nmpm = ['b', 'a']"))
	var got []string
	for _, a := range s.Axes {
		got = append(got, a.Name+"="+strings.Join(a.Values, ","))
	}
	if want := []string{"zeta=3,1", "alpha=true", "mpm=b,a"}; !slices.Equal(got, want) {
		t.Errorf("axes are %q, want %q", got, want)
	}
	cells := s.Cells()
	if len(cells) != 4 || cells[1]["zeta"] != "3" || cells[1]["mpm"] != "a" || cells[2]["zeta"] != "1" {
		t.Errorf("cells are %v: the last axis is to run fastest", cells)
	}
}

func TestSubjectsTakeTheirCells(t *testing.T) {
	s, err := Open("handoff")
	if err != nil {
		t.Fatal(err)
	}
	c, axis := s.Subject(map[string]string{"primitive": "c-futex", "place": "same"})
	if c == nil || c.Name != "c-futex" || axis != "primitive" || len(c.Source) == 0 {
		t.Fatalf("c-futex is run by %+v through axis %q", c, axis)
	}
	ours, axis := s.Subject(map[string]string{"primitive": "pipe", "place": "cross"})
	if ours == nil || ours.Name != "*" || axis != "" {
		t.Fatalf("pipe is run by %+v through axis %q", ours, axis)
	}
	got := ours.Argv(map[string]string{"self": "/x/lflab", "primitive": "pipe", "place": "cross"})
	want := []string{"/x/lflab", "handoff", "--primitive", "pipe", "--place", "cross", "--rounds", "50000"}
	if !slices.Equal(got, want) {
		t.Errorf("command %q, want %q", got, want)
	}
	m := ours.Parse.FindStringSubmatch("same 1750 ns one way mean, p50 1700 ns, p90 1800 ns, p99 2500 ns, 2.00 switches\n")
	if m == nil || m[ours.Parse.SubexpIndex("mean")] != "1750" || m[ours.Parse.SubexpIndex("p50")] != "1700" {
		t.Errorf("the expression finds %q in the output of `lflab handoff`", m)
	}
	quick, err := Open("quick")
	if err != nil {
		t.Fatal(err)
	}
	if sub, _ := quick.Subject(map[string]string{"mpm": "leader"}); sub != nil || quick.Commands() {
		t.Errorf("leader is run by %+v, want lflab serve", sub)
	}
}

func TestOpenTakesAPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(path, []byte(good("mpm = ['leader']")), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err != nil || s.Name != "mine" || s.File != path {
		t.Errorf("Open gives %+v, %v", s, err)
	}
	if _, err := Open("quikc"); err == nil || !strings.Contains(err.Error(), `unknown suite "quikc" (known: `+strings.Join(Names(), ", ")+"; or the path") {
		t.Errorf("Open of an unknown name: %v", err)
	}
	if _, err := Open("./none.toml"); err == nil || !strings.Contains(err.Error(), "none.toml") {
		t.Errorf("Open of a missing file: %v", err)
	}
}

func TestDigestCoversTheSources(t *testing.T) {
	text := good("mpm = ['floor']") + "\n[[subject]]\nname='floor'\ncc='f.c'\nconfig='f.conf'\ncommand=['{bin}','{port}','{config}']\n"
	digest := func(source, config string) string {
		s, err := Read(fstest.MapFS{"s.toml": {Data: []byte(text)}, "f.c": {Data: []byte(source)}, "f.conf": {Data: []byte(config)}}, "s.toml")
		if err != nil {
			t.Fatal(err)
		}
		return s.Digest
	}
	if digest("int a;", "") == digest("int b;", "") {
		t.Error("another C source has the same digest")
	}
	if digest("", "user a") == digest("", "user b") {
		t.Error("another configuration has the same digest")
	}
}

func TestConfigurationIsFilled(t *testing.T) {
	text := good("mpm = ['httpd']") + `[server]
threads = 3
[[subject]]
name = 'httpd'
config = 'conf/x.conf'
files = { 'docs/hello' = 'hi' }
command = ['httpd', '-f', '{config}']
shape = 'worker'
`
	template := "Listen {port}\nevents { worker_connections {threads}; }\nLogFormat %{Host}i\nRoot {dir} # {mpm}\n"
	s, err := Read(fstest.MapFS{"s.toml": {Data: []byte(text)}, "conf/x.conf": {Data: []byte(template)}}, "s.toml")
	if err != nil {
		t.Fatal(err)
	}
	sub := s.Subjects[0]
	got := sub.Configuration(map[string]string{"port": "80", "threads": "3", "dir": "/d", "mpm": "httpd"})
	if want := "Listen 80\nevents { worker_connections 3; }\nLogFormat %{Host}i\nRoot /d # httpd\n"; got != want {
		t.Errorf("configuration is\n%s\nwant\n%s", got, want)
	}
	if sub.Shape != "worker" || sub.Files["docs/hello"] != "hi" || sub.Config != "conf/x.conf" {
		t.Errorf("subject %+v", sub)
	}
}

func TestProbeKeys(t *testing.T) {
	s := read(t, good("mpm = ['leader']\nprobe = ['off', 'records']\nmode = ['close']")+"probe = 'histograms'\n")
	if s.Phases[0].Probe != "histograms" {
		t.Errorf("phase %+v", s.Phases[0])
	}
	for i, want := range []bool{true, false, false} {
		if got := s.IsFlag(s.Axes[i].Name); got != want {
			t.Errorf("axis %s is a flag of a server: %v", s.Axes[i].Name, got)
		}
	}
}

func TestBackgroundAndRatios(t *testing.T) {
	text := good("mpm = ['a', 'b', 'c']\nmode = ['close']") + `background = { idle = 100, slow-readers = 3, unread = "/big" }
[[phase]]
name = "alone"
connections = 4
duration = "50ms"
[docroot]
big = "1GiB"
small = 7
[server]
docroot = "{docroot}"
[[subject]]
name = "b"
serve = { mpm = "reactor", threads = "{cpus}" }
[[ratio]]
metric = "requests_per_second"
phase = "closed"
to = { mpm = ["a", "b"] }
[[ratio]]
title = "beside / alone"
metric = "H_p50_ns"
phase = "closed"
to = { phase = "alone" }
`
	s := read(t, text)
	if b := s.Phases[0].Background; b == nil || *b != (Background{Idle: 100, SlowReaders: 3, Unread: "/big"}) || s.Phases[1].Background != nil {
		t.Errorf("background %+v", b)
	}
	if got, want := s.Phases[0].Title, "closed loop, 4 connections, beside 100 idle connections and 3 slow readers"; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if want := []Sparse{{"big", 1 << 30}, {"small", 7}}; !slices.Equal(s.DocRoot, want) {
		t.Errorf("files %v, want %v", s.DocRoot, want)
	}
	if got := s.Server[0].Fill(map[string]string{"docroot": "/d"}); got != "/d" {
		t.Errorf("docroot is %q", got)
	}
	if want := []Flag{{"mpm", "reactor"}, {"threads", "{cpus}"}}; !slices.Equal(s.Subjects[0].Serve, want) {
		t.Errorf("flags %v, want %v", s.Subjects[0].Serve, want)
	}
	first, second := s.Ratios[0], s.Ratios[1]
	if first.Title != "requests_per_second in closed / best of a, b" || first.Axis != "mpm" || !slices.Equal(first.Values, []string{"a", "b"}) {
		t.Errorf("ratio %+v", first)
	}
	if second.Title != "beside / alone" || second.Axis != PhaseAxis || !slices.Equal(second.Values, []string{"alone"}) {
		t.Errorf("ratio %+v", second)
	}
}

// good returns the text of a valid suite with the given axes. The caller may
// append lines.
func good(axes string) string {
	return "title = 'T'\nquestion = 'Q?'\nrepeat = 2\n[axes]\n" + axes +
		"\n[[phase]]\nname = 'closed'\nconnections = 4\nduration = '50ms'\n"
}

func read(t *testing.T, text string) *Suite {
	t.Helper()
	s, err := Read(fstest.MapFS{"s.toml": {Data: []byte(text)}}, "s.toml")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

func TestBadSuites(t *testing.T) {
	ok := good("mpm = ['leader']\nmode = ['close']")
	change := func(from, to string) string {
		t.Helper()
		if !strings.Contains(ok, from) {
			t.Fatalf("%q is not in the suite", from)
		}
		return strings.Replace(ok, from, to, 1)
	}
	configured := func(config, args, more string) string {
		return ok + "[[subject]]\nname = 'leader'\nconfig = '" + config + "'\ncommand = ['x', " + args + "]\n" + more + "\n"
	}
	command := "\n[[subject]]\nname='leader'\ncommand=['x','{mpm}']\nparse='(?P<mean>[0-9]+)'\n"
	for _, c := range []struct{ name, text, want string }{
		{"syntax", change("repeat = 2", "repeat = = 2"), `suite s.toml:3: `},
		{"type", change("repeat = 2", "repeat = 'two'"), `:3: repeat: got a string, want a whole number`},
		{"no title", change("title = 'T'", ""), `title: missing (allowed: a line`},
		{"blank question", change("'Q?'", "' '"), `question: missing`},
		{"no repeat", change("repeat = 2", ""), `repeat: missing (allowed: 1 to 1000`},
		{"repeat 0", change("repeat = 2", "repeat = 0"), `repeat: 0 is not allowed (allowed: 1 to 1000)`},
		{"unknown key", change("repeat = 2", "repeat = 2\nrepeats = 3"), `unknown key "repeats" (allowed here: title, question,`},
		{"unknown key of a phase", ok + "conections = 3\n", `unknown key "phase.conections" (allowed here: name, title, path`},
		{"unknown table", ok + "[machine]\ncpus = 2\n", `unknown key "machine"`},
		{"no axes", change("mpm = ['leader']\nmode = ['close']", ""), `axes: missing`},
		{"empty axis", change("['leader']", "[]"), `axes.mpm: [] is not allowed (allowed: at least one value)`},
		{"value twice", change("['leader']", "['leader','leader']"), `axes.mpm: "leader" is not allowed (allowed: each value once)`},
		{"cells", change("['leader']", "['leader']\nthreads = ["+numbers(200)+"]\nspin = ["+numbers(200)+"]"), `axes: 40000 is not allowed (allowed: 10000 cells at most`},
		{"value with a space", change("['leader']", "['le ader']"), `axes.mpm: "le ader" is not allowed (allowed: a string, number or boolean of letters`},
		{"nested value", change("['leader']", "[['leader']]"), `axes.mpm: `},
		{"mode", change("['close']", "['closed']"), `axes.mode: "closed" is not allowed (allowed: close, keepalive)`},
		{"axis name", change("mpm =", "MPM ="), `axes: "MPM" is not allowed (allowed: lower-case`},
		{"reserved axis", change("mpm =", "listen ="), `axes: "listen" is not allowed (allowed: any flag of lflab serve but listen, grace`},
		{"reserved flag", ok + "[server]\ngrace = '3s'\n", `server: "grace" is not allowed`},
		{"flag and axis", ok + "[server]\nmpm = 'worker'\n", `server.mpm: "worker" is not allowed (allowed: either here or in [axes], not both)`},
		{"flag of a wrong type", ok + "[server]\nthreads = [8]\n", `server.threads: `},
		{"no phase", ok[:strings.Index(ok, "[[phase]]")], `phase: missing`},
		{"phase name", change("'closed'", "'Closed loop'"), `phase[0].name: "Closed loop" is not allowed`},
		{"phase twice", ok + ok[strings.Index(ok, "[[phase]]"):], `phase[1].name: "closed" is not allowed (allowed: each name once)`},
		{"path", ok + "path = 'hello'\n", `phase.closed.path: "hello" is not allowed (allowed: an absolute path`},
		{"no connections", change("connections = 4\n", ""), `phase.closed.connections: missing (allowed: 1 to 10000)`},
		{"generators", ok + "generators = 65\n", `phase.closed.generators: 65 is not allowed (allowed: a whole number from 1 to 64`},
		{"connections 0", change("connections = 4", "connections = 0"), `phase.closed.connections: 0 is not allowed (allowed: a number from 1 to 10000)`},
		{"half a connection", change("connections = 4", "connections = 1.5"), `phase.closed.connections: 1.5 is not allowed (allowed: whole numbers)`},
		{"no duration", change("duration = '50ms'\n", ""), `phase.closed.duration: missing`},
		{"duration", change("'50ms'", "'50'"), `phase.closed.duration: "50" is not allowed (allowed: a duration of 1ms to 1h`},
		{"negative warm-up", ok + "warmup = '-1s'\n", `phase.closed.warmup: "-1s" is not allowed`},
		{"rate 0", ok + "rate = 0\n", `phase.closed.rate: 0 is not allowed (allowed: a number from 1 to 1e+07)`},
		{"rate as text", ok + "rate = 'fast'\n", `phase.closed.rate: "fast" is not allowed`},
		{"rate of no mode", ok + "rate = {keepalive = 3}\n", `phase.closed.rate.close: missing`},
		{"rate of an unknown mode", ok + "rate = {close = 3, open = 4}\n", `phase.closed.rate: "open" is not allowed (allowed: the values of the axis mode: close)`},
		{"rate by mode without modes", good("mpm = ['leader']") + "rate = {close = 3}\n", `one number, because the suite has no axis "mode"`},
		{"arrivals", ok + "rate = 5\narrivals = 'uniform'\n", `phase.closed.arrivals: "uniform" is not allowed (allowed: poisson, fixed, paired, burst)`},
		{"arrivals of a closed loop", ok + "arrivals = 'fixed'\n", `phase.closed.arrivals: "fixed" is not allowed (allowed: only with a rate`},
		{"subject without a name", ok + "[[subject]]\ncommand = ['x']\n", `subject[0].name: missing`},
		{"subject of no axis", ok + "[[subject]]\nname = 'nginx'\ncommand = ['x']\n", `subject.nginx.name: "nginx" is not allowed (allowed: a value of exactly one axis)`},
		{"subject without a command", ok + "[[subject]]\nname = 'leader'\n", `subject.leader.command: missing`},
		{"server without a port", ok + "[[subject]]\nname = 'leader'\ncommand = ['x']\n", `a command with {port}`},
		{"placeholder", ok + "[[subject]]\nname = 'leader'\ncommand = ['x', '{prot}']\n", `subject.leader.command: "{prot}" is not allowed (allowed: {self}, {cpus}, {port}, {mpm}, {mode})`},
		{"bin without cc", ok + "[[subject]]\nname = 'leader'\ncommand = ['{bin}', '{port}']\n", `"{bin}" is not allowed`},
		{"no such source", ok + "[[subject]]\nname = 'leader'\ncc = 'no.c'\ncommand = ['{bin}', '{port}']\n", `subject.leader.cc: open no.c`},
		{"source elsewhere", ok + "[[subject]]\nname = 'leader'\ncc = '../no.c'\ncommand = ['{bin}', '{port}']\n", `subject.leader.cc: "../no.c" is not allowed`},
		{"default subject of servers", ok + "[[subject]]\nname = '*'\ncommand = ['x', '{port}']\n", `subject.*.name: "*" is not allowed (allowed: with parse only`},
		{"subject twice", ok + strings.Repeat("[[subject]]\nname = 'leader'\ncommand = ['x', '{port}']\n", 2), `subject[1].name: "leader" is not allowed (allowed: each name once, or first`},
		{"expression", ok + strings.Replace(command, "(?P<mean>[0-9]+)", "(", 1), `subject.leader.parse: error parsing regexp`},
		{"expression without a mean", ok + strings.Replace(command, "P<mean>", ":", 1), `an expression with a group (?P<mean>…)`},
		{"unknown group", ok + strings.Replace(command, "(?P<mean>[0-9]+)", "(?P<mean>1)(?P<p42>2)", 1), `subject.leader.parse: "p42" is not allowed (allowed: groups named count, mean`},
		{"probe", ok + "probe = 'trace'\n", `phase.closed.probe: "trace" is not allowed (allowed: histograms, records; without the key`},
		{"probe off", ok + "probe = 'off'\n", `phase.closed.probe: "off" is not allowed`},
		{"probe of a wrong type", ok + "probe = true\n", `phase.probe: got true or false, want a string`},
		{"probe axis", good("mpm = ['leader']\nprobe = ['on']"), `axes.probe: "on" is not allowed (allowed: off, histograms, records)`},
		{"probe as a placeholder", good("mpm = ['leader']\nprobe = ['off']") + "[[subject]]\nname = 'leader'\ncommand = ['x', '{probe}', '{port}']\n", `"{probe}" is not allowed`},
		{"subject of the probe axis", good("mpm = ['leader']\nprobe = ['off']") + "[[subject]]\nname = 'off'\ncommand = ['x', '{port}']\n", `subject.off.name: "off" is not allowed (allowed: a value of exactly one axis)`},
		{"no such configuration", configured("no.conf", "'{config}', '{port}'", ""), `subject.leader.config: open no.conf`},
		{"configuration elsewhere", configured("../c.conf", "'{config}', '{port}'", ""), `subject.leader.config: "../c.conf" is not allowed (allowed: a path relative`},
		{"unused configuration", configured("c.conf", "'{port}'", ""), `allowed: a command with {config}`},
		{"configuration without a port", configured("c.conf", "'{config}'", ""), `or a configuration with it`},
		{"placeholder in a configuration", configured("bad.conf", "'{config}', '{port}'", ""), `subject.leader.config: "{prot}" is not allowed (allowed: in bad.conf: {self}, {cpus}, {dir}, {port}, {mpm}, {mode})`},
		{"files without a configuration", ok + "[[subject]]\nname = 'leader'\ncommand = ['x', '{port}']\nfiles = {a = 'b'}\n", `subject.leader.config: missing`},
		{"background without clients", ok + "background = {}\n", `phase.closed.background: missing (allowed: idle, slow-senders`},
		{"too many idle", ok + "background = {idle = 60000}\n", `phase.closed.background.idle: 60000 is not allowed (allowed: 0 to 50000 clients)`},
		{"blocking without a path", ok + "background = {blocking = 2}\n", `phase.closed.background.path: missing`},
		{"path without blocking", ok + "background = {idle = 2, path = '/x'}\n", `phase.closed.background.path: "/x" is not allowed (allowed: only with blocking)`},
		{"unread path", ok + "background = {slow-readers = 2, unread = 'x'}\n", `phase.closed.background.unread: "x" is not allowed (allowed: an absolute path`},
		{"unknown background", ok + "background = {slow = 2}\n", `unknown key "phase.background.slow" (allowed here: idle, slow-senders, slow-readers`},
		{"ratio of no phase", ok + "[[ratio]]\nmetric = 'x'\nphase = 'open'\nto = {mpm = 'leader'}\n", `ratio[0].phase: "open" is not allowed (allowed: closed)`},
		{"ratio to nothing", ok + "[[ratio]]\nmetric = 'x'\nphase = 'closed'\n", `ratio[0].to: `},
		{"ratio to itself", ok + "[[ratio]]\nmetric = 'x'\nphase = 'closed'\nto = {phase = 'closed'}\n", `ratio[0].to.phase: "closed" is not allowed (allowed: one other phase)`},
		{"ratio to an unknown value", ok + "[[ratio]]\nmetric = 'x'\nphase = 'closed'\nto = {mpm = 'nginx'}\n", `ratio[0].to.mpm: "nginx" is not allowed (allowed: leader)`},
		{"ratio with the record's key", ok + "[[ratio]]\nmetric = 'x'\nphase = 'closed'\naxis = 'mpm'\nto = {mpm = 'leader'}\n", `unknown key "ratio.axis" (allowed here: title, metric, phase, to, most)`},
		{"ratio of no metric", ok + "[[ratio]]\nmetric = 'x y'\nphase = 'closed'\nto = {mpm = 'leader'}\n", `ratio[0].metric: "x y" is not allowed`},
		{"size", ok + "[docroot]\nbig = '1GB'\n", `docroot.big: "1GB" is not allowed (allowed: 0 to 16 GiB`},
		{"size too large", ok + "[docroot]\nbig = '17GiB'\n", `docroot.big: "17GiB" is not allowed`},
		{"file in a directory", ok + "[docroot]\n'a/b' = 1\n", `docroot: "a/b" is not allowed`},
		{"docroot that is not there", ok + "[server]\ndocroot = '{docroot}'\n", `server.docroot: "{docroot}" is not allowed`},
		{"variable in the middle", ok + "[[subject]]\nname = 'leader'\nneeds = '/x/$Y'\ncommand = ['{needs}', '{port}']\n", `subject.leader.needs: "/x/$Y" is not allowed`},
		{"needs without it", ok + "[[subject]]\nname = 'leader'\ncommand = ['{needs}', '{port}']\n", `"{needs}" is not allowed`},
		{"serve and a command", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader'}\ncommand = ['x', '{port}']\n", `subject.leader: "a program" is not allowed (allowed: name, serve and with alone`},
		{"serve without an mpm", ok + "[[subject]]\nname = 'leader'\nserve = {threads = 3}\n", `subject.leader.serve.mpm: missing`},
		{"with of no axis", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader'}\nwith = {color = 'red'}\n", `subject.leader.with: "color" is not allowed (allowed: names of axes)`},
		{"with of no value", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader'}\nwith = {mode = ['close', 'open']}\n", `subject.leader.with.mode: "open" is not allowed (allowed: close)`},
		{"with of its own axis", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader'}\nwith = {mpm = 'leader'}\n", `(allowed: axes other than the one that has`},
		{"with of all", ok + "[[subject]]\nname = '*'\nwith = {mpm = 'leader'}\ncommand = ['x']\nparse = '(?P<mean>1)'\n", `(allowed: axes other than the one that has`},
		{"without anything left", ok + "[[without]]\nmode = 'close'\n", `(allowed: tables that leave something to measure)`},
		{"without nothing", ok + "[[without]]\n", `without: missing (allowed: axes with values`},
		{"negative promise", ok + "[[ratio]]\nmetric = 'x'\nphase = 'closed'\nto = {mpm = 'leader'}\nmost = -1\n", `ratio[0].most: -1 is not allowed`},
		{"step in an open loop", ok + "rate = 100\nstep = {before = '1s', after = '1s', every = '100ms', idle = 3}\n", `(allowed: without rate, warmup,`},
		{"step without a time", ok + "step = {before = '1s', every = '100ms', idle = 3}\n", `phase.closed.step.after: missing`},
		{"step that looks too often", ok + "step = {before = '1s', after = '1s', every = '1ms', idle = 3}\n", `phase.closed.step.every: "1ms" is not allowed (allowed: a duration of 10ms`},
		{"step without a bound", ok + "step = {before = '1s', after = '1s', every = '100ms'}\n", `phase.closed.step.idle: 0 is not allowed`},
		{"unknown key of a step", ok + "step = {during = '1s'}\n", `unknown key "phase.step.during" (allowed here: before, after, every, idle)`},
		{"serve and an axis", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader', mode = 'close'}\n", `subject.leader.serve.mode: "close" is not allowed (allowed: either here or in [axes], not both, unless with`},
		{"serve with what is the runner's", ok + "[[subject]]\nname = 'leader'\nserve = {mpm = 'leader', grace = '1s'}\n", `subject.leader.serve: "grace" is not allowed`},
		{"file elsewhere", configured("c.conf", "'{config}', '{port}'", "files = {'../a' = 'b'}"), `subject.leader.files: "../a" is not allowed`},
		{"file over the configuration", configured("c.conf", "'{config}', '{port}'", "files = {'c.conf' = 'b'}"), `subject.leader.files: "c.conf" is not allowed`},
		{"file of a wrong type", configured("c.conf", "'{config}', '{port}'", "files = {'a' = 3}"), `files.a`},
		{"configuration of a command", good("mpm = ['leader']") + command + "config = 'c.conf'\n", `subject.leader.config: "c.conf" is not allowed (allowed: for servers only`},
		{"shape", ok + "[[subject]]\nname = 'leader'\ncommand = ['x', '{port}']\nshape = 'round'\n", `subject.leader.shape: "round" is not allowed (allowed: leader, worker, event, prefork, kernel, percore, reactor, loops; without`},
		{"dir without a configuration", ok + "[[subject]]\nname = 'leader'\ncommand = ['x', '{dir}', '{port}']\n", `"{dir}" is not allowed`},
		{"a load for commands", ok + command, `phase.closed: "a load" is not allowed (allowed: name and title alone`},
		{"cells without a command", good("mpm = ['leader', 'worker']") + command, `a subject named "*" takes the rest`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(fstest.MapFS{"s.toml": {Data: []byte(c.text)}, "c.conf": {}, "bad.conf": {Data: []byte("Listen {prot}")}}, "s.toml")
			if err == nil {
				t.Fatalf("accepted:\n%s", c.text)
			}
			if !strings.HasPrefix(err.Error(), "suite s.toml") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is\n\t%v\nand has no\n\t%s", err, c.want)
			}
		})
	}
}

// numbers returns n values of an axis.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,", i+1)
	}
	return b.String()
}
