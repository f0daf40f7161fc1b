package suite

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// flagsOf returns the flags of `lflab serve` with which a cell's server starts.
func flagsOf(s *Suite, cell map[string]string) map[string]string {
	flags := map[string]string{}
	for _, f := range s.Server {
		flags[f.Name] = f.Value
	}
	sub, axis := s.Subject(cell)
	for _, a := range s.Axes {
		if s.IsFlag(a.Name) && a.Name != axis {
			flags[a.Name] = cell[a.Name]
		}
	}
	if sub != nil {
		for _, f := range sub.Serve {
			flags[f.Name] = f.Value
		}
	}
	return flags
}

// However the processes are divided, sixteen requests are handled at a time.
func TestProcessesHaveEqualHandlers(t *testing.T) {
	s, err := Open("processes")
	if err != nil {
		t.Fatal(err)
	}
	cells := s.Cells()
	if len(cells) != 2*(4*4+1) {
		t.Errorf("%d cells, want four layouts of four architectures and prefork, in two modes", len(cells))
	}
	number := func(flags map[string]string, name string) int {
		n, err := strconv.Atoi(flags[name])
		if err != nil {
			t.Errorf("%s of %v: %v", name, flags, err)
		}
		return n
	}
	for _, cell := range cells {
		flags := flagsOf(s, cell)
		handlers := 0
		switch {
		case flags["mpm"] == "prefork":
			handlers = number(flags, "start-servers")
		case cell["processes"] == "alone":
			if handlers = number(flags, "threads"); cell["mpm"] == "worker" || cell["mpm"] == "event" {
				handlers-- // the listener handles no requests
			}
		default:
			handlers = number(flags, "start-servers") * number(flags, "threads-per-child")
		}
		if handlers != 16 {
			t.Errorf("%v: %d handlers with %v", cell, handlers, flags)
		}
		if _, both := flags["threads"]; both == (cell["processes"] != "alone") {
			t.Errorf("%v: threads are a matter of a server without children: %v", cell, flags)
		}
		if prefork := flags["mpm"] == "prefork"; prefork != (cell["processes"] == "16x1") || prefork && cell["mpm"] != "kernel" {
			t.Errorf("%v is served by %s", cell, flags["mpm"])
		}
	}
	promised := slices.ContainsFunc(s.Ratios, func(q Ratio) bool {
		return q.Metric == "cpu_us_per_request" && q.Most == 1.10 && q.Axis == "processes" && slices.Equal(q.Values, []string{"alone"})
	})
	if !promised {
		t.Errorf("no ratio says that processes cost at most 10 %% more: %+v", s.Ratios)
	}
}

func TestAcceptMutexHasAllMechanisms(t *testing.T) {
	s, err := Open("accept-mutex")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Axis("accept-mutex").Values; len(s.Cells()) != 8 || len(got) != 8 || got[0] != "none" {
		t.Errorf("%d cells of %q", len(s.Cells()), got)
	}
}

// Both servers get the same directives, and the step is long enough to rise and
// fall.
func TestSpareComparesEqualDirectives(t *testing.T) {
	s, err := Open("spare")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{"port": "80", "dir": "/d"}
	for _, f := range s.Server {
		values[f.Name] = f.Value
	}
	want := map[string]string{"start-servers": "2", "threads-per-child": "16", "min-spare-threads": "16", "max-spare-threads": "48",
		"max-request-workers": "256", "server-limit": "16"}
	for name, value := range want {
		if values[name] != value {
			t.Errorf("%s is %q, want %s", name, values[name], value)
		}
	}
	for _, name := range []string{"apache-worker", "apache-event"} {
		sub, _ := s.Subject(map[string]string{"mpm": name, "mode": "close"})
		if sub == nil || sub.Serve != nil || sub.Files["sleep.lua"] == "" {
			t.Fatalf("%s is %+v", name, sub)
		}
		lines := strings.Split(sub.Configuration(values), "\n")
		for _, l := range []string{"StartServers 2", "ThreadsPerChild 16", "MinSpareThreads 16", "MaxSpareThreads 48", "MaxRequestWorkers 256", "ServerLimit 16"} {
			if !slices.Contains(lines, l) {
				t.Errorf("%s has no line %q", name, l)
			}
		}
	}
	p := s.Phases[0]
	if len(s.Phases) != 1 || p.Step == nil || p.Step.EveryS != 0.1 || p.Step.IdleMost != 48 || p.Connections != 200 || p.Path != "/sleep?ms=100" {
		t.Errorf("phases %+v", s.Phases)
	}
	if p.Title != "step from nobody to a closed loop and back, 200 connections" {
		t.Errorf("title %q", p.Title)
	}
}

// The first matching subject serves the cell.
func TestSubjectsOfOneName(t *testing.T) {
	s := read(t, good("size = ['small', 'big']\nmpm = ['leader', 'worker']")+`
[[subject]]
name = "small"
with = { mpm = "worker" }
serve = { threads = 3, mpm = "event" }
[[subject]]
name = "small"
serve = { threads = 2 }
[[without]]
size = "big"
mpm = ["worker"]
`)
	for _, c := range []struct {
		cell map[string]string
		want map[string]string
	}{
		{map[string]string{"size": "small", "mpm": "worker"}, map[string]string{"threads": "3", "mpm": "event"}},
		{map[string]string{"size": "small", "mpm": "leader"}, map[string]string{"threads": "2", "mpm": "leader"}},
		{map[string]string{"size": "big", "mpm": "leader"}, map[string]string{"size": "big", "mpm": "leader"}},
	} {
		if got := flagsOf(s, c.cell); !maps.Equal(got, c.want) {
			t.Errorf("%v is started with %v, want %v", c.cell, got, c.want)
		}
	}
	if len(s.Cells()) != 3 {
		t.Errorf("cells %v", s.Cells())
	}
}
