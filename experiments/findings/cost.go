package findings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// OnOff is a pair of measurements, one with the kernel probe on and one with it
// off: two phases of one process or, with an axis for the probe, two cells.
type OnOff struct {
	On, Off record.Phase
	Axis    string // the axis' value with the probe on; "" for two phases
}

// ProbeAxis names the axis that sets the probe: ProbeOff, or a value that turns
// it on.
const (
	ProbeAxis = "probe"
	ProbeOff  = "off"
)

// OnOffs returns all pairs of phases, then all pairs of cells for each value of
// the axis. Each group has open loops first. A phase with the probe on is
// paired with one of the same load whose flight recorder is in the same state,
// or in the other state if there is none.
func (v *View) OnOffs() []OnOff {
	var pairs []OnOff
	for _, on := range v.PhasesByLoad() {
		if on.Probe == "" {
			continue
		}
		var best *OnOff
		for _, off := range v.PhasesByLoad() {
			if off.Probe == "" && SameLoad(on, off) && (best == nil || off.Flight == on.Flight && best.Off.Flight != on.Flight) {
				best = &OnOff{On: on, Off: off}
			}
		}
		if best != nil {
			pairs = append(pairs, *best)
		}
	}
	for _, a := range AxesOf(v.Run) {
		if a.Name != ProbeAxis || !slices.Contains(a.Values, ProbeOff) {
			continue
		}
		for _, value := range a.Values {
			for _, ph := range v.PhasesByLoad() {
				if value != ProbeOff {
					pairs = append(pairs, OnOff{ph, ph, value})
				}
			}
		}
	}
	return pairs
}

// cellPair is one cell with the probe on and its partner with the probe off.
type cellPair struct {
	Panel, offPanel     Panel
	Subject, offSubject string
}

// CellsOf returns the pairs of cells that x compares, panel by panel.
func (v *View) CellsOf(x OnOff) []cellPair {
	var cs []cellPair
	for _, p := range v.Panels {
		for _, s := range v.Subjects {
			c := cellPair{p, p, s, s}
			switch {
			case x.Axis == "":
			case v.Group == ProbeAxis && s == x.Axis:
				c.offSubject = ProbeOff
			case v.Group != ProbeAxis && p.Cell[ProbeAxis] == x.Axis:
				c.offPanel.Cell = maps.Clone(p.Cell)
				c.offPanel.Cell[ProbeAxis] = ProbeOff
			default:
				continue
			}
			cs = append(cs, c)
		}
	}
	return cs
}

// Change holds a metric of one pair of cells, by block.
type Change struct{ on, off map[int]float64 }

// Changes returns the changes of a metric, one for each of CellsOf.
func (v *View) Changes(x OnOff, m record.Metric) []Change {
	var cs []Change
	for _, c := range v.CellsOf(x) {
		cs = append(cs, Change{v.Sample(x.On.Name, c.Panel, c.Subject, m).ByBlock, v.Sample(x.Off.Name, c.offPanel, c.offSubject, m).ByBlock})
	}
	return cs
}

// Ratio returns the ratio of on to off.
func (c Change) Ratio() stats.Interval { return stats.RatioPaired(c.on, c.off).Interval }

// Difference returns on minus off.
func (c Change) Difference() stats.Interval {
	return stats.DifferencePaired(c.on, c.off, nil).Interval
}

// Title names the two measurements.
func (x OnOff) Title() string {
	switch {
	case x.Axis != "":
		return fmt.Sprintf("%s: %s against %s", words.Capital(x.On.Name), x.Axis, ProbeOff)
	case x.On.Flight && !x.Off.Flight:
		return fmt.Sprintf("%s against %s, which has the flight recorder off as well", words.Capital(x.On.Name), x.Off.Name)
	}
	return fmt.Sprintf("%s against %s", words.Capital(x.On.Name), x.Off.Name)
}

// CostBeside writes the probe's cost as a sentence for a figure's caption: for
// each pair, the least and the greatest median over cells with their intervals.
func (v *View) CostBeside() string {
	var parts []string
	for _, x := range v.OnOffs() {
		var told []string
		for _, m := range []struct{ key, what string }{{KeyRate, "throughput"}, {KeyCPU, "CPU time per request"}, {KeyHMean, "mean hand-off latency"}} {
			switch {
			case m.key == KeyRate && v.IsOpen(x.On): // the plan sets the rate
				continue
			case m.key == KeyHMean && len(told) > 0: // only for commands, which serve no requests
				continue
			}
			if s := extremes(v.Changes(x, MetricOf(m.key))); s != "" {
				told = append(told, m.what+" "+s)
			}
		}
		if len(told) > 0 {
			parts = append(parts, fmt.Sprintf("%s (%s)", words.List(told), v.loopOf(x)))
		}
	}
	if len(parts) == 0 {
		return "No two measurements differ in the probe alone, so this run does not show what the probe costs."
	}
	return "The probe's own cost, as ratios of on to off, least to greatest cell: " + strings.Join(parts, "; ") + "."
}

// loopOf names the load of a pair, its probe and its flight recorder.
func (v *View) loopOf(x OnOff) string {
	s := "closed loop"
	switch {
	case v.IsOpen(x.On):
		s = "open loop"
	case x.On.Connections == 0:
		s = x.On.Name
	}
	switch {
	case x.Axis != "":
		s += ", probe = " + x.Axis
	case x.On.Probe != "":
		s += ", " + x.On.Probe
	}
	switch {
	case x.On.Flight && x.Off.Flight:
		s += ", recorder on in both"
	case x.On.Flight:
		s += ", with the flight recorder's cost in our own servers"
	}
	return s
}

// extremes writes the least and the greatest median ratio over cells, "" if
// there are none.
func extremes(cs []Change) string {
	var all []stats.Interval
	for _, c := range cs {
		if iv := c.Ratio(); iv.N > 0 {
			all = append(all, iv)
		}
	}
	if len(all) == 0 {
		return ""
	}
	byCenter := func(a, b stats.Interval) int { return cmp.Compare(a.Center, b.Center) }
	lo, hi := slices.MinFunc(all, byCenter), slices.MaxFunc(all, byCenter)
	if len(all) == 1 {
		return words.Ratio(lo)
	}
	return words.Ratio(lo) + " to " + words.Ratio(hi)
}
