package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// dots draws one row for each subject: its processes as points, hollow where
// they do not count, and above them the median with its interval.
type dots struct {
	rows []dotRow // from the top
}

type dotRow struct {
	style  style
	sample sample
}

// Plot draws the rows; the panel's y axis counts them from below.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	label := textStyle(textSize-1, false, ink)
	for i, r := range d.rows {
		at := float64(len(d.rows) - 1 - i)
		// Equal values do not hide each other: the points of a row step up and down.
		spread := func(i int) vg.Length { return y(at-0.2) + vg.Length(i%3-1)*1.5 }
		for j, v := range r.sample.valid {
			drawMarker(c, r.style, vg.Point{X: x(v), Y: spread(j)}, 1.5, 0x80)
		}
		for j, v := range r.sample.invalid {
			if v >= p.X.Min && v <= p.X.Max {
				drawHollow(c, r.style, vg.Point{X: x(v), Y: spread(j)}, 1.8)
			}
		}
		iv := stats.Summarise(r.sample.valid)
		if iv.N == 0 {
			continue
		}
		up := y(at + 0.15)
		line := draw.LineStyle{Color: r.style.color, Width: 1.3}
		if !iv.Enough() { // a range, not an interval at the level asked for
			line.Dashes = []vg.Length{1, 1}
		}
		c.StrokeLine2(line, x(iv.Lo), up, x(iv.Hi), up)
		line.Dashes = nil
		for _, end := range []float64{iv.Lo, iv.Hi} {
			c.StrokeLine2(line, x(end), up-1.8, x(end), up+1.8)
		}
		drawMarker(c, r.style, vg.Point{X: x(iv.Center), Y: up}, 2.3, 0xff)
		c.FillText(label, vg.Point{X: x(iv.Hi) + 5, Y: up - 2.2}, short(iv.Center))
	}
}

// short writes a value with three significant digits.
func short(x float64) string {
	if x == 0 {
		return "0"
	}
	d := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	if d <= 0 {
		return thousands(x)
	}
	return fmt.Sprintf("%.*f", min(d, 6), x)
}

// dotPlot draws a metric of every phase and panel that has it; nil if none has.
func (v *view) dotPlot(m record.Metric, phases []record.Phase) (*sheet, []record.Phase) {
	var with []record.Phase
	for _, ph := range phases {
		for _, p := range v.panels {
			if v.drawn(ph.Name, p, m) {
				with = append(with, ph)
				break
			}
		}
	}
	if len(with) == 0 {
		return nil, nil
	}
	s := v.grid(with, func(ph record.Phase, i int) *plot.Plot { return v.dotPanel(m, ph, v.panels[i], i) })
	for _, row := range s.rows { // names stand once, at the left
		for _, t := range row[1:] {
			if t.plot != nil {
				t.plot.Y.Tick.Marker = v.rowTicks(false)
			}
		}
	}
	s.row = dotsHeight(len(v.subjects))
	return s, with
}

// dotsHeight is the height of a row of panels with so many rows of dots.
func dotsHeight(rows int) vg.Length { return vg.Length(24+15*rows) + 12 }

func (v *view) dotPanel(m record.Metric, ph record.Phase, panel panel, column int) *plot.Plot {
	var d dots
	lo, hi := math.Inf(1), 0.0
	for _, name := range v.subjects {
		s := v.sample(ph.Name, panel, name, m)
		d.rows = append(d.rows, dotRow{v.style[name], s})
		for _, x := range s.valid {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	none := math.IsInf(lo, 1)
	for _, r := range d.rows { // one trial gone wild does not squeeze the rest
		for _, x := range r.sample.invalid {
			if x < 2*hi || none {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	if math.IsInf(lo, 1) {
		return nil
	}
	p := newPlot(m.Label(), "")
	if lo > 0 && hi/lo > 20 {
		logAxis(&p.X, lo/1.3, hi*2)
		p.X.Label.Text += ", log scale"
	} else {
		p.X.Min, p.X.Max = 0, max(hi, 1e-9)*1.18
	}
	n := float64(len(d.rows))
	p.Y.Min, p.Y.Max = -0.6, n-0.4
	p.Y.Tick.Marker = v.rowTicks(true)
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	p.Add(d)
	return p
}

// rowTicks mark the rows of subjects, with their names or, where those stand
// further left already, with the grid's line alone.
func (v *view) rowTicks(named bool) plot.ConstantTicks {
	var ts plot.ConstantTicks
	for i, name := range v.subjects {
		if !named {
			name = " "
		}
		ts = append(ts, plot.Tick{Value: float64(len(v.subjects) - 1 - i), Label: name})
	}
	return ts
}
