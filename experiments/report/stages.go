package report

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

// explained are sentences that say why, for runs that the kernel probe was on: in
// which stages the dispatch latencies of leader and worker differ, and how far a
// queue's formula goes.
func (r *run) explained() []string {
	var found []string
	m := &r.Data.Manifest
	for _, p := range m.Phases {
		found = append(found, r.stages(p.Name)...)
		for _, fits := range [][]model.Fit{predict(r.Data, p.Name), predictPairs(r.Data, p.Name)} {
			for i := range fits {
				found = append(found, fits[i].Sentences()...)
			}
		}
	}
	return found
}

// predict and predictPairs give nothing where a suite has no rates or pairs.
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

// shownStages is how many stages a sentence names.
const shownStages = 3

// stages says where leader's dispatch latency differs from worker's, for each
// combination of the other axes, if there are few.
func (r *run) stages(phase string) []string {
	var others []record.Axis
	for _, a := range r.Data.Manifest.Axes {
		if a.Name != "mpm" {
			others = append(others, a)
		}
	}
	groups := map[string]map[string][]record.Trial{}
	var order []string
	for _, t := range r.Data.Trials {
		if mpm := t.Cell["mpm"]; t.Valid() && (mpm == "leader" || mpm == "worker") {
			g := record.Label(others, t.Cell)
			if groups[g] == nil {
				groups[g] = map[string][]record.Trial{}
				order = append(order, g)
			}
			groups[g][mpm] = append(groups[g][mpm], t)
		}
	}
	slices.Sort(order)
	var found []string
	for _, g := range order {
		if text := stagesApart(groups[g]["leader"], groups[g]["worker"], phase); text != "" {
			where := "In phase " + phase
			if len(order) > 1 {
				where += " with " + g
			}
			found = append(found, where+text)
		}
	}
	if len(found) > 4 { // a sweep: its ends
		found = []string{found[0], found[len(found)-1]}
	}
	return found
}

// difference is what a stage adds to leader's mean D beyond worker's, us.
type difference struct {
	stage string
	us    float64
}

// stagesApart is a sentence without its subject; empty where one of the two was not
// seen by the probe.
func stagesApart(leader, worker []record.Trial, phase string) string {
	of, total, n := means(leader, phase)
	to, against, m := means(worker, phase)
	if n == 0 || m == 0 {
		return ""
	}
	var all []difference
	for stage, x := range of {
		all = append(all, difference{stage, x - to[stage]})
	}
	for stage, x := range to {
		if _, both := of[stage]; !both {
			all = append(all, difference{stage, -x})
		}
	}
	slices.SortFunc(all, func(a, b difference) int {
		return cmp.Or(cmp.Compare(math.Abs(b.us), math.Abs(a.us)), cmp.Compare(a.stage, b.stage))
	})
	var parts []string
	for _, d := range all[:min(shownStages, len(all))] {
		parts = append(parts, fmt.Sprintf("%+.1f µs in %s", d.us, d.stage))
	}
	return fmt.Sprintf(" leader's mean dispatch latency is %.1f µs and worker's %.1f µs by the probe (medians over %d and %d processes); the difference lies most of all in these stages: %s.",
		total, against, n, m, strings.Join(parts, ", "))
}

// means are the medians, over processes, of each stage's part of the mean of D and
// of that mean, us, and how many processes there are.
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
		for len(vs) < len(totals) { // a process that never passed it
			vs = append(vs, 0)
		}
		parts[stage] = stats.Summarise(vs).Center
	}
	return parts, stats.Summarise(totals).Center, len(totals)
}
