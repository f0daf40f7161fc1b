package madeup

import (
	"math"
	"math/rand/v2"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// sight holds the kernel probe's values of a made-up server.
type sight struct {
	shape  stage.Shape
	stages map[string]map[string]float64 // parts of the mean in µs, by sum and by key of a report
	onPath float64                       // share of hand-offs on a request's path
	item   bool                          // it hands off connections, not the leadership
	per    float64                       // hand-offs per connection
}

var sights = map[string]sight{
	"leader": {shape: stage.Leader, per: 0.98, stages: map[string]map[string]float64{
		"D": {"D.ready-waking": 0.6, "D.waking-wakeup": 9.1, "D.wakeup-switch": 2.2, "D.switch-return": 0.9, "D.return-promote": 1.4,
			"D.promote-call": 2.6, "D.ready-arm": 1.2, "D.arm-return": 0.1, "D.return-read": 0.7},
		"H": {"wake-waking": 0.6, "waking-wakeup": 10.2, "wakeup-switch": 2.4, "switch-return": 0.8},
		"G": {"G.return-wake": 1.5, "G.wake-waking": 0.6, "G.waking-wakeup": 10.4, "G.wakeup-switch": 2.6, "G.switch-return": 0.8, "G.return-arm": 1.1},
	}},
	"worker": {shape: stage.Worker, onPath: 0.97, item: true, per: 0.99, stages: map[string]map[string]float64{
		"D": {"D.ready-waking": 0.6, "D.waking-wakeup": 8.8, "D.wakeup-switch": 2.0, "D.switch-return": 0.9, "D.return-wake": 1.6,
			"D.pass-wake-waking": 0.6, "D.pass-waking-wakeup": 10.0, "D.pass-wakeup-switch": 2.5, "D.pass-switch-return": 0.8,
			"D.return-queued": 0.4, "D.return-read": 1.5},
		"H": {"wake-waking": 0.6, "waking-wakeup": 10.1, "wakeup-switch": 2.5, "switch-return": 0.8},
		"G": {"G.return-wake": 1.6, "G.wake-woke": 2.1, "G.woke-arm": 0.5, "G.return-arm": 0.2},
	}},
	"event": {shape: stage.Event, onPath: 0.99, item: true, per: 1.99, stages: map[string]map[string]float64{
		"D": {"D.ready-waking": 0.6, "D.waking-wakeup": 8.9, "D.wakeup-switch": 2.1, "D.switch-return": 0.8, "D.return-accept": 1.1, "D.return-wake": 2.2,
			"D.pass-wake-waking": 0.7, "D.pass-waking-wakeup": 10.2, "D.pass-wakeup-switch": 2.6, "D.pass-switch-return": 0.8, "D.return-read": 1.2},
		"H": {"wake-waking": 0.7, "waking-wakeup": 10.3, "wakeup-switch": 2.6, "switch-return": 0.8},
		"G": {"G.return-wake": 2.3, "G.wake-woke": 2.2, "G.woke-arm": 0.6},
	}},
	"kernel": {shape: stage.Kernel, stages: map[string]map[string]float64{
		"D": {"D.ready-waking": 0.7, "D.waking-wakeup": 8.7, "D.wakeup-switch": 2.1, "D.switch-return": 0.8, "D.return-read": 0.9},
	}},
	"goroutine": {shape: stage.Unknown, item: true, per: 0.3, stages: map[string]map[string]float64{
		"D": {"D.ready-waking": 0.8, "D.waking-wakeup": 9.4, "D.wakeup-switch": 3.1, "D.switch-return": 0.9, "D.return-accept": 6.2,
			"D.read-waking": 2.2, "D.read-wakeup": 3.0, "D.read-switch": 0.9, "D.return-read": 9.4},
	}},
}

// ProbedRun returns QuickRun with two more phases, the open loop and the closed
// loop with the kernel probe on.
func ProbedRun(seed uint64) *record.Run {
	rng := rand.New(rand.NewPCG(seed, 7))
	run := QuickRun(seed)
	for _, name := range []string{"open", "closed"} {
		for _, ph := range run.Manifest.Phases {
			if ph.Name == name {
				ph.Name, ph.Title, ph.Probe = name+"_probe", ph.Title+", kernel probe on", "histograms"
				run.Manifest.Phases = append(run.Manifest.Phases, ph)
			}
		}
	}
	for i := range run.Trials {
		t := &run.Trials[i]
		for _, name := range []string{"open", "closed"} {
			if r := t.Phase(name); r != nil {
				on := *r
				slower := 1 + 0.05*math.Exp(0.1*rng.NormFloat64())
				on.Name, on.CPUPerRequest = name+"_probe", on.CPUPerRequest*slower
				if name == "closed" {
					on.RequestsPerSecond /= slower
				}
				on.Probe = report(rng, sights[t.Cell["mpm"]])
				t.Phases = append(t.Phases, on)
			}
		}
	}
	return run
}

// report makes up the probe's report on one process. The parts of each sum vary
// independently, and the sum's mean is their total.
func report(rng *rand.Rand, s sight) *stage.Report {
	const connections = 1000
	r := &stage.Report{
		Shape: s.shape, DurationS: 0.35, Stages: map[string]stage.Times{}, ByPlacement: map[string]map[string]stats.Dist{},
		Counts: map[string]uint64{
			"connections": connections, "requests": connections, "events": 21_000, "wakes_wasted": 12, "wakes_elided": 40, "migrations": 85,
		},
		PerConnection: map[string]float64{"handoffs": s.per, "moves": s.per, "wakes": s.per, "switches": 2.1},
		Lost:          stage.Lost{Missed: 2}, Cost: &stage.Cost{Events: 21_000, NsPerEvent: 138, CPUPercent: 0.8},
	}
	handoffs := uint64(s.per * connections)
	r.Counts["requests_passed"] = uint64(s.onPath * float64(handoffs))
	if s.item {
		r.Counts["handoffs_item"] = handoffs
	} else {
		r.Counts["handoffs_lead"] = handoffs
	}
	for _, tag := range []string{"D", "H", "G"} {
		stages := s.stages[tag]
		if stages == nil {
			continue
		}
		total := 0.0
		for _, key := range stage.Keys(tag) {
			if mean, ok := stages[key]; ok {
				ns := 1e3 * mean * math.Exp(0.08*rng.NormFloat64())
				total += ns
				r.Stages[key] = stage.Times{Of: tag, Text: "what happens in " + key, PartOfMean: ns, Dist: stats.Dist{Count: connections, Mean: ns}}
			}
		}
		d := stats.Dist{Count: connections, Mean: total, P50: 0.9 * total, P99: 3 * total}
		*map[string]**stats.Dist{"D": &r.D, "H": &r.H, "G": &r.G}[tag] = &d
		r.ByPlacement[tag] = map[string]stats.Dist{"same_cpu": {Count: 120}, "cross_cpu": {Count: 840}, "no_wake": {Count: 40}}
	}
	return r
}
