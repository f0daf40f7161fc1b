package figure

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/verdict"
)

// View is a run arranged for comparing: one axis names what is compared (the
// subjects), every combination of the others is a panel.
type View struct {
	run      *record.Run
	group    string // the axis of the subjects
	subjects []string
	panels   []panel
	phases   []record.Phase
	verdict  *verdict.Verdict // once judged has been asked
}

// panel is one combination of the axes that are not compared.
type panel struct {
	cell  record.Cell
	title string // "closing connections", "place = same", "" when there is but one
}

// groupAxes are the axes that hold what a suite compares, best first.
var groupAxes = []string{"processes", "mpm", "subject", "primitive", probeAxis}

// newData arranges a run.
func newData(run *record.Run) *View {
	v := &View{run: run, phases: phasesOf(run)}
	axes := axesOf(run)
	for _, name := range groupAxes {
		if v.group == "" && slices.ContainsFunc(axes, func(a record.Axis) bool { return a.Name == name }) {
			v.group = name
		}
	}
	if v.group == "" && len(axes) > 0 {
		v.group = axes[0].Name
	}
	cells := []record.Cell{{}}
	var others []record.Axis
	for _, a := range axes {
		if a.Name == v.group {
			for _, s := range a.Values {
				if slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return t.Cell[v.group] == s }) {
					v.subjects = append(v.subjects, s)
				}
			}
			continue
		}
		others = append(others, a)
		var next []record.Cell
		for _, c := range cells {
			for _, value := range a.Values {
				cell := record.Cell{a.Name: value}
				for k, x := range c {
					cell[k] = x
				}
				next = append(next, cell)
			}
		}
		cells = next
	}
	for _, c := range cells {
		p := panel{cell: c, title: cellTitle(c, others)}
		if slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return p.has(&t) }) {
			v.panels = append(v.panels, p)
		}
	}
	return v
}

// axesOf are the axes of the manifest, or those the trials have.
func axesOf(run *record.Run) []record.Axis {
	if len(run.Manifest.Axes) > 0 {
		return run.Manifest.Axes
	}
	found := map[string][]string{}
	for _, t := range run.Trials {
		for name, value := range t.Cell {
			if !slices.Contains(found[name], value) {
				found[name] = append(found[name], value)
			}
		}
	}
	var axes []record.Axis
	for name, values := range found {
		sort.Strings(values)
		axes = append(axes, record.Axis{Name: name, Values: values})
	}
	sort.Slice(axes, func(i, j int) bool { return axes[i].Name < axes[j].Name })
	return axes
}

// phasesOf are the phases of the manifest, or those the trials have.
func phasesOf(run *record.Run) []record.Phase {
	if len(run.Manifest.Phases) > 0 {
		return run.Manifest.Phases
	}
	var ps []record.Phase
	for _, t := range run.Trials {
		for _, r := range t.Phases {
			if !slices.ContainsFunc(ps, func(p record.Phase) bool { return p.Name == r.Name }) {
				ps = append(ps, record.Phase{Name: r.Name, Title: r.Name})
			}
		}
	}
	return ps
}

// cellTitle names a combination for people.
func cellTitle(c record.Cell, axes []record.Axis) string {
	var parts []string
	for _, a := range axes {
		switch value := c[a.Name]; {
		case a.Name == "mode" && value == "close":
			parts = append(parts, "closing connections")
		case a.Name == "mode" && value == "keepalive":
			parts = append(parts, "keep-alive connections")
		default:
			parts = append(parts, fmt.Sprintf("%s = %s", a.Name, value))
		}
	}
	return strings.Join(parts, ", ")
}

func (p panel) has(t *record.Trial) bool {
	for name, value := range p.cell {
		if t.Cell[name] != value {
			return false
		}
	}
	return true
}

// trials of one cell, in order of execution.
func (v *View) trials(p panel, subject string) []*record.Trial {
	var ts []*record.Trial
	for i := range v.run.Trials {
		if t := &v.run.Trials[i]; t.Cell[v.group] == subject && p.has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// phaseOf is what a trial measured in the phase of that name, or nil.
func phaseOf(t *record.Trial, phase string) *record.PhaseResult {
	for i := range t.Phases {
		if t.Phases[i].Name == phase {
			return &t.Phases[i]
		}
	}
	return nil
}

func (v *View) sample(phase string, p panel, subject string, m record.Metric) stats.Sample {
	return sampleOf(v.trials(p, subject), phase, m)
}

// has reports whether any trial that counts measured m in the phase.
func (v *View) has(phase string, p panel, m record.Metric) bool {
	for _, s := range v.subjects {
		if len(v.sample(phase, p, s, m).Valid) > 0 {
			return true
		}
	}
	return false
}

// drawn reports whether any trial measured m in the phase, be it one that is
// drawn hollow.
func (v *View) drawn(phase string, p panel, m record.Metric) bool {
	for _, s := range v.subjects {
		if x := v.sample(phase, p, s, m); len(x.Valid)+len(x.Invalid) > 0 {
			return true
		}
	}
	return false
}

// histograms of one cell, one per process that counts and recorded anything.
func (v *View) histograms(phase string, p panel, subject, name string) []*hdrhistogram.Histogram {
	var hs []*hdrhistogram.Histogram
	for _, t := range v.trials(p, subject) {
		r := phaseOf(t, phase)
		if r == nil || !t.Valid() {
			continue
		}
		if h := r.Histograms[name]; h != nil && h.TotalCount() > 0 {
			hs = append(hs, h)
		}
	}
	return hs
}

// offered is the rate that a phase asked for in a panel, 0 in a closed loop.
// The manifest holds one rate, a mode may have its own: the trials know.
func (v *View) offered(phase string, p panel) float64 {
	for _, s := range v.subjects {
		for _, t := range v.trials(p, s) {
			if r := phaseOf(t, phase); r != nil && r.OfferedRate > 0 {
				return r.OfferedRate
			}
		}
	}
	return 0
}

// valid are the trials that count.
func (v *View) valid() []*record.Trial {
	var ts []*record.Trial
	for i := range v.run.Trials {
		if t := &v.run.Trials[i]; t.Valid() {
			ts = append(ts, t)
		}
	}
	return ts
}

// invalid are the trials that do not count.
func (v *View) invalid() []*record.Trial {
	var ts []*record.Trial
	for i := range v.run.Trials {
		if t := &v.run.Trials[i]; !t.Valid() {
			ts = append(ts, t)
		}
	}
	return ts
}

// name of a trial for people: "leader, closing connections, repetition 3".
func (v *View) name(t *record.Trial) string {
	parts := []string{}
	if s := t.Cell[v.group]; s != "" {
		parts = append(parts, s)
	}
	for _, p := range v.panels {
		if p.title != "" && p.has(t) {
			parts = append(parts, p.title)
			break
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("repetition %d", t.Repetition+1)), ", ")
}
