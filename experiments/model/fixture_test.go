package model

import (
	"fmt"
	"math/rand/v2"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// truth is the parameters of the made-up servers, which the fit must find
// again.
var truth = map[string]Server{
	"leader": {Wake: 16e3, Gap: 40e3, Rest: 9e3, Accept: 3e3},
	"worker": {Wake: 16e3, Gap: 10e3, Rest: 26e3, Accept: 3e3},
}

const (
	trueRead    = 2.5e3
	trueHandler = 2e3
)

// made describes a made-up run. Its cells are the product of the axes.
type made struct {
	axes   []record.Axis
	blocks int
	trial  func(*record.Trial, *record.PhaseResult) // changes one trial; may be nil
}

func axis(name string, values ...string) record.Axis { return record.Axis{Name: name, Values: values} }

// run makes up the records. Processes differ by some percent from block to
// block, with one factor for all times of a process. The median block has the
// factor 1.
func (m made) run() *record.Run {
	run := &record.Run{Manifest: record.Manifest{Suite: "made", Axes: m.axes, Repeat: m.blocks, Phases: []record.Phase{{Name: "open"}, {Name: "probed"}}}}
	cells := []record.Cell{{}}
	for _, a := range m.axes {
		var next []record.Cell
		for _, c := range cells {
			for _, v := range a.Values {
				cell := record.Cell{a.Name: v}
				for k, w := range c {
					cell[k] = w
				}
				next = append(next, cell)
			}
		}
		cells = next
	}
	for block := range m.blocks {
		for _, cell := range cells {
			id := fmt.Sprint(block, cell)
			run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{ID: id, Cell: cell, Repetition: block})
			t := record.Trial{ID: id, Cell: cell, Repetition: block, Gates: []record.Gate{{Name: "errors", OK: true}}}
			scale := 1 + 0.02*float64(block-m.blocks/2)
			p := record.PhaseResult{Name: "probed", Requests: 1000, OfferedRate: 3000}
			p.Probe = report(cell["mpm"], scale)
			p.User = &record.UserStages{Stages: map[string]stage.Times{
				"D.read-handler": {Of: "D", PartOfMean: trueHandler, Dist: stats.Dist{Count: 1000, Mean: trueHandler}},
			}}
			if m.trial != nil {
				m.trial(&t, &p)
			}
			t.Phases = append(t.Phases, record.PhaseResult{Name: "open"}, p)
			run.Trials = append(run.Trials, t)
		}
	}
	return run
}

// report is the probe's report on a made-up server of 1000 connections, 800 of
// which found a sleeping thread.
func report(mpm string, scale float64) *stage.Report {
	const n, slept = 1000, 800
	s := truth[mpm]
	r := &stage.Report{
		Stages: map[string]stage.Times{},
		Counts: map[string]uint64{"connections": n, "requests": n},
		G:      &stats.Dist{Count: n - 10, Mean: scale * (s.Gap - s.Accept)}, GNone: &stats.Dist{Count: 10, Mean: 1e6},
	}
	var sum float64
	add := func(key string, count int64, mean float64) {
		part := scale * mean * float64(count) / n
		sum += part
		r.Stages[key] = stage.Times{Of: "D", PartOfMean: part, Dist: stats.Dist{Count: count, Mean: scale * mean}}
	}
	add("D.ready-waking", slept, 0.01*s.Wake)
	add("D.waking-wakeup", slept, 0.30*s.Wake)
	add("D.wakeup-switch", slept/2, 1.18*s.Wake) // the other half needed no wake-up
	add("D.switch-return", slept/4, 0.40*s.Wake)
	add("D.ready-arm", n-slept, 20e3)
	add("D.arm-return", n-slept, s.Accept)
	handOff := s.Rest - trueRead
	if mpm == "leader" {
		add("D.return-promote", n, 0.2*handOff)
		add("D.promote-call", n, 0.8*handOff)
	} else {
		add("D.return-wake", n, 0.1*handOff)
		add("D.pass-wake-waking", n, 0.1*handOff)
		add("D.pass-waking-wakeup", n, 0.4*handOff)
		add("D.pass-wakeup-switch", n/2, 0.5*handOff)
		add("D.pass-switch-return", n, 0.1*handOff)
		add("D.return-queued", n/100, 5*handOff)
	}
	add("D.return-read", n, trueRead)
	r.Stages["arm-block"] = stage.Times{Dist: stats.Dist{Count: slept, Mean: scale * 4e3}}
	r.D = &stats.Dist{Count: n, Mean: sum}
	return r
}

// spread is a histogram of gaps with the given mean: most are short and some
// long.
func spread(mean float64) *hdrhistogram.Histogram {
	rng := rand.New(rand.NewPCG(9, 9))
	h := hdrhistogram.New(1, 60e9, 3)
	for range 5000 {
		if err := h.RecordValue(int64(pick(rng, 0.1, 5.5, 0.5) * mean)); err != nil {
			panic(err)
		}
	}
	return h
}
