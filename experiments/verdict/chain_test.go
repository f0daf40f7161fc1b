package verdict

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// A world is what a simulated machine does to the suite quick: its plan, gates,
// make-ups, intervals and rules are the ones that a real run uses.
type world struct {
	switches, dispatch float64 // true ratios leader / worker
	wild               bool    // one log value in ten has four times the spread
	fails              float64 // the share of trials that miss a gate, in one phase or another
	disturbed          bool    // what disturbs a trial often enough to miss a gate doubles its values; half as often it does so unseen
}

// Spreads of one trial's log values. The ratio of two trials then spreads by 3 %
// and 15 %, as in the reference runs at their worst.
const (
	switchesSpread = 0.03 / math.Sqrt2
	dispatchSpread = 0.15 / math.Sqrt2
)

// trial makes up one trial of the plan.
func (w world) trial(rng *rand.Rand, m *record.Manifest, p record.Planned, block []float64) *record.Trial {
	t := &record.Trial{}
	for _, ph := range m.Phases {
		missed := rng.Float64() < w.fails/float64(len(m.Phases))
		log := func(spread float64) float64 {
			if w.wild && rng.Float64() < 0.1 {
				spread *= 4
			}
			return spread*rng.NormFloat64() + block[p.Repetition]
		}
		sw, d := 2.5*math.Exp(log(switchesSpread)), 90_000*math.Exp(log(dispatchSpread))
		if p.Cell["mpm"] == "leader" {
			sw, d = sw*w.switches, d*w.dispatch
		}
		if w.disturbed && (missed || rng.Float64() < w.fails/float64(2*len(m.Phases))) {
			sw, d = 2*sw, 2*d
		}
		t.Phases = append(t.Phases, record.PhaseResult{Name: ph.Name, Requests: 720, CPUPerRequest: 70, VoluntaryPerRequest: sw, D: &stats.Dist{Count: 720, P50: d}})
		t.Gates = append(t.Gates, record.Gate{Name: "other_load", Phase: ph.Name, OK: !missed})
	}
	return t
}

// run makes up a whole run of s.
func (w world) run(rng *rand.Rand, s *suite.Suite) *record.Run {
	m := record.Manifest{Suite: s.Name, Axes: s.Axes, Repeat: s.Repeat, Phases: s.Phases, Rules: s.Rules, Claim: s.Claim}
	block := make([]float64, m.Repeat)
	for i := range block {
		block[i] = 0.1 * rng.NormFloat64() // what one moment does to all of its trials
	}
	return planned(m, s, func(p record.Planned) *record.Trial { return w.trial(rng, &m, p, block) })
}

// planned makes up a run by the plan and the make-ups that a real one of quick
// has, of the cells that its rules read. trial returns nil for one that was not
// run.
func planned(m record.Manifest, s *suite.Suite, trial func(record.Planned) *record.Trial) *record.Run {
	var cells []record.Cell
	for _, c := range s.Cells() {
		if c["mode"] == "close" && (c["mpm"] == "leader" || c["mpm"] == "worker") {
			cells = append(cells, record.Cell(c))
		}
	}
	m.Plan = record.NewPlan(cells, m.Repeat, 1)
	r := &record.Run{Manifest: m}
	for next := m.Plan; len(next) > 0; next = r.Makeups() {
		for _, p := range next {
			if t := trial(p); t != nil {
				n := len(r.Trials)
				t.ID, t.Cell, t.Repetition, t.Makeup, t.Order, t.Started = p.ID, p.Cell, p.Repetition, p.Makeup, n, time.Unix(int64(n), 0)
				r.Trials = append(r.Trials, *t)
			}
		}
		if next[0].Makeup > 0 {
			r.Manifest.Plan = append(r.Manifest.Plan, next...)
		}
	}
	r.Elect()
	return r
}

// chainRounds is the number of simulated runs of each world.
var chainRounds = 40

// TestChainDecidesRightly simulates whole runs of quick. If one of its two rules
// has no effect to find, at most 2.5 % of the runs confirm the claim, whatever a
// busy machine does. With the effects of the reference runs most runs confirm
// it, and next to none contradicts it.
func TestChainDecidesRightly(t *testing.T) {
	s, err := suite.Open("quick")
	if err != nil {
		t.Fatal(err)
	}
	const none, small, found, foundD = 1, 0.95, 0.835, 0.746
	rng := rand.New(rand.NewPCG(2026, 12))
	for _, w := range []struct {
		name        string
		world       world
		most, least float64 // bounds of the share of runs that confirm the claim
	}{
		{"no effect", world{none, none, false, 0.08, false}, 0.025, 0},
		{"no effect on D", world{found, none, false, 0.08, false}, 0.025, 0},
		{"no effect on switches", world{none, foundD, false, 0.08, false}, 0.025, 0},
		{"no effect on D, wild values", world{found, none, true, 0.08, false}, 0.025, 0},
		{"no effect on D, a fifth misses a gate", world{found, none, false, 0.2, false}, 0.025, 0},
		{"no effect on D, disturbances that gates see in part", world{found, none, false, 0.2, true}, 0.025, 0},
		{"effect of 5 %", world{small, small, false, 0.08, false}, 1, 0},
		{"effect of the reference", world{found, foundD, false, 0.08, false}, 1, 0.95},
		{"effect of the reference, a fifth misses a gate", world{found, foundD, false, 0.2, false}, 1, 0.9},
		{"effect of the reference, wild values", world{found, foundD, true, 0.08, false}, 1, 0.8},
		{"effect of the reference, disturbances that gates see in part", world{found, foundD, false, 0.2, true}, 1, 0.6},
	} {
		n := map[Outcome]int{}
		makeups := 0
		for range chainRounds {
			r := w.world.run(rng, s)
			makeups += len(r.Manifest.Plan) - 18
			n[Judge(r).Outcome]++
		}
		share := func(o Outcome) float64 { return float64(n[o]) / float64(chainRounds) }
		t.Logf("%-62s confirmed %5.1f %%, smaller %5.1f %%, equivalent %5.1f %%, contradicted %5.1f %%, undecided %5.1f %%; %.1f make-ups",
			w.name, 100*share(Confirmed), 100*share(Smaller), 100*share(Equivalent), 100*share(Contradicted), 100*share(Undecided), float64(makeups)/float64(chainRounds))
		// Chance may add three standard deviations of a true share at the bound.
		slack := func(p float64) float64 { return 3 * math.Sqrt(p*(1-p)/float64(chainRounds)) }
		if got := share(Confirmed); got > w.most+slack(w.most) || got < w.least-slack(w.least) {
			t.Errorf("%s: %.1f %% of the runs confirm the claim, want %.1f to %.1f %%", w.name, 100*got, 100*w.least, 100*w.most)
		}
		if w.world.dispatch < 1 && w.world.switches < 1 && n[Contradicted] > chainRounds/200 {
			t.Errorf("%s: %d of %d runs contradict the claim", w.name, n[Contradicted], chainRounds)
		}
	}
}
