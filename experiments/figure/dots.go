package figure

import (
	"cmp"
	"math"
	"slices"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// dotPlot draws a metric of every phase and panel that has it, and returns
// these phases. It returns nil if none has.
func (v *View) dotPlot(m record.Metric, phases []record.Phase) (*plot.Sheet, []record.Phase) {
	var with []record.Phase
	for _, ph := range phases {
		for _, p := range v.Panels {
			if v.Drawn(ph.Name, p, m) {
				with = append(with, ph)
				break
			}
		}
	}
	if len(with) == 0 {
		return nil, nil
	}
	rows := v.rows(m, with)
	s := v.grid(with, func(ph record.Phase, i int) *gonum.Plot { return v.dotPanel(m, ph, v.Panels[i], rows) })
	for _, row := range s.Rows { // only the first panel of a row has names
		for _, t := range row[1:] {
			if t.Plot != nil {
				plot.Nameless(t.Plot)
			}
		}
	}
	s.Row = plot.DotsHeight(len(rows))
	if v.hasFloor() {
		s.Legend = floorLegend
	}
	return s, with
}

// floorSubject is the server that does the least a server can. Figures of dots
// draw it as a line across the others.
const floorSubject = "floor"

// floorLegend explains that line.
var floorLegend = []plot.Entry{{Label: "median of the floor", Style: plot.FloorStyle, Line: true}}

func (v *View) hasFloor() bool {
	return len(v.Subjects) > 1 && slices.Contains(v.Subjects, floorSubject)
}

// rows returns the subjects of a figure of dots, from the top. More than crowd
// of them are sorted, the least value first: by the median, over the phases and
// panels, of the subject's value over the panel's least.
func (v *View) rows(m record.Metric, phases []record.Phase) []string {
	names := slices.Clone(v.Subjects)
	if v.hasFloor() {
		names = slices.DeleteFunc(names, func(s string) bool { return s == floorSubject })
	}
	if len(names) <= crowd {
		return names
	}
	ratios := map[string][]float64{}
	for _, ph := range phases {
		for _, p := range v.Panels {
			centers := map[string]float64{}
			least := math.Inf(1)
			for _, name := range names {
				if iv := stats.Summarise(v.Sample(ph.Name, p, name, m).Valid); iv.N > 0 && iv.Center > 0 {
					centers[name], least = iv.Center, min(least, iv.Center)
				}
			}
			for name, x := range centers {
				ratios[name] = append(ratios[name], x/least)
			}
		}
	}
	key := func(name string) float64 {
		if iv := stats.Summarise(ratios[name]); iv.N > 0 {
			return iv.Center
		}
		return math.Inf(1)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(key(a), key(b)) })
	return names
}

// dotPanel draws a metric of the subjects in rows, nil if none has it.
func (v *View) dotPanel(m record.Metric, ph record.Phase, panel findings.Panel, rows []string) *gonum.Plot {
	var d plot.Dots
	lo, hi := math.Inf(1), 0.0
	for _, name := range rows {
		s := v.Sample(ph.Name, panel, name, m)
		d.Rows = append(d.Rows, plot.DotRow{Style: v.Style[name], Sample: s})
		for _, x := range s.Valid {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	if v.hasFloor() {
		if d.Floor = stats.Summarise(v.Sample(ph.Name, panel, floorSubject, m).Valid); d.Floor.N > 0 {
			lo, hi = min(lo, d.Floor.Center), max(hi, d.Floor.Center)
		}
	}
	none := math.IsInf(lo, 1)
	for _, r := range d.Rows { // a trial far off that does not count must not set the scale
		for _, x := range r.Sample.Invalid {
			if x < 2*hi || none {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	if math.IsInf(lo, 1) {
		return nil
	}
	p := plot.NewPanel(m.Label(), "")
	if lo > 0 && hi/lo > 20 {
		plot.LogAxis(&p.X, lo/1.3, hi*2)
		p.X.Label.Text += ", log scale"
	} else {
		plot.Span(&p.X, lo, hi)
		p.X.Max += 0.12 * (p.X.Max - p.X.Min) // for the numbers
	}
	n := float64(len(rows))
	p.Y.Min, p.Y.Max = -0.6, n-0.4
	var names gonum.ConstantTicks
	for i, name := range rows {
		names = append(names, gonum.Tick{Value: n - 1 - float64(i), Label: name})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	p.Add(d)
	var centers []float64
	for _, r := range d.Rows {
		centers = append(centers, stats.Summarise(r.Sample.Valid).Center)
	}
	plot.Tell(p, &p.X, rows, centers)
	return p
}
