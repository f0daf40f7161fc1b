package madeup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// madeUp returns a run over all combinations of the axes. fill makes up the
// result of a phase in a cell.
func madeUp(seed uint64, suite string, repeat int, axes []record.Axis, phases []record.Phase, fill func(*rand.Rand, record.Cell, *record.PhaseResult)) *record.Run {
	rng := rand.New(rand.NewPCG(seed, 11))
	start := time.Date(2026, 3, 15, 8, 0, 0, 0, time.UTC)
	run := &record.Run{Manifest: record.Manifest{
		Format: record.ManifestFormat,
		Suite:  suite, Title: "Made up: " + suite, Question: "What does it look like?", Command: "lflab run " + suite, Seed: seed, Repeat: repeat,
		Axes: axes, Phases: phases, Before: guest(), After: guest(), Started: start, Ended: start.Add(time.Minute),
	}}
	cells := []record.Cell{{}}
	for _, a := range axes {
		var next []record.Cell
		for _, c := range cells {
			for _, value := range a.Values {
				next = append(next, c.With(a.Name, value))
			}
		}
		cells = next
	}
	for rep := range repeat {
		for _, c := range cells {
			t := record.Trial{ID: fmt.Sprintf("%012x", rng.Uint64()>>16), Suite: suite, Cell: c, Repetition: rep, Order: len(run.Trials), Started: start,
				Gates: []record.Gate{{Name: "errors", OK: rep != 1 || len(run.Trials)%7 != 3, Detail: "3 requests failed"}}}
			for _, ph := range phases {
				r := record.PhaseResult{Name: ph.Name, DurationS: 1, Requests: 1000, Histograms: map[string]*hdrhistogram.Histogram{}}
				fill(rng, c, &r)
				t.Phases = append(t.Phases, r)
			}
			run.Trials = append(run.Trials, t)
			run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{ID: t.ID, Cell: c, Repetition: rep})
		}
	}
	return run
}

func numbered(c record.Cell, axis string) float64 {
	x, _ := strconv.ParseFloat(c[axis], 64)
	return x
}

// about returns x with about 3 % of noise.
func about(rng *rand.Rand, x float64) float64 { return x * math.Exp(0.03*rng.NormFloat64()) }

// RateRun returns a run with D and its stages along the offered rate. The mean
// of D rises with the rate.
func RateRun() *record.Run {
	run := madeUp(3, "rates", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader", "worker", "kernel"}}, {Name: "mode", Values: []string{"close"}}, {Name: "rate", Values: []string{"1000", "3000", "6000", "12000", "20000"}}},
		[]record.Phase{{Name: "open", Title: "open loop", Path: "/hello", Connections: 32, Rate: 1000, Axes: []string{"rate"}, Arrivals: "poisson", DurationS: 1, Probe: "records"}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			rate := numbered(c, "rate")
			r.OfferedRate, r.RequestsPerSecond, r.CPUPerRequest = rate, rate, 20
			r.Probe = report(rng, sights[c["mpm"]])
			r.Probe.D.Mean *= 1 + rate/30000
			r.Probe.Stages["D.arm-return"] = stage.Times{Of: "D", Text: "taken without sleep", PartOfMean: 100, Dist: stats.Dist{Count: 40, Mean: 2500}}
			r.Probe.Counts["accepts_at_once"], r.Probe.Counts["syscalls"] = uint64(rate/40), 7000
			r.VoluntaryPerRequest = 2
			if r.Probe.G != nil {
				r.Histograms["probe.G"] = lognormal(rng, 15e3, 0.4, 400)
				r.Histograms["probe.G_none"] = lognormal(rng, 60e3, 0.6, 20)
			}
		})
	run.Manifest.Claim = suite.Claim{Hypothesis: "H2", Text: "The leader makes fewer switches.", RefutedIf: "it does not", Figures: []string{"F4", "F1"}}
	return run
}

// PairRun returns a run with D of the second of a pair along the pair's
// spacing.
func PairRun() *record.Run {
	return madeUp(4, "pairs", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader", "worker"}}, {Name: "mode", Values: []string{"close"}}, {Name: "spacing", Values: []string{"0", "5", "10", "20", "40", "80"}}},
		[]record.Phase{{Name: "pairs", Title: "pairs", Path: "/hello", Connections: 32, Rate: 500, Axes: []string{"spacing"}, Arrivals: "paired", DurationS: 1, Probe: "records"}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			r.OfferedRate, r.RequestsPerSecond = 500, 500
			r.Probe = report(rng, sights[c["mpm"]])
			r.Probe.Stages["D.arm-return"] = stage.Times{Of: "D", Text: "taken without sleep", PartOfMean: 100, Dist: stats.Dist{Count: 40, Mean: 2500}}
			second := 1e3 * about(rng, 12+max(0, 30-numbered(c, "spacing")))
			r.SecondD = &stats.Dist{Count: 500, Mean: second, P50: second}
		})
}

// WorkRun returns a run over a grid of the handler's work and the number of
// threads.
func WorkRun() *record.Run {
	return madeUp(5, "work", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader", "worker"}}, {Name: "mode", Values: []string{"close", "keepalive"}}, {Name: "work", Values: []string{"0", "10", "50", "200", "1000"}}, {Name: "threads", Values: []string{"2", "8", "32"}}},
		[]record.Phase{{Name: "closed", Title: "closed loop", Path: "/spin?us={work}", Connections: 32, Axes: []string{"work"}, DurationS: 1}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			rate := 1e6 / (20 + numbered(c, "work"))
			if c["mpm"] == "leader" {
				rate *= 1 + (0.2-0.01*numbered(c, "threads"))/(1+numbered(c, "work")/50)
			}
			r.RequestsPerSecond, r.CPUPerRequest = about(rng, rate), 20
		})
}

// spinRun returns a run in which a longer spin costs CPU time and shortens the
// gap.
func spinRun() *record.Run {
	return madeUp(6, "spin", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader", "worker"}}, {Name: "spin", Values: []string{"0s", "2us", "10us", "50us"}}, {Name: "rate", Values: []string{"1000", "10000"}}},
		[]record.Phase{{Name: "open", Title: "open loop", Path: "/hello", Connections: 32, Rate: 1000, Axes: []string{"rate"}, Arrivals: "poisson", DurationS: 1, Flight: true}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			us, _ := suite.Axis{}.Number(c["spin"])
			rate := numbered(c, "rate")
			r.OfferedRate, r.RequestsPerSecond = rate, rate
			r.CPUPerRequest = about(rng, 20+us*(0.2+1000/rate))
			g := 1e3 * about(rng, 3+15*math.Exp(-us*rate/100000))
			r.G = &stats.Dist{Count: 2000, P50: g, Mean: g}
		})
}

// OrderRun returns a run in which threads wake in different orders.
func OrderRun() *record.Run {
	return madeUp(7, "order", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader"}}, {Name: "order", Values: []string{"lifo", "fifo"}}, {Name: "kib", Values: []string{"0", "32", "256", "1024"}}, {Name: "threads", Values: []string{"8", "32"}}},
		[]record.Phase{{Name: "open", Title: "open loop", Path: "/touch?kib={kib}", Connections: 32, Rate: 3000, Arrivals: "poisson", DurationS: 1, Axes: []string{"kib"}, Flight: true}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			r.OfferedRate, r.RequestsPerSecond = 3000, 3000
			left := 1000.0
			for range int(numbered(c, "threads")) {
				share := 0.05
				if c["order"] == "lifo" {
					share = 0.5
				}
				n := math.Floor(left * about(rng, share))
				r.ServedBy = append(r.ServedBy, uint64(n))
				left -= n
			}
			d := 1e3 * about(rng, 18+numbered(c, "kib")/40)
			if c["order"] == "fifo" {
				d *= 1 + numbered(c, "threads")/200
			}
			r.D = &stats.Dist{Count: 2000, P50: d, Mean: d}
		})
}

// overloadRun returns a run in which servers drop connections.
func overloadRun() *record.Run {
	return madeUp(8, "overload", blocks,
		[]record.Axis{{Name: "mpm", Values: []string{"leader", "worker", "event", "kernel"}}, {Name: "listen-backlog", Values: []string{"16", "128", "1024", "4096"}}},
		[]record.Phase{{Name: "over", Title: "more than can be served", Path: "/hello", Connections: 4096, Rate: 60000, Arrivals: "poisson", DurationS: 1, Overload: true}},
		func(rng *rand.Rand, c record.Cell, r *record.PhaseResult) {
			queue, served := numbered(c, "listen-backlog"), costs["close"][c["mpm"]].rate
			r.OfferedRate, r.RequestsPerSecond = 60000, about(rng, served)
			r.Counts = map[string]uint64{"listen_drops": uint64(about(rng, (60000-served)*(1+16/queue)))}
			r.Latency.P99, r.Latency.P50 = 1e9*about(rng, queue/served), 0.5e9*queue/served
		})
}

// RuledRun returns QuickRun with rules, one for each way in which figures draw
// rules.
func RuledRun() *record.Run {
	run := QuickRun(1)
	m := &run.Manifest
	m.Claim = suite.Claim{Hypothesis: "H1", Text: "The leader makes fewer switches and uses less CPU time than worker & event.", RefutedIf: "an interval lies above 1", Figures: []string{"F2", "F9"}}
	leader, others := suite.Match{"mpm": {"leader"}}, suite.Match{"mpm": {"worker", "event", "kernel"}}
	m.Rules = []suite.Rule{
		{Title: "switches per request", Kind: suite.RuleRatio, Metric: "switches_per_request", Phase: "open", Of: leader, To: others, Below: 1, Margin: 0.05},
		{Title: "CPU time per request", Kind: suite.RuleRatio, Metric: "cpu_us_per_request", Phase: "open", Of: leader, To: others, Below: 0.9, Each: suite.EachAny},
		{Title: "median of D, in hand-offs", Kind: suite.RuleGain, Metric: "D_p50_ns", Phase: "open", Of: leader, To: suite.Match{"mpm": {"worker"}}, Above: 0.5, Unit: "H_p50_ns"},
	}
	return run
}

// FewRun returns the first four blocks of RuledRun, too few for an interval.
func FewRun() *record.Run {
	run := RuledRun()
	run.Manifest.Repeat = 4
	run.Trials = slices.DeleteFunc(run.Trials, func(t record.Trial) bool { return t.Repetition >= 4 })
	run.Manifest.Plan = slices.DeleteFunc(run.Manifest.Plan, func(p record.Planned) bool { return p.Repetition >= 4 })
	return run
}

// TrendRun returns WorkRun with a rule along an axis.
func TrendRun() *record.Run {
	run := WorkRun()
	run.Manifest.Claim = suite.Claim{Hypothesis: "H10", Text: "The lead shrinks as work grows.", RefutedIf: "it grows", Figures: []string{"F5"}}
	run.Manifest.Rules = []suite.Rule{{Title: "requests/s, leader / worker", Kind: suite.RuleTrend, Metric: "requests_per_second", Phase: "closed",
		Of: suite.Match{"mpm": {"leader"}}, To: suite.Match{"mpm": {"worker"}}, Along: "work", Towards: 1}}
	return run
}

// HeadlineRuns returns runs that together have data for every figure.
func HeadlineRuns() map[string]*record.Run {
	return map[string]*record.Run{
		"quick": QuickRun(1), "probed": ProbedRun(1), "handoff": HandoffRun(4), "step": StepRun(1), "rates": RateRun(), "pairs": PairRun(),
		"work": WorkRun(), "spin": spinRun(), "order": OrderRun(), "overload": overloadRun(), "ruled": RuledRun(), "trend": TrendRun(), "few": FewRun(),
	}
}
