package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/findings"
	"lflab/experiments/model"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

var _ = enter(100, one((*View).modelFigure))

// modelFigure draws the mean of D against the offered rate, and D of the second
// of a pair against its spacing, as measured and as the model predicts them.
func (v *View) modelFigure() Figure {
	f := Figure{Name: "model", Headline: "F4", Title: "Dispatch latency as measured, and as the queueing model predicts it"}
	if v.Group != "mpm" {
		return f.without("the run does not compare MPMs")
	}
	var tiles []plot.Tile
	var drawn []plot.Series
	var told []string
	shown := map[string]bool{}
	for _, of := range []prediction{byRate, bySpacing} {
		axis, ok := v.Axis(of.axis)
		if !ok || len(axis.Values) < 2 {
			continue
		}
		for _, ph := range v.PhasesByLoad() {
			fits, err := of.predict(v.Run, ph.Name)
			why := ""
			if err != nil {
				why = err.Error()
			}
			for _, p := range v.Combinations(v.Group, axis.Name) {
				ss, sentences := v.predictedSeries(of, axis, ph, p, fits)
				pl := plot.SeriesPanel(of.label, of.metric.Label(), ss)
				if pl == nil {
					continue
				}
				title := findings.JoinTitle(p.Title, of.title)
				if len(v.Phases) > 1 {
					title = findings.JoinTitle(title, ph.Name)
				}
				tiles = append(tiles, plot.Tile{Plot: pl, Title: title})
				drawn = append(drawn, ss...)
				shown[ph.Name] = true
				for _, s := range sentences {
					told = append(told, words.Capital(findings.JoinTitle(title, s)))
				}
				if len(sentences) == 0 && why != "" {
					told = append(told, fmt.Sprintf("No prediction (%s): %s.", title, why))
				}
			}
		}
	}
	if f.Sheet = plot.InRows(tiles, 2); f.Sheet == nil {
		return f.without("no trial with the kernel probe on measured D along rate or the second of a pair's D along spacing")
	}
	f.Sheet.Row = 60 * vg.Millimeter
	f.Sheet.Legend = plot.LegendOf(drawn)
	for i := range f.Sheet.Legend {
		f.Sheet.Legend[i].Line = true
	}
	f.Caption = words.Sentences("Markers with bars are measured by the kernel probe. Lines without markers on them go through what the model of one leader with a set-up time (M/D/1) predicts from V and G at the quietest point, which it was fitted to; where there is no prediction, lines join the measured points.",
		v.seriesCaption(shown), words.Sentences(told...))
	return f
}

// prediction is one of the model's two predictions: a metric along an axis.
type prediction struct {
	axis, label, title string
	metric             record.Metric
	predict            func(*record.Run, string) ([]model.Fit, error)
}

var (
	byRate = prediction{"rate", "offered rate (connections/s)", "mean D", findings.MetricOf("probe_D_mean_ns"), model.Predict}

	bySpacing = prediction{"spacing", "achieved spacing of the pair (µs)", "the second of a pair", findings.MetricOf("second_D_mean_ns"),
		func(run *record.Run, phase string) ([]model.Fit, error) {
			return model.PredictPairs(run, phase, record.MetricOf("second_D_mean_ns").Of, model.AtRead)
		}}
)

// predictedSeries returns the measured points of each MPM, with the model's
// curve if there is one, and sentences about the fit.
func (v *View) predictedSeries(of prediction, axis record.Axis, ph record.Phase, p findings.Panel, fits []model.Fit) (ss []plot.Series, sentences []string) {
	var others []record.Axis
	for _, a := range findings.AxesOf(v.Run) {
		if a.Name != v.Group && a.Name != byRate.axis && a.Name != bySpacing.axis {
			others = append(others, a)
		}
	}
	group := record.Label(others, p.Cell)
	i := slices.IndexFunc(fits, func(f model.Fit) bool { return f.Group == group })
	for _, name := range v.Subjects {
		s := plot.Series{Name: name, Style: v.Style[name], Points: v.along(axis, ph.Name, p.Cell.With(v.Group, name), of.metric)}
		if of.axis == bySpacing.axis {
			v.atAchieved(s.Points, axis, ph.Name, p.Cell.With(v.Group, name))
		}
		if i >= 0 && len(s.Points) > 0 {
			if c := fits[i].Curve(name); c != nil {
				s.Loose = true
				s.Curve = sampled(c, s.Points)
			}
		}
		ss = append(ss, s)
	}
	if i >= 0 {
		sentences = fits[i].Sentences()
	}
	return ss, sentences
}

// atAchieved moves points to the spacings that pairs achieved, as medians over
// processes, where these were measured. It sorts the points.
func (v *View) atAchieved(ps []plot.SeriesPoint, axis record.Axis, phase string, c record.Cell) {
	asked := map[float64]float64{}
	for _, q := range v.along(axis, phase, c, findings.MetricOf("pair_spacing_p50_ns")) {
		asked[q.X] = q.Of.Center
	}
	for i := range ps {
		if real, ok := asked[ps[i].X]; ok {
			ps[i].X = real
		}
	}
	plot.ByX(ps)
}

// sampled returns points of a curve over the range of ps, with Y in µs. It
// leaves out points far above ps.
func sampled(c *model.Curve, ps []plot.SeriesPoint) []plot.CurvePoint {
	top := 0.0
	for _, q := range ps {
		top = max(top, q.Of.Hi)
	}
	var out []plot.CurvePoint
	for _, q := range c.Sample(ps[0].X, ps[len(ps)-1].X, 120) {
		if y := q.Y / 1e3; !math.IsNaN(y) && y <= 1.5*top {
			out = append(out, plot.CurvePoint{X: q.X, Y: y})
		}
	}
	return out
}
