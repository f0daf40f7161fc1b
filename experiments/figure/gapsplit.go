package figure

import (
	"fmt"
	"math"
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

var _ = enter(80, func(v *View) ([]Figure, error) {
	f, err := v.gapFigure()
	return []Figure{f}, err
})

// gapFigure draws the leaderless gap in its two classes, with the share of the
// connections that found no gap.
func (v *View) gapFigure() (Figure, error) {
	f := Figure{Name: "gap", Headline: "F3", Title: "Leaderless gap"}
	source := v.gapSource()
	prefix := strings.TrimSuffix(source, gapTag)
	lo, hi := math.Inf(1), 0.0
	present := map[string]bool{}
	curves := map[[2]int][]gonum.Plotter{}
	shares := map[[2]int][]gapShares{}
	var with []record.Phase
	for _, ph := range v.quietest(v.recording(source)) {
		j, any := v.IndexOf(ph), false
		for i, p := range v.Panels {
			at := [2]int{j, i}
			for _, s := range v.Subjects {
				counts := map[string]int64{}
				for _, tag := range []string{gapTag, noneTag} {
					hs := v.Histograms(ph.Name, p, s, prefix+tag)
					if len(hs) == 0 {
						continue
					}
					look := v.Style[s]
					c, err := plot.NewCurve(hs, look)
					if err != nil {
						return f, fmt.Errorf("figure %s: %w", f.Name, err)
					}
					c.Thin = tag == noneTag
					counts[tag] = c.N
					if len(c.Xs) == 0 {
						continue // too few values for any quantile
					}
					curves[at] = append(curves[at], c)
					present[s], any = true, true
					lo, hi = min(lo, c.Xs[0], c.Lo[0]), max(hi, c.Xs[len(c.Xs)-1], c.Hi[len(c.Hi)-1])
				}
				g := gapShares{subject: s}
				if all := counts[gapTag] + counts[noneTag]; all > 0 {
					g.none, g.hasNone = float64(counts[noneTag])/float64(all), true
				}
				// A server without gaps is listed if there is room for it.
				if g.armed, g.hasArmed = v.armed(ph, p, s); g.hasNone || g.hasArmed && len(v.Subjects) <= 6 {
					shares[at] = append(shares[at], g)
				}
			}
		}
		if any {
			with = append(with, ph)
		}
	}
	if len(curves) == 0 {
		f.Missing = "no trial that counts holds a histogram of G"
		return f, nil
	}
	lo, hi = max(lo/1.15, 1e-3), max(hi*1.15, lo*1.5)
	f.Sheet = v.grid(with, func(ph record.Phase, i int) *gonum.Plot {
		at := [2]int{v.IndexOf(ph), i}
		if len(curves[at]) == 0 {
			return nil
		}
		p := plot.NewPanel("leaderless gap G (µs)", "share of gaps of the class")
		plot.LogAxis(&p.X, lo, hi)
		p.Y.Min, p.Y.Max = 0, 1
		p.Add(curves[at]...)
		k := plot.Key{Heading: "armed / gap / no leader"}
		for _, g := range shares[at] {
			k.Lines = append(k.Lines, g.String())
		}
		p.Add(k)
		return p
	})
	for _, name := range v.Subjects {
		if present[name] {
			f.Sheet.Legend = append(f.Sheet.Legend, plot.Entry{Label: name, Style: v.Style[name], Line: true})
		}
	}
	f.Caption = words.Sentences("G runs from the old leader's receipt of an event until the next thread is armed on the handle set. Lines with markers are gaps that a follower ended, thin ones without are gaps in which no follower was there to take over; each class is a distribution of its own.",
		"In the corner: the share of the connections that found a thread armed, so that no gap lay before them (the kernel probe's count; – where it was off), and the shares of the two classes among the gaps.",
		v.sourceText(source), v.curvesText(), v.loads(with), v.replicates(), v.leftOut("and not drawn"))
	return f, nil
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
