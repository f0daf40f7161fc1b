package figure

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

// onOff are two measurements that differ in the kernel probe: two phases of one
// process or, where an axis says whether it is on, two cells.
type onOff struct {
	on, off record.Phase
	axis    string // the axis's value with the probe on; "" for two phases
}

// probeAxis is the axis whose cells have the probe off, or on in some way.
const (
	probeAxis = "probe"
	probeOff  = "off"
)

// onOffs are all such pairs, those at equal offered rate first. Two phases of
// which one has the flight recorder on are a pair only if no better one is
// there.
func (v *View) onOffs() []onOff {
	var pairs []onOff
	for _, on := range v.phasesByLoad() {
		if on.Probe == "" {
			continue
		}
		var best *onOff
		for _, off := range v.phasesByLoad() {
			if off.Probe == "" && sameLoad(on, off) && (best == nil || off.Flight == on.Flight && best.off.Flight != on.Flight) {
				best = &onOff{on: on, off: off}
			}
		}
		if best != nil {
			pairs = append(pairs, *best)
		}
	}
	for _, a := range axesOf(v.run) {
		if a.Name != probeAxis || !slices.Contains(a.Values, probeOff) {
			continue
		}
		for _, value := range a.Values {
			for _, ph := range v.phasesByLoad() {
				if value != probeOff {
					pairs = append(pairs, onOff{ph, ph, value})
				}
			}
		}
	}
	return pairs
}

// cellPair is one cell with the probe on, and its partner with it off.
type cellPair struct {
	panel, offPanel     panel
	subject, offSubject string
}

// cellsOf are the cells of a pair, panel by panel.
func (v *View) cellsOf(x onOff) []cellPair {
	var cs []cellPair
	for _, p := range v.panels {
		for _, s := range v.subjects {
			c := cellPair{p, p, s, s}
			switch {
			case x.axis == "":
			case v.group == probeAxis && s == x.axis:
				c.offSubject = probeOff
			case v.group != probeAxis && p.cell[probeAxis] == x.axis:
				c.offPanel.cell = maps.Clone(p.cell)
				c.offPanel.cell[probeAxis] = probeOff
			default:
				continue
			}
			cs = append(cs, c)
		}
	}
	return cs
}

// change is a metric of one cell of a pair, by block.
type change struct{ on, off map[int]float64 }

// changes of a metric, one for each of cellsOf.
func (v *View) changes(x onOff, m record.Metric) []change {
	var cs []change
	for _, c := range v.cellsOf(x) {
		cs = append(cs, change{v.sample(x.on.Name, c.panel, c.subject, m).ByBlock, v.sample(x.off.Name, c.offPanel, c.offSubject, m).ByBlock})
	}
	return cs
}

// ratio is the median over blocks of on to off.
func (c change) ratio() stats.Interval { return stats.RatioPaired(c.on, c.off) }

// difference is the median over blocks of on less off.
func (c change) difference() stats.Interval {
	var ds []float64
	for block, a := range c.on {
		if b, ok := c.off[block]; ok {
			ds = append(ds, a-b)
		}
	}
	return stats.Summarise(ds)
}

// title says what is held against what.
func (x onOff) title() string {
	switch {
	case x.axis != "":
		return fmt.Sprintf("%s: %s against %s", words.Capital(x.on.Name), x.axis, probeOff)
	case x.on.Flight && !x.off.Flight:
		return fmt.Sprintf("%s against %s, which has the flight recorder off as well", words.Capital(x.on.Name), x.off.Name)
	}
	return fmt.Sprintf("%s against %s", words.Capital(x.on.Name), x.off.Name)
}

// costBeside is what the probe cost, in a sentence to stand beside a figure:
// for each pair the least and the greatest median over cells, each with its
// interval.
func (v *View) costBeside() string {
	var parts []string
	for _, x := range v.onOffs() {
		var told []string
		for _, m := range []struct{ key, what string }{{keyRate, "throughput"}, {keyCPU, "CPU time per request"}, {keyHMean, "mean hand-off latency"}} {
			switch {
			case m.key == keyRate && v.isOpen(x.on): // the plan sets it
				continue
			case m.key == keyHMean && len(told) > 0: // of commands alone
				continue
			}
			if s := extremes(v.changes(x, metricOf(m.key))); s != "" {
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

// loopOf says under which load a pair was compared.
func (v *View) loopOf(x onOff) string {
	s := "closed loop"
	switch {
	case v.isOpen(x.on):
		s = "open loop"
	case x.on.Connections == 0:
		s = x.on.Name
	}
	switch {
	case x.axis != "":
		s += ", probe = " + x.axis
	case x.on.Probe != "":
		s += ", " + x.on.Probe
	}
	switch {
	case x.on.Flight && x.off.Flight:
		s += ", recorder on in both"
	case x.on.Flight:
		s += ", with the flight recorder's cost in our own servers"
	}
	return s
}

// extremes writes the least and the greatest median ratio of all cells.
func extremes(cs []change) string {
	var all []stats.Interval
	for _, c := range cs {
		if iv := c.ratio(); iv.N > 0 {
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
