package madeup

import (
	"fmt"
	"math/rand/v2"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// StepRun returns a run of a suite like spare, made up from a seed. It has two
// servers that start and retire processes. One retires them faster than the
// other, and one trial of the slower does not count.
func StepRun(seed uint64) *record.Run {
	rng := rand.New(rand.NewPCG(seed, 5))
	run := &record.Run{Manifest: record.Manifest{
		Format: record.ManifestFormat,
		Suite:  "spare", Title: "Spare", Question: "How soon?", Command: "lflab run spare", Repeat: blocks, Before: guest(),
		Axes: []record.Axis{{Name: "mpm", Values: []string{"leader", "apache-event"}}, {Name: "mode", Values: []string{"close"}}},
		Phases: []record.Phase{{Name: "step", Title: "step from nobody to a closed loop and back, 200 connections", Path: "/sleep?ms=100", Connections: 200,
			DurationS: 6, Step: &suite.Step{BeforeS: 0.5, AfterS: 30, EveryS: 0.1, IdleMost: 48}}},
		Ratios: []suite.Ratio{{Title: "time up / Apache's", Metric: "scale_up_s", Phase: "step", Axis: "mpm", Values: []string{"apache-event"}, Most: 1.1}},
	}}
	for rep := range blocks {
		for _, mpm := range []string{"leader", "apache-event"} {
			retires := 10 // samples between the retirement of two children
			if mpm == "apache-event" {
				retires = 20
			}
			s := &record.Series{UpS: 0.5, DownS: 6.5, Clients: 200, IdleMost: 48, Started: 14}
			for i := 0; ; i++ {
				children := 2
				switch after := i - 65; {
				case after >= 0:
					children = max(3, 15-after/retires)
				case i >= 45:
					children = 16
				case i >= 15:
					children = i / 5
				}
				s.TimeS = append(s.TimeS, float64(i)/10)
				s.Processes, s.Threads = append(s.Processes, 1+children), append(s.Threads, 7+18*children+rng.IntN(2))
				busy := 1
				if i >= 5 && i < 65 {
					busy = min(200, 16*children)
				}
				s.Busy, s.Idle = append(s.Busy, busy), append(s.Idle, 16*children-busy)
				if i > 65+15*retires {
					break
				}
			}
			for i := range 60 {
				s.Served = append(s.Served, float64(min(200, 32+4*i))) // 192 at 4 s
			}
			t := record.Trial{ID: fmt.Sprintf("%s-%d", mpm, rep), Cell: record.Cell{"mpm": mpm, "mode": "close"}, Repetition: rep, Order: len(run.Trials),
				Gates: []record.Gate{{Name: "other_load", Phase: "step", OK: mpm == "leader" || rep != 2, Value: 0.3, Limit: 0.2, Detail: "other programs used 30 %"}},
				Phases: []record.PhaseResult{{Name: "step", Requests: 8000, DurationS: 6, RequestsPerSecond: 1333, CPUPerRequest: 100, Series: s,
					Latency: stats.Dist{Count: 8000, P50: 1e8, P99: 6e8}}}}
			run.Trials = append(run.Trials, t)
			run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{ID: t.ID, Cell: t.Cell, Repetition: rep})
		}
	}
	return run
}
