package madeup

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/machine"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// cost holds the values of a made-up server. They are near those of a real
// machine.
type cost struct {
	cpu, switches, rate, p50 float64 // µs per request, per request, requests/s, µs
	h, g, d                  float64 // medians in µs; 0 for none
}

var costs = map[string]map[string]cost{
	"close": {
		"leader": {24.1, 1.41, 38200, 96, 13.2, 15.1, 18}, "worker": {27.0, 2.62, 36100, 121, 14.0, 2.2, 31},
		"event": {31.2, 3.10, 33000, 133, 14.6, 3.1, 36}, "kernel": {22.9, 1.18, 39900, 88, 0, 0, 15},
		"goroutine": {33.5, 1.90, 31500, 128, 0, 0, 0},
	},
	"keepalive": {
		"leader": {9.1, 1.02, 88000, 61, 12.9, 14.8, 14}, "worker": {9.0, 1.01, 87500, 62, 13.7, 2.1, 15},
		"event": {14.2, 2.05, 66000, 84, 14.2, 2.9, 28}, "kernel": {8.8, 1.00, 89000, 60, 0, 0, 13},
		"goroutine": {11.6, 0.74, 79000, 70, 0, 0, 0},
	},
}

var quickRuns sync.Map // by seed: func() *record.Run

// QuickRun returns a run of a suite like quick, made up from a seed. One of its
// trials missed its offered rate, and the server of another died. The caller
// may change the run, but not the contents of its histograms, which calls
// share.
func QuickRun(seed uint64) *record.Run {
	made, _ := quickRuns.LoadOrStore(seed, sync.OnceValue(func() *record.Run { return makeQuickRun(seed) }))
	run := *made.(func() *record.Run)()
	m := &run.Manifest
	m.Phases, m.Plan, m.Skipped, m.Axes = slices.Clone(m.Phases), slices.Clone(m.Plan), slices.Clone(m.Skipped), slices.Clone(m.Axes)
	for i := range m.Axes {
		m.Axes[i].Values = slices.Clone(m.Axes[i].Values)
	}
	run.Trials = slices.Clone(run.Trials)
	for i := range run.Trials {
		t := &run.Trials[i]
		t.Cell, t.Gates, t.Phases = maps.Clone(t.Cell), slices.Clone(t.Gates), slices.Clone(t.Phases)
		for j := range t.Phases {
			t.Phases[j].Histograms = maps.Clone(t.Phases[j].Histograms)
		}
	}
	return &run
}

func makeQuickRun(seed uint64) *record.Run {
	rng := rand.New(rand.NewPCG(seed, 1))
	mpms := []string{"leader", "worker", "event", "kernel", "goroutine"}
	modes := []string{"close", "keepalive"}
	start := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	run := &record.Run{Manifest: record.Manifest{
		Format: record.ManifestFormat,
		Suite:  "quick", Title: "Five architectures, one HTTP server",
		Question: "With the same threads, the same HTTP layer and the same load, what does each way of handing work to a thread cost per request?",
		Command:  "lflab run quick --seed 20260314 --out results/example", Seed: 20260314, Repeat: blocks,
		Axes: []record.Axis{{Name: "mpm", Values: mpms}, {Name: "mode", Values: modes}},
		Phases: []record.Phase{
			{Name: "closed", Title: "closed loop, 32 connections", Path: "/hello", Connections: 32, WarmupS: 0.15, DurationS: 0.55},
			{Name: "open", Title: "open loop at 3000 (close) or 6000 (keepalive) requests/s, 32 connections", Path: "/hello",
				Connections: 32, Arrivals: "poisson", WarmupS: 0.1, DurationS: 0.35, Flight: true},
		},
		Git: record.Git{Revision: "3f026d0c6b1a1f7e0d6a2f0b5f1f3a9f8f3e7c11", Dirty: true}, Binary: "9f2c4b5e",
		GoVersion: "go1.26.8", Started: start, Ended: start.Add(93 * time.Second),
		Before: guest(), After: guest(), Skipped: []string{"floor: no C compiler (cc) on PATH"},
	}}
	for rep := range blocks {
		drift := 1 + 0.01*float64(rep)
		for _, mode := range modes {
			for _, mpm := range mpms {
				c := costs[mode][mpm]
				order := len(run.Trials)
				t := record.Trial{
					ID: fmt.Sprintf("%012x", rng.Uint64()>>16), Suite: "quick", Cell: record.Cell{"mpm": mpm, "mode": mode},
					Repetition: rep, Order: order, Started: start.Add(time.Duration(order) * 1500 * time.Millisecond), DurationS: 1.4,
					Command: []string{"lflab", "serve", "--mpm", mpm, "--threads", "8", "--defer-accept=true"},
					Gates: []record.Gate{
						{Name: "offered_rate", Phase: "open", OK: true, Value: 0.002 * rng.Float64(), Limit: 0.01, Detail: "the open loop missed its rate by less than 1 %"},
						{Name: "generator_cpu", Phase: "closed", OK: true, Value: 0.3 + 0.2*rng.Float64(), Limit: 0.9, Detail: "the generator had time to spare"},
						{Name: "errors", OK: true, Value: 0, Limit: 0, Detail: "no request failed"},
					},
				}
				noise := func(rel float64) float64 { return drift * math.Exp(rel*rng.NormFloat64()) }
				closed := phaseResult(rng, "closed", c, noise, 0)
				offered := 3000.0
				if mode == "keepalive" {
					offered = 6000
				}
				t.Phases = []record.PhaseResult{closed, phaseResult(rng, "open", c, noise, offered)}
				switch {
				case mpm == "event" && mode == "close" && rep == 3:
					t.Gates[0].OK, t.Gates[0].Value = false, 0.034
					t.Gates[0].Detail = "2,898 requests/s were sent of 3,000 planned: 3.4 % short, 1 % is allowed"
					t.Phases[1].CPUPerRequest *= 1.3
				case mpm == "goroutine" && mode == "keepalive" && rep == 5:
					t.Failed, t.Phases = true, nil
					t.Failure = "server ended with status 2 after 0.4 s: panic: runtime error <script>alert(1)</script>"
				}
				run.Trials = append(run.Trials, t)
			}
		}
	}
	for _, t := range run.Trials {
		run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{ID: t.ID, Cell: t.Cell, Repetition: t.Repetition})
	}
	return run
}

func phaseResult(rng *rand.Rand, name string, c cost, noise func(float64) float64, offered float64) record.PhaseResult {
	cpu, rate, load := c.cpu*noise(0.02), c.rate*noise(0.015), 1.0
	r := record.PhaseResult{
		Name: name, DurationS: 0.55, CPUPerRequest: cpu, UserCPUPerRequest: 0.3 * cpu, SystemCPUPerRequest: 0.7 * cpu,
		VoluntaryPerRequest: c.switches * noise(0.02), InvoluntaryPerRequest: 0.03 * noise(0.2),
		GeneratorCPUShare: 0.4, GeneratorCPUPerReq: 7, Histograms: map[string]*hdrhistogram.Histogram{},
	}
	if offered > 0 {
		r.DurationS, r.OfferedRate = 0.35, offered
		rate, load = offered*(1+0.001*rng.NormFloat64()), 0.45
		for i, median := range []float64{c.h, c.g, c.d} {
			tag := []string{"H", "G", "D"}[i]
			if median > 0 {
				r.Histograms[tag] = lognormal(rng, median*noise(0.04)*1e3, 0.45, 1500)
			}
		}
		if c.h > 0 {
			r.Histograms["G_none"] = lognormal(rng, 40e3, 0.6, 30)
		}
	}
	r.RequestsPerSecond = rate
	r.Requests = uint64(rate * r.DurationS)
	r.Utilisation = min(1, rate*cpu/1e6/2)
	r.Histograms["latency"] = lognormal(rng, load*c.p50*noise(0.02)*1e3, 0.5, 1500)
	r.Histograms["service"] = lognormal(rng, load*c.p50*0.97*noise(0.02)*1e3, 0.5, 1500)
	r.Latency, r.Service = *summary(r.Histograms["latency"]), *summary(r.Histograms["service"])
	r.H, r.G, r.D, r.GNone = summary(r.Histograms["H"]), summary(r.Histograms["G"]), summary(r.Histograms["D"]), summary(r.Histograms["G_none"])
	return r
}

// HandoffRun returns a run of a suite of commands that print a mean. It has so
// many blocks, no requests and no histograms, and other axes than QuickRun.
func HandoffRun(repeat int) *record.Run {
	rng := rand.New(rand.NewPCG(2, 3))
	primitives := []string{"c-futex", "futex", "spinfutex", "eventfd", "pipe", "cond", "channel"}
	means := map[string][2]float64{
		"c-futex": {1672, 15178}, "futex": {1801, 15390}, "spinfutex": {2400, 81}, "eventfd": {1990, 16670},
		"pipe": {2300, 16685}, "cond": {2900, 17200}, "channel": {950, 16900},
	}
	run := &record.Run{Manifest: record.Manifest{
		Format: record.ManifestFormat,
		Suite:  "handoff", Title: "One hand-off between two threads", Question: "What does it cost to wake one other thread?",
		Command: "lflab run handoff", Repeat: repeat,
		Axes:   []record.Axis{{Name: "primitive", Values: primitives}, {Name: "place", Values: []string{"same", "cross"}}},
		Phases: []record.Phase{{Name: "handoff", Title: "ping-pong of two threads, one way"}},
		Before: guest(),
	}}
	for rep := range repeat {
		for i, place := range []string{"same", "cross"} {
			for _, primitive := range primitives {
				m := means[primitive][i] * math.Exp(0.04*rng.NormFloat64())
				run.Trials = append(run.Trials, record.Trial{
					ID: fmt.Sprintf("%s-%s-%d", primitive, place, rep), Cell: record.Cell{"primitive": primitive, "place": place},
					Repetition: rep, Order: len(run.Trials),
					Phases: []record.PhaseResult{{Name: "handoff", H: &stats.Dist{Mean: m}}},
				})
			}
		}
	}
	return run
}

func guest() record.Machine {
	return record.Machine{
		Hostname: "lab", Kernel: "6.18.44", CPU: "AMD EPYC 9R45", CPUs: 2, MemoryBytes: 8 << 30, Virtualised: "kvm",
		Governor: "none", ClockSource: "tsc", Load1: 0.21, OpenFiles: 1 << 20,
		BootParameters: []string{"psi=1", "sched_pack=15"}, Placement: &machine.Placement{Wakes: 100, OnWakers: 0.97, DelayP50Ns: 3500},
		Sysctl: map[string]string{"net.core.somaxconn": "4096", "kernel.sched_autogroup_enabled": "0"}, Mitigations: map[string]string{"spectre_v2": "Mitigation: Enhanced IBRS"},
	}
}

func lognormal(rng *rand.Rand, median, sigma float64, n int) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, 60e9, 3)
	for range n {
		if err := h.RecordValue(int64(median * math.Exp(sigma*rng.NormFloat64()))); err != nil {
			panic(err)
		}
	}
	return h
}

func summary(h *hdrhistogram.Histogram) *stats.Dist {
	if h == nil || h.TotalCount() == 0 {
		return nil
	}
	q := func(p float64) float64 { return float64(h.ValueAtPercentile(p)) }
	return &stats.Dist{Count: h.TotalCount(), Mean: h.Mean(), P50: q(50), P90: q(90), P99: q(99), P999: q(99.9), Max: float64(h.Max())}
}
