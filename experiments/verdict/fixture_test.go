package verdict

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// made makes up a run over every combination of the axes. value returns the
// dispatch latency in ns of a cell in a block; 0 means not measured.
func made(axes []record.Axis, blocks int, value func(c record.Cell, block int) float64, rules ...suite.Rule) *record.Run {
	cells := []record.Cell{{}}
	for _, a := range axes {
		var next []record.Cell
		for _, c := range cells {
			for _, v := range a.Values {
				with := record.Cell{a.Name: v}
				for k, w := range c {
					with[k] = w
				}
				next = append(next, with)
			}
		}
		cells = next
	}
	run := &record.Run{Manifest: record.Manifest{Suite: "made", Axes: axes, Phases: []record.Phase{{Name: "open"}}, Rules: rules,
		Claim: suite.Claim{Hypothesis: "H2", Text: "A leader dispatches sooner.", RefutedIf: "it does not"}}}
	run.Manifest.Before.CPUs = 2
	for block := range blocks {
		for _, c := range cells {
			d := value(c, block)
			id := fmt.Sprint(len(run.Trials))
			run.Manifest.Plan = append(run.Manifest.Plan, record.Planned{ID: id, Cell: c, Repetition: block})
			run.Trials = append(run.Trials, record.Trial{ID: id, Cell: c, Repetition: block, Phases: []record.PhaseResult{{
				Name: "open", Requests: 100, D: &stats.Dist{P50: d}, H: &stats.Dist{P50: 10_000 * drift(block)},
				Counts: map[string]uint64{"requests": 1, "heap_allocations": uint64(d)},
				Probe:  &stage.Report{},
			}}})
		}
	}
	return run
}

// drift is one factor for all cells of a block, so paired comparisons are
// unaffected.
func drift(block int) float64 { return 1 + 0.03*float64(block) }

// noise is a factor within 1 % of 1 for a cell in a block.
func noise(c record.Cell, block int) float64 {
	h := fnv.New64a()
	fmt.Fprint(h, key(c), block)
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	return 0.99 + 0.02*rng.Float64()
}

var mpms = record.Axis{Name: "mpm", Values: []string{"leader", "worker"}}

// pairOf makes a run in which worker takes 30 µs in every cell of the axes, and
// leader factor times as long.
func pairOf(factor float64, blocks int, rule suite.Rule, more ...record.Axis) *record.Run {
	return made(append([]record.Axis{mpms}, more...), blocks, func(c record.Cell, block int) float64 {
		d := 30_000 * drift(block) * noise(c, block)
		if c["mpm"] == "leader" {
			d *= factor
		}
		return d
	}, rule)
}

// leaderToWorker is a rule that compares the dispatch latency of two cells.
func leaderToWorker(kind string) suite.Rule {
	return suite.Rule{Title: "dispatch latency, leader / worker", Kind: kind, Metric: "D_p50_ns", Phase: "open",
		Of: suite.Match{"mpm": {"leader"}}, To: suite.Match{"mpm": {"worker"}}}
}

func ratioBelow(x float64) suite.Rule {
	q := leaderToWorker(suite.RuleRatio)
	q.Below = x
	return q
}

func ratioAbove(x float64) suite.Rule {
	q := leaderToWorker(suite.RuleRatio)
	q.Above = x
	return q
}

func ratioDiffers(d float64) suite.Rule {
	q := leaderToWorker(suite.RuleRatio)
	q.Differs = d
	return q
}

func each(q suite.Rule, each string) suite.Rule {
	q.Each = each
	return q
}

// spoil marks the first n trials of a cell as invalid.
func spoil(run *record.Run, n int, mpm string) {
	for i := range run.Trials {
		if t := &run.Trials[i]; n > 0 && t.Cell["mpm"] == mpm {
			t.Gates = []record.Gate{{Name: "errors", OK: false}}
			n--
		}
	}
}
