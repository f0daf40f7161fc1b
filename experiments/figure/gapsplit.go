package figure

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"

	gonum "gonum.org/v1/plot"
)

// Names of the histograms of a gap's two classes, without the source's prefix:
// a follower ended the gap, or no follower was free to take over.
const (
	gapTag  = "G"
	noneTag = "G_none"
)

// gapShares holds the share of a server's connections that found a thread
// armed, and the share of its gaps in which no follower was free.
type gapShares struct {
	subject           string
	armed, none       float64
	hasArmed, hasNone bool
}

// String writes the shares in per cent, as a line of the panel's key.
func (g gapShares) String() string {
	armed, none := "–", "–"
	if g.hasArmed {
		armed = fmt.Sprintf("%.0f", 100*g.armed)
	}
	gap := none
	if g.hasNone {
		none, gap = percentShort(g.none), percentShort(1-g.none)
	}
	return fmt.Sprintf("%s  %s / %s / %s %%", g.subject, armed, gap, none)
}

// percentShort writes a share in per cent. A decimal keeps small shares from
// being written as 0, and large ones as 100.
func percentShort(x float64) string {
	if p := 100 * x; p > 0 && p < 1 || p > 99 && p < 100 {
		return fmt.Sprintf("%.1f", p)
	}
	return fmt.Sprintf("%.0f", 100*x)
}

var _ = enter(80, one((*View).gapFigure))

// gapFigure draws the leaderless gap in its two classes, with the share of the
// connections that found no gap.
func (v *View) gapFigure() Figure {
	f := Figure{Name: "gap", Headline: "F3", Title: "Leaderless gap"}
	source := v.gapSource()
	prefix := strings.TrimSuffix(source, gapTag)
	cs := newCurves()
	shares := map[[2]int][]gapShares{}
	for _, ph := range v.quietest(v.recording(source)) {
		for i, p := range v.Panels {
			at := [2]int{v.IndexOf(ph), i}
			for _, s := range v.Subjects {
				ended := cs.add(v, ph, i, s, prefix+gapTag, true, false)
				none := cs.add(v, ph, i, s, prefix+noneTag, true, true)
				g := gapShares{subject: s}
				if all := ended + none; all > 0 {
					g.none, g.hasNone = float64(none)/float64(all), true
				}
				// A server without gaps is listed if there is room for it.
				if g.armed, g.hasArmed = v.armed(ph, p, s); g.hasNone || g.hasArmed && len(v.Subjects) <= 6 {
					shares[at] = append(shares[at], g)
				}
			}
		}
		cs.took(v, ph)
	}
	if len(cs.drawn) == 0 {
		f.Missing = cs.missing(gapTag, "gaps")
		return f
	}
	listed := 0
	for _, gs := range shares {
		listed = max(listed, 1+len(gs))
	}
	cs.makeRoom(listed + cs.mostNotes())
	f.Sheet = v.grid(cs.with, func(ph record.Phase, i int) *gonum.Plot {
		at := [2]int{v.IndexOf(ph), i}
		k := plot.Key{"armed / gap / no leader"}
		for _, g := range shares[at] {
			k = append(k, g.String())
		}
		if len(k) == 1 {
			k = nil
		}
		return cs.panel(at, "leaderless gap G", "share of gaps of the class", "gaps", k)
	})
	f.Sheet.Legend = cs.legend(v)
	f.Caption = words.Sentences("G runs from the old leader's receipt of an event until the next thread is armed on the handle set. Lines with markers are gaps that a follower ended, thin ones without are gaps in which no follower was there to take over; each class is a distribution of its own.",
		"In the corner: the share of the connections that found a thread armed, so that no gap lay before them (the kernel probe's count; – where it was off), and the shares of the two classes among the gaps.",
		v.sourceText(source), v.curvesText(), cs.fewText(true), v.loads(cs.with), v.replicates(), v.leftOut("and not drawn"))
	return f
}

// quietest returns the open loops of phases, or all if there are none. In a
// closed loop, which is always full, the gap depends on the load.
func (v *View) quietest(phases []record.Phase) []record.Phase {
	if !slices.ContainsFunc(phases, v.IsOpen) {
		return phases
	}
	return slices.DeleteFunc(slices.Clone(phases), func(ph record.Phase) bool { return !v.IsOpen(ph) })
}

// gapSource returns the name of the histograms of G. It prefers the kernel
// probe's, because the probe distinguishes all three classes in one phase.
func (v *View) gapSource() string {
	if v.records(record.ProbePrefix + gapTag) {
		return record.ProbePrefix + gapTag
	}
	return gapTag
}

// armed returns the share of connections whose arrival woke a thread that slept
// in accept or in the wait for events. It takes the phase, or one with the same
// load, that has the probe's counts, and returns false if there is none.
func (v *View) armed(ph record.Phase, p findings.Panel, subject string) (float64, bool) {
	for _, on := range v.Phases {
		if on.Name != ph.Name && !findings.SameLoad(on, ph) {
			continue
		}
		var connections, atOnce uint64
		for _, t := range v.Trials(p, subject) {
			if r := t.Phase(on.Name); r != nil && r.Probe != nil && t.Counts(on.Name) {
				connections += r.Probe.Counts["connections"]
				atOnce += r.Probe.Counts["accepts_at_once"]
			}
		}
		if connections > 0 {
			return 1 - float64(atOnce)/float64(connections), true
		}
	}
	return 0, false
}
