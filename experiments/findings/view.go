package findings

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

// View is a run arranged for comparing: one axis names the subjects, which are
// compared, and each combination of the other axes is a panel.
type View struct {
	Run      *record.Run
	Group    string // the axis of the subjects
	Subjects []string
	Panels   []Panel
	Phases   []record.Phase
	verdict  *verdict.Verdict // nil until Judged sets it
}

// Panel is one combination of the axes that do not name subjects.
type Panel struct {
	Cell  record.Cell
	Title string // "closing connections", "place = same", "" if it names no axis
}

// GroupAxes lists the axes that may name a run's subjects. The first that a run
// has does.
var GroupAxes = []string{"processes", "mpm", "subject", "primitive", ProbeAxis}

// Arrange returns the view of a run. If it has none of GroupAxes, its first
// axis names the subjects. Subjects and panels without a trial are left out.
func Arrange(run *record.Run) *View {
	v := &View{Run: run, Phases: phasesOf(run)}
	axes := AxesOf(run)
	for _, name := range GroupAxes {
		if v.Group == "" && slices.ContainsFunc(axes, func(a record.Axis) bool { return a.Name == name }) {
			v.Group = name
		}
	}
	if v.Group == "" && len(axes) > 0 {
		v.Group = axes[0].Name
	}
	cells := []record.Cell{{}}
	var others []record.Axis
	for _, a := range axes {
		if a.Name == v.Group {
			for _, s := range a.Values {
				if slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return t.Cell[v.Group] == s }) {
					v.Subjects = append(v.Subjects, s)
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
		p := Panel{Cell: c, Title: cellTitle(c, others)}
		if slices.ContainsFunc(run.Trials, func(t record.Trial) bool { return p.has(&t) }) {
			v.Panels = append(v.Panels, p)
		}
	}
	return v
}

// AxesOf returns the axes of the manifest, or those of the trials if it has
// none.
func AxesOf(run *record.Run) []record.Axis {
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

// phasesOf returns the manifest's phases, or those of the trials if it has
// none.
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

// cellTitle writes a cell's values of the axes as a title.
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

func (p Panel) has(t *record.Trial) bool { return t.Cell.Has(p.Cell) }

// Trials returns the trials of one subject in a panel, in the run's order.
func (v *View) Trials(p Panel, subject string) []*record.Trial {
	var ts []*record.Trial
	for i := range v.Run.Trials {
		if t := &v.Run.Trials[i]; t.Cell[v.Group] == subject && p.has(t) {
			ts = append(ts, t)
		}
	}
	return ts
}

// Sample returns m's values of one subject in a phase and panel (see SampleOf).
func (v *View) Sample(phase string, p Panel, subject string, m record.Metric) stats.Sample {
	return SampleOf(v.Trials(p, subject), phase, m)
}

// Has reports whether any trial of the panel that counts measured m in the
// phase.
func (v *View) Has(phase string, p Panel, m record.Metric) bool {
	for _, s := range v.Subjects {
		if len(v.Sample(phase, p, s, m).Valid) > 0 {
			return true
		}
	}
	return false
}

// Drawn reports whether any trial of the panel measured m in the phase, even
// one that does not count and is drawn hollow.
func (v *View) Drawn(phase string, p Panel, m record.Metric) bool {
	for _, s := range v.Subjects {
		if x := v.Sample(phase, p, s, m); len(x.Valid)+len(x.Invalid) > 0 {
			return true
		}
	}
	return false
}

// Histograms returns one cell's histograms of that name, one for each process
// that counts and recorded a value.
func (v *View) Histograms(phase string, p Panel, subject, name string) []*hdrhistogram.Histogram {
	var hs []*hdrhistogram.Histogram
	for _, t := range v.Trials(p, subject) {
		r := t.Phase(phase)
		if r == nil || !t.Counts(phase) {
			continue
		}
		if h := r.Histograms[name]; h != nil && h.TotalCount() > 0 {
			hs = append(hs, h)
		}
	}
	return hs
}

// Offered returns the rate that a phase offers in a panel, 0 in a closed loop.
// It reads the trials, because a mode may have a rate other than the
// manifest's.
func (v *View) Offered(phase string, p Panel) float64 {
	for _, s := range v.Subjects {
		for _, t := range v.Trials(p, s) {
			if r := t.Phase(phase); r != nil && r.OfferedRate > 0 {
				return r.OfferedRate
			}
		}
	}
	return 0
}

// Counting returns the trials that count in a phase.
func (v *View) Counting(phase string) []*record.Trial {
	var ts []*record.Trial
	for i := range v.Run.Trials {
		if t := &v.Run.Trials[i]; t.Counts(phase) {
			ts = append(ts, t)
		}
	}
	return ts
}

// Invalid returns the trials that do not count in some phase, because they
// failed or did not pass a gate.
func (v *View) Invalid() []*record.Trial {
	var ts []*record.Trial
	for i := range v.Run.Trials {
		if t := &v.Run.Trials[i]; !t.Clean() {
			ts = append(ts, t)
		}
	}
	return ts
}

// Name names a trial in text: "leader, closing connections, repetition 3".
func (v *View) Name(t *record.Trial) string {
	parts := []string{}
	if s := t.Cell[v.Group]; s != "" {
		parts = append(parts, s)
	}
	for _, p := range v.Panels {
		if p.Title != "" && p.has(t) {
			parts = append(parts, p.Title)
			break
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("repetition %d", t.Repetition+1)), ", ")
}
