package figure

import (
	"fmt"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// contrast names two values of an axis, of which of over to is drawn.
type contrast struct{ axis, of, to string }

// alongWork returns what a run compares along the handler's work: leader and
// worker, or the values that a rule of the suite names, along work or at one
// amount of it. It returns false if there is neither.
func (v *View) alongWork() (contrast, bool) {
	if v.Compares(findings.Pattern, findings.Rival) {
		return contrast{v.Group, findings.Pattern, findings.Rival}, true
	}
	for _, q := range v.Run.Manifest.Rules {
		for axis, of := range q.Of {
			if to := q.To[axis]; (q.Along == "work" || len(q.Where["work"]) == 1) && len(q.Of) == 1 && len(of) == 1 && len(to) == 1 {
				return contrast{axis, of[0], to[0]}, true
			}
		}
	}
	return contrast{}, false
}

var _ = enter(110, one((*View).workFigure))

// workFigure draws the ratio of requests/s, of leader to worker (see
// alongWork), against the handler's work, one series for each number of
// threads.
func (v *View) workFigure() Figure {
	f := Figure{Name: "work", Headline: "F5", Title: "Ratio of throughput, by the handler's work"}
	work, ok := v.Axis("work")
	if !ok {
		return f.without("no axis is work")
	}
	of, ok := v.alongWork()
	if !ok {
		return f.without("the run does not compare %s and %s, and no rule of the suite looks along work", findings.Pattern, findings.Rival)
	}
	threads, many := v.Axis("threads")
	values := []string{""}
	if many {
		values = threads.Values
	}
	looks := plot.Ramp(len(values))
	rate := findings.MetricOf(findings.KeyRate)
	var tiles []plot.Tile
	var drawn []plot.Series
	shown := map[string]bool{}
	for _, ph := range v.Undisturbed(v.Phases, false) {
		if v.IsOpen(ph) { // the plan sets the throughput
			continue
		}
		for _, p := range v.Combinations(of.axis, work.Name, threads.Name) {
			var ss []plot.Series
			for i, value := range values {
				s := plot.Series{Name: value + " threads", Style: looks[i]}
				cell := p.Cell
				if many {
					cell = cell.With(threads.Name, value)
				} else {
					s.Name = of.of + " / " + of.to
				}
				for _, w := range work.Values {
					x, ok := findings.NumberOf(w)
					at := cell.With(work.Name, w)
					iv := stats.RatioPaired(findings.SampleOf(v.Where(at.With(of.axis, of.of)), ph.Name, rate).ByBlock,
						findings.SampleOf(v.Where(at.With(of.axis, of.to)), ph.Name, rate).ByBlock)
					if ok && iv.N > 0 {
						s.Points = append(s.Points, plot.SeriesPoint{X: x, Of: iv.Interval})
					}
				}
				s.Points = plot.ByX(s.Points)
				ss = append(ss, s)
			}
			if pl := plot.SeriesPanel("work in the handler (µs)", fmt.Sprintf("requests/s, %s / %s", of.of, of.to), ss, 1); pl != nil {
				pl.Add(plot.Across{Y: 1})
				title := p.Title
				if len(v.Phases) > 1 || title == "" {
					title = findings.JoinTitle(title, v.Load(ph, p))
				}
				tiles = append(tiles, plot.Tile{Plot: pl, Title: title})
				drawn = append(drawn, ss...)
				shown[ph.Name] = true
			}
		}
	}
	if f.Sheet = plot.InRows(tiles, 3); f.Sheet == nil {
		return f.without("no closed loop answered requests along work")
	}
	f.Sheet.Legend = plot.LegendOf(drawn)
	f.Caption = words.Sentences(fmt.Sprintf("Each point is the ratio of %s's requests/s to %s's, estimated after Hodges and Lehmann over blocks; above the line at 1 %s answers more.", of.of, of.to, of.of),
		"Bars are its 95 % interval, dotted where there are too few blocks for one.", v.loads(v.PhasesNamed(shown)), v.replicates(), v.leftOut("and not drawn"))
	return f
}
