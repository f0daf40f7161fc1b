package run

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
)

const stepSuite = `
title = "Step"
question = "What happens when clients come and go?"
repeat = 1
[axes]
mpm = ["one", "grows", "dies"]
mode = ["close"]
[[phase]]
name = "step"
path = "/hello"
connections = 4
duration = "300ms"
step = { before = "100ms", after = "30m", every = "20ms", idle = 9 }
`

// Servers of one and of several processes are watched from before their clients
// connect until nothing more happens.
func TestStep(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	x, err := New(openSuite(t, stepSuite), Options{Dir: filepath.Join(t.TempDir(), "out"), Only: []string{"mpm=one", "mpm=grows"}, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	r, err := x.Run(t.Context()) // steps end when nothing more happens, long before the suite's bound
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	for _, tr := range r.Trials {
		if tr.Failed || len(tr.Phases) != 1 || tr.Phases[0].Series == nil {
			t.Fatalf("trial %+v", tr)
		}
		p := tr.Phases[0]
		s := p.Series
		n := len(s.TimeS)
		if n < 10 || len(s.Processes) != n || len(s.Threads) != n || len(s.Busy) != n || len(s.Idle) != n || !slices.IsSorted(s.TimeS) {
			t.Errorf("%v: looks of different numbers, or disorderly ones: %+v", tr.Cell, s)
		}
		if s.UpS < 0.1 || s.DownS-s.UpS < 0.2 || s.TimeS[n-1] < s.DownS+stillFor.Seconds() || s.Clients != 4 || s.IdleMost != 9 {
			t.Errorf("%v: clients from %v to %v s, the last look at %v s", tr.Cell, s.UpS, s.DownS, s.TimeS[n-1])
		}
		if len(s.Served) != 3 || p.Requests == 0 {
			t.Errorf("%v: served %v in %d requests", tr.Cell, s.Served, p.Requests)
		}
		want, started := 1, 0
		if tr.Cell["mpm"] == "grows" {
			want, started = 3, 2
		}
		if s.Processes[0] != 1 || s.MostProcesses() != want || s.Started != started || s.MostThreads() < want || s.Processes[n-1] != 1 {
			t.Errorf("%v: processes %v, %d started, want at most %d", tr.Cell, s.Processes, s.Started, want)
		}
		if down, ok := s.ScaleDown(); !ok || down < 0 || want > 1 && down == 0 {
			t.Errorf("%v: back after %v s (%v)", tr.Cell, down, ok)
		}
	}
}

// A server that ends during its step fails the trial and ends the watching.
func TestStepOfAServerThatDies(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	x, err := New(openSuite(t, stepSuite), Options{Dir: filepath.Join(t.TempDir(), "out"), Only: []string{"mpm=dies"}, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	r, err := x.Run(t.Context())
	noneLeft()
	if err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("the run says %v", err)
	}
	if r == nil || len(r.Trials) != 1 || !r.Trials[0].Failed {
		t.Errorf("run %+v", r)
	}
}

func TestStepIsInterrupted(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	x, err := New(openSuite(t, stepSuite), Options{Dir: filepath.Join(t.TempDir(), "out"), Only: []string{"mpm=one"}, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if _, err := x.Run(ctx); !errors.Is(err, ErrInterrupted) {
		t.Errorf("the run ended with %v", err)
	}
	noneLeft()
}

// A subject's flags replace those of the axes, so that servers with children
// get the options that start these.
func TestServersWithChildren(t *testing.T) {
	text := strings.Replace(smallSuite, `["one", "two"]`, `["leader", "kernel"]`+"\nprocesses = ['alone', '2x2']", 1) + `
[[subject]]
name = "2x2"
with = { mpm = "kernel" }
serve = { mpm = "prefork", start-servers = 4 }
[[subject]]
name = "2x2"
serve = { start-servers = 2, threads-per-child = 2 }
[[subject]]
name = "alone"
serve = { threads = 4 }
`
	text = strings.Replace(text, "threads = 3\n", "defer-accept = true\n", 1)
	x, err := New(openSuite(t, text), Options{Serve: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mpm, processes string
		want           []string
		shape          string
	}{
		{"leader", "alone", []string{"--mpm=leader", "--threads=4"}, "leader"},
		{"kernel", "alone", []string{"--mpm=kernel", "--threads=4"}, "kernel"},
		{"leader", "2x2", []string{"--mpm=leader", "--start-servers=2", "--threads-per-child=2"}, "leader"},
		{"kernel", "2x2", []string{"--mpm=prefork", "--start-servers=4"}, "prefork"},
	} {
		cell := record.Cell{"mpm": c.mpm, "processes": c.processes, "mode": "close"}
		sub, axis := x.suite.Subject(cell)
		got := x.serveArgs(sub, axis, cell)[4:]
		want := append(slices.Clone(c.want), "--defer-accept=true")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%v is started with %q, want %q", cell, got, want)
		}
		if shape := x.shape(sub, cell); string(shape) != c.shape {
			t.Errorf("%v has the shape %q, want %q", cell, shape, c.shape)
		}
	}
}
