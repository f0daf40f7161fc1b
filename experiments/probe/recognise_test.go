package probe

import (
	"strings"
	"testing"

	"lflab/experiments/probe/bpf"
	"lflab/experiments/probe/stage"
)

// Each server below serves in its own way; the numbers are what its threads do
// per connection and per request.
func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		of  behaviour
		is  stage.Shape
		why string // part of the sentence, for Unknown
	}{
		"leaders":                      {of: behaviour{connections: 1000, requests: 1000, leads: 990, gaps: 1000, processes: 1}, is: stage.Leader},
		"leaders, kept connections":    {of: behaviour{connections: 100, requests: 9000, leads: 90, gaps: 100, processes: 1}, is: stage.Leader},
		"threads in accept":            {of: behaviour{connections: 1000, requests: 1000, leads: 4, processes: 1}, is: stage.Kernel},
		"processes in accept":          {of: behaviour{connections: 1000, requests: 1000, leads: 40, processes: 9}, is: stage.Prefork},
		"a set for each core":          {of: behaviour{connections: 1000, requests: 1000, polls: 900, gaps: 3, processes: 1}, is: stage.Percore},
		"processes with a set each":    {of: behaviour{connections: 1000, requests: 8000, polls: 7500, processes: 5}, is: stage.Percore},
		"one set, leaders":             {of: behaviour{connections: 1000, requests: 1000, polls: 700, leads: 20, gaps: 700, processes: 1}, is: stage.Reactor},
		"a listener in a set, leaders": {of: behaviour{connections: 400, requests: 400, polls: 396, leads: 395, gaps: 396, processes: 1}, is: stage.Leader},
		"one set, kept connections":    {of: behaviour{requests: 3000, polls: 2200, moves: 1300, handed: 120, processes: 1}, is: stage.Reactor},
		"workers":                      {of: behaviour{connections: 1000, requests: 1000, handed: 1000, moves: 1000, processes: 1}, is: stage.Worker},
		"workers, listener polls":      {of: behaviour{connections: 1000, requests: 1000, handed: 1000, moves: 1000, polls: 1010, processes: 1}, is: stage.Worker},
		"workers, kept connections":    {of: behaviour{connections: 100, requests: 9000, handed: 100, moves: 100, polls: 100, processes: 1}, is: stage.Worker},
		"events":                       {of: behaviour{connections: 100, requests: 9000, handed: 8900, moves: 8000, polls: 8000, processes: 1}, is: stage.Event},
		"events, lingering closes":     {of: behaviour{connections: 1000, requests: 1000, handed: 990, moves: 990, polls: 2000, processes: 1}, is: stage.Event},
		"events, no new connection":    {of: behaviour{requests: 3000, handed: 2990, moves: 1900, polls: 2400, processes: 1}, is: stage.Event},
		"loops":                        {of: behaviour{connections: 50, requests: 9000, handed: 50, moves: 50, polls: 7000, processes: 1}, is: stage.Loops},
		"nothing":                      {is: stage.Unknown, why: "0 requests were read"},
		"hardly anything":              {of: behaviour{connections: 19, requests: 19, handed: 19, moves: 19}, is: stage.Unknown, why: "19 requests were read; a shape shows from 20 on"},
		"loops, no new connection":     {of: behaviour{requests: 3000, polls: 2900}, is: stage.Unknown, why: "event loops show"},
		"workers, no new connection":   {of: behaviour{requests: 3000}, is: stage.Unknown, why: "0 connections were accepted"},
		"a runtime's scheduler":        {of: behaviour{connections: 1000, requests: 1000, polls: 800, leads: 150, moves: 216, handed: 216, gaps: 690, processes: 1}, is: stage.Unknown, why: "by another thread"},
		"some leaders":                 {of: behaviour{connections: 1000, requests: 1000, leads: 350, gaps: 1000, processes: 1}, is: stage.Unknown, why: "handed over 350 times"},
		"some waits":                   {of: behaviour{connections: 1000, requests: 1000, polls: 350, processes: 1}, is: stage.Unknown, why: "350 waits"},
		"some gaps":                    {of: behaviour{connections: 1000, requests: 1000, polls: 900, gaps: 350, processes: 1}, is: stage.Unknown, why: "350 times for 1000 connections"},
		"some later requests are held": {of: behaviour{connections: 100, requests: 1100, handed: 450, moves: 450, polls: 1000, processes: 1}, is: stage.Unknown, why: "fits more than one shape"},
	} {
		got, why := c.of.shape()
		if got != c.is || (got == stage.Unknown) != (why != "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %s (%q), want %s (%q)", name, got, why, c.is, c.why)
		}
		// A server that is seen for twice or ten times as long has the same shape.
		for _, times := range []uint64{2, 10} {
			longer := c.of
			for _, n := range []*uint64{&longer.connections, &longer.requests, &longer.handed, &longer.moves, &longer.polls, &longer.leads, &longer.gaps} {
				*n *= times
			}
			if again, _ := longer.shape(); got != stage.Unknown && again != got {
				t.Errorf("%s: %s, but %s after %d times as long", name, got, again, times)
			}
		}
	}
}

// No two shapes meet: on the way from one to the other lies Unknown, wider than
// the scatter of a server's runs.
func TestShapesDoNotMeet(t *testing.T) {
	at := map[string]func(n uint64) behaviour{
		"leads": func(n uint64) behaviour { return behaviour{connections: 1000, requests: 1000, leads: n, processes: 1} },
		"polls": func(n uint64) behaviour { return behaviour{connections: 1000, requests: 1000, polls: n, processes: 1} },
		"gaps": func(n uint64) behaviour {
			return behaviour{connections: 1000, requests: 1000, polls: 1000, gaps: n, processes: 1}
		},
		"moves": func(n uint64) behaviour {
			return behaviour{connections: 1000, requests: 1000, moves: n, handed: n, processes: 1}
		},
		"later": func(n uint64) behaviour {
			return behaviour{connections: 1000, requests: 2000, moves: 1000, handed: 1000 + n, processes: 1}
		},
	}
	for name, of := range at {
		last, from := stage.Shape(""), uint64(0)
		for n := uint64(0); n <= 1000; n++ {
			s, _ := of(n).shape()
			if s == stage.Unknown || s == last {
				if s == last {
					from = n
				}
				continue
			}
			if last != "" && n-from < 200 {
				t.Errorf("%s: %s at %d, but %s at %d", name, last, from, s, n)
			}
			last, from = s, n
		}
		if from == 0 {
			t.Errorf("%s: no shape at all", name)
		}
	}
}

// A Report carries the reason, and none when the user gave the shape.
func TestReportSaysWhyAShapeIsUnknown(t *testing.T) {
	r := &Result{counts: bpf.ProbeCounts{Connections: 3, Requests: 3}, byStage: make([][stage.Placements]Histogram, len(stage.All))}
	r.Shape, r.ShapeWhy = r.behaviour().shape()
	if got := r.Report(); got.Shape != stage.Unknown || !strings.HasPrefix(got.ShapeWhy, "3 requests were read") {
		t.Errorf("%s: %q", got.Shape, got.ShapeWhy)
	}
}
