package figure

import (
	"math"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
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
	s := v.grid(with, func(ph record.Phase, i int) *gonum.Plot { return v.dotPanel(m, ph, v.Panels[i], i) })
	for _, row := range s.Rows { // only the first panel of a row has names
		for _, t := range row[1:] {
			if t.Plot != nil {
				t.Plot.Y.Tick.Marker = v.rowTicks(false)
			}
		}
	}
	s.Row = plot.DotsHeight(len(v.Subjects))
	return s, with
}

func (v *View) dotPanel(m record.Metric, ph record.Phase, panel findings.Panel, column int) *gonum.Plot {
	var d plot.Dots
	lo, hi := math.Inf(1), 0.0
	for _, name := range v.Subjects {
		s := v.Sample(ph.Name, panel, name, m)
		d.Rows = append(d.Rows, plot.DotRow{Style: v.Style[name], Sample: s})
		for _, x := range s.Valid {
			lo, hi = min(lo, x), max(hi, x)
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
		p.X.Min, p.X.Max = 0, max(hi, 1e-9)*1.18
	}
	n := float64(len(d.Rows))
	p.Y.Min, p.Y.Max = -0.6, n-0.4
	p.Y.Tick.Marker = v.rowTicks(true)
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	p.Add(d)
	return p
}

// rowTicks returns ticks at the rows of subjects, with their names or, if a
// panel further left has those, with a grid line only.
func (v *View) rowTicks(named bool) gonum.ConstantTicks {
	var ts gonum.ConstantTicks
	for i, name := range v.Subjects {
		if !named {
			name = " "
		}
		ts = append(ts, gonum.Tick{Value: float64(len(v.Subjects) - 1 - i), Label: name})
	}
	return ts
}
