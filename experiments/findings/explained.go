package findings

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lflab/experiments/model"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Explained returns findings that explain a run with the kernel probe: in which
// stages the dispatch latencies of leader and worker differ, and how well the
// formulas of queueing models fit.
func Explained(run *record.Run) []Finding {
	var found []Finding
	for _, p := range run.Manifest.Phases {
		found = append(found, stagesApart(run, p.Name)...)
		for _, fits := range [][]model.Fit{predict(run, p.Name), predictPairs(run, p.Name)} {
			for i := range fits {
				found = append(found, remarks(fits[i].Sentences()...)...)
			}
		}
	}
	return found
}

// predict and predictPairs return nothing if the phase has no rates or no
// pairs.
func predict(run *record.Run, phase string) []model.Fit {
	if !slices.ContainsFunc(run.Manifest.Axes, func(a record.Axis) bool { return a.Name == "rate" && len(a.Values) > 1 }) {
		return nil
	}
	fits, _ := model.Predict(run, phase) // an error says that the phase has no such data
	return fits
}

func predictPairs(run *record.Run, phase string) []model.Fit {
	fits, _ := model.PredictPairs(run, phase, record.MetricOf("second_D_mean_ns").Of, model.AtRead)
	return fits
}

// shownStages is the number of stages that a sentence names.
const shownStages = 3

// StagesApart is a finding that says in which stages the mean dispatch
// latencies of two subjects differ in a phase, as the kernel probe saw them.
type StagesApart struct {
	Subject, To string
	Where       string      // "In phase open", with the cell if there are several
	A, B        float64     // medians over processes of the mean D, in µs
	N, M        int         // number of processes of each
	Stages      []StageGain // largest absolute value first
}

// StageGain says how much more a stage adds to the subject's mean than to the
// other's, in µs.
type StageGain struct {
	Stage string
	US    float64
}

// Sentence writes the means and the stages that differ most.
func (s *StagesApart) Sentence() string {
	var parts []string
	for _, d := range s.Stages[:min(shownStages, len(s.Stages))] {
		parts = append(parts, fmt.Sprintf("%+.1f µs in %s", d.US, d.Stage))
	}
	return fmt.Sprintf("%s %s's mean dispatch latency is %.1f µs and %s's %.1f µs by the probe (medians over %d and %d processes); the difference lies most of all in these stages: %s.",
		s.Where, s.Subject, s.A, s.To, s.B, s.N, s.M, strings.Join(parts, ", "))
}

// Against returns false, because the pattern claims nothing about stages.
func (s *StagesApart) Against() bool { return false }

// Shown names the figure of the stages.
func (s *StagesApart) Shown() string { return "stages" }

// stagesApart compares the pattern with its rival for each combination of the
// other axes. Of more than four findings it returns the first and the last.
func stagesApart(run *record.Run, phase string) []Finding {
	var others []record.Axis
	for _, a := range run.Manifest.Axes {
		if a.Name != "mpm" {
			others = append(others, a)
		}
	}
	groups := map[string]map[string][]record.Trial{}
	var order []string
	for _, t := range run.Trials {
		if mpm := t.Cell["mpm"]; t.Counts(phase) && (mpm == Pattern || mpm == Rival) {
			g := record.Label(others, t.Cell)
			if groups[g] == nil {
				groups[g] = map[string][]record.Trial{}
				order = append(order, g)
			}
			groups[g][mpm] = append(groups[g][mpm], t)
		}
	}
	slices.Sort(order)
	var found []Finding
	for _, g := range order {
		s := &StagesApart{Subject: Pattern, To: Rival, Where: "In phase " + phase}
		if len(order) > 1 {
			s.Where += " with " + g
		}
		if s.compare(groups[g][Pattern], groups[g][Rival], phase) {
			found = append(found, s)
		}
	}
	if len(found) > 4 { // of a sweep, only its ends
		found = []Finding{found[0], found[len(found)-1]}
	}
	return found
}

// compare fills in the numbers. It returns false if the probe saw fewer than
// stats.Fewest processes of either.
func (s *StagesApart) compare(of, to []record.Trial, phase string) bool {
	var a, b map[string]float64
	a, s.A, s.N = means(of, phase)
	b, s.B, s.M = means(to, phase)
	if min(s.N, s.M) < stats.Fewest {
		return false
	}
	for stage, x := range a {
		s.Stages = append(s.Stages, StageGain{stage, x - b[stage]})
	}
	for stage, x := range b {
		if _, both := a[stage]; !both {
			s.Stages = append(s.Stages, StageGain{stage, -x})
		}
	}
	slices.SortFunc(s.Stages, func(x, y StageGain) int {
		return cmp.Or(cmp.Compare(math.Abs(y.US), math.Abs(x.US)), cmp.Compare(x.Stage, y.Stage))
	})
	return true
}

// means returns medians over processes, in µs: parts, of each stage's part of
// the mean D, and total, of the mean D. n is the number of processes.
func means(trials []record.Trial, phase string) (parts map[string]float64, total float64, n int) {
	values := map[string][]float64{}
	var totals []float64
	for i := range trials {
		for k := range trials[i].Phases {
			p := trials[i].Phases[k].Probe
			if trials[i].Phases[k].Name != phase || p == nil || p.D == nil {
				continue
			}
			totals = append(totals, p.D.Mean/1e3)
			for name, s := range p.Stages {
				if stage, ok := strings.CutPrefix(name, "D."); ok {
					values[stage] = append(values[stage], s.PartOfMean/1e3)
				}
			}
		}
	}
	parts = map[string]float64{}
	for stage, vs := range values {
		for len(vs) < len(totals) { // a process that never passed it took 0
			vs = append(vs, 0)
		}
		parts[stage] = stats.Summarise(vs).Center
	}
	return parts, stats.Summarise(totals).Center, len(totals)
}
