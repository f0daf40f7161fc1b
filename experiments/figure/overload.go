package figure

import (
	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

var _ = enter(150, one((*View).overloadFigure))

// overloadFigure draws servers under overload: the connections dropped, and the
// p99 latency of requests answered, against the length of the listen queue.
func (v *View) overloadFigure() Figure {
	f := Figure{Name: "overload", Headline: "F9", Title: "Overload: drops and latency against the listen queue"}
	backlog, ok := v.Axis("listen-backlog")
	if !ok {
		return f.without("no axis is listen-backlog")
	}
	drops := findings.MetricOf("listen_drops_per_second")
	latency := findings.MetricOf(findings.KeyLatP99)
	var tiles []plot.Tile
	var drawn []plot.Series
	shown := map[string]bool{}
	for _, ph := range v.PhasesByLoad() {
		for _, p := range v.Combinations(v.Group, backlog.Name) {
			for _, m := range []record.Metric{drops, latency} {
				var ss []plot.Series
				for _, name := range v.Subjects {
					ss = append(ss, plot.Series{Name: name, Style: v.Style[name], Points: v.along(backlog, ph.Name, p.Cell.With(v.Group, name), m)})
				}
				if pl := plot.SeriesPanel("listen queue (connections)", m.Label(), ss); pl != nil {
					title := findings.JoinTitle(p.Title, m.Heading())
					if len(v.Phases) > 1 {
						title = findings.JoinTitle(title, ph.Name)
					}
					tiles = append(tiles, plot.Tile{Plot: pl, Title: title})
					drawn = append(drawn, ss...)
					shown[ph.Name] = true
				}
			}
		}
	}
	if f.Sheet = plot.InRows(tiles, 2); f.Sheet == nil {
		return f.without("no trial counts listen_drops or answered requests along listen-backlog")
	}
	f.Sheet.Legend = plot.LegendOf(drawn)
	f.Caption = words.Sentences("Connections that the kernel dropped because the listen queue was full (ListenDrops of the server's network namespace), and the latency from the planned send of requests that were answered, against the length asked for in listen(2).",
		v.seriesCaption(shown))
	return f
}

// seriesCaption writes the sentences that all captions of series share.
func (v *View) seriesCaption(phases map[string]bool) string {
	return words.Sentences("Markers are medians over processes, bars their "+v.intervalName()+".", v.loads(v.PhasesNamed(phases)), v.replicates(), v.leftOut("and not drawn"))
}
