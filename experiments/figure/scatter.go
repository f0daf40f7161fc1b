package figure

import (
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

var _ = enter(160, one((*View).scatterFigure))

// joinedText says which points lines join.
var joinedText = fmt.Sprintf("Lines join the medians of one subject where it has %d rates or more.", plot.FewestOfLine)

func (v *View) scatterFigure() Figure {
	f := Figure{Name: "throughput-latency", Title: "Throughput against latency"}
	if f.Sheet = v.scatter(); f.Sheet == nil {
		f.Missing = "no trial answered requests"
		return f
	}
	if len(v.Subjects) > crowd {
		f.Caption = words.Sentences("Latency runs from the planned send. A panel for each server: the medians of its cells over processes at each load, p50 below with full markers and p99 above with pale ones, over those of all others in grey. Lower and further right is better.", joinedText,
			v.loads(v.Undisturbed(v.Phases, false)), v.replicates(), v.leftOut("and not drawn"))
		return f
	}
	f.Caption = words.Sentences("Latency runs from the planned send. Small points are processes, large ones the medians of their cells. Lower and further right is better.", joinedText,
		v.loads(v.Undisturbed(v.Phases, false)), v.replicates(), v.leftOut("drawn hollow where they left values"))
	return f
}

// scatter draws p50 and p99 of latency against throughput. All phases share a
// panel. It returns nil if no requests were answered.
func (v *View) scatter() *plot.Sheet {
	if len(v.Subjects) > crowd {
		return v.multiples()
	}
	rate := findings.MetricOf(findings.KeyRate)
	var rows [][]plot.Tile
	present, joined := map[string]bool{}, false
	kept, few := v.outermost(maxPanels)
	for _, key := range []string{findings.KeyLatP50, findings.KeyLatP99} {
		latency := findings.MetricOf(key)
		var row []plot.Tile
		for _, i := range kept {
			p := v.Panels[i]
			tile, lines := v.scatterTile(p, rate, latency, present)
			row, joined = append(row, tile), joined || lines
		}
		rows = append(rows, row)
	}
	if len(present) == 0 {
		return nil
	}
	s := &plot.Sheet{Width: plot.TwoColumns, Row: 54 * vg.Millimeter, Rows: rows, Few: few}
	switch {
	case len(kept) == 1: // the two quantiles side by side
		s.Rows = [][]plot.Tile{{rows[0][0], rows[1][0]}}
	case len(kept) > maxColumns: // one row for each panel
		s.Rows = nil
		for i := range kept {
			s.Rows = append(s.Rows, []plot.Tile{rows[0][i], rows[1][i]})
		}
	}
	for _, name := range v.Subjects {
		if present[name] {
			s.Legend = append(s.Legend, plot.Entry{Label: name, Style: v.Style[name], Line: joined})
		}
	}
	return s
}

// scatterTile draws one panel, and notes in present which subjects it has.
// joined reports whether any of its points are joined by a line.
func (v *View) scatterTile(p findings.Panel, rate, latency record.Metric, present map[string]bool) (tile plot.Tile, joined bool) {
	var clouds []plot.Cloud
	var hollow []vg.Point
	b := plot.Bounds{X0: math.Inf(1), X1: 0, Y0: math.Inf(1), Y1: 0}
	for _, name := range v.Subjects {
		k := plot.Cloud{Style: v.Style[name]}
		for _, ph := range v.Undisturbed(v.Phases, false) {
			xs, ys := v.Sample(ph.Name, p, name, rate), v.Sample(ph.Name, p, name, latency)
			k.Valid = append(k.Valid, plot.Pairs(xs.Valid, ys.Valid)...)
			k.Invalid = append(k.Invalid, plot.Pairs(xs.Invalid, ys.Invalid)...)
			if x, y := stats.Summarise(xs.Valid), stats.Summarise(ys.Valid); x.Center > 0 && y.Center > 0 { // few requests have no p99
				k.Medians = append(k.Medians, vg.Point{X: vg.Length(x.Center), Y: vg.Length(y.Center)})
			}
		}
		if len(k.Valid)+len(k.Invalid) == 0 {
			continue
		}
		sort.SliceStable(k.Medians, func(i, j int) bool { return k.Medians[i].X < k.Medians[j].X })
		present[name] = true
		joined = joined || len(k.Medians) >= plot.FewestOfLine
		b.Take(k.Valid)
		b.Take(k.Medians)
		hollow = append(hollow, k.Invalid...)
		clouds = append(clouds, k)
	}
	if len(clouds) == 0 {
		return plot.Tile{}, false
	}
	if b.X1 == 0 { // no trial counts, so the hollow ones set the scale
		b.Take(hollow)
	}
	pl := plot.NewPanel("achieved rate (requests/s)", latency.Label())
	plot.LogAxis(&pl.Y, b.Y0/1.4, b.Y1*1.4)
	if b.X1/b.X0 > 20 {
		plot.LogAxis(&pl.X, b.X0/1.3, b.X1*1.3)
	} else {
		plot.Span(&pl.X, b.X0, b.X1)
	}
	for _, k := range clouds {
		pl.Add(k)
	}
	return plot.Tile{Plot: pl, Title: findings.JoinTitle(p.Title, latency.Heading())}, joined
}
