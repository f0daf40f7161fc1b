package plot

import (
	"math"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// forest draws headings and, below each, intervals beside one neutral line, each
// with its bounds.
type forest struct {
	rows    []ForestRow
	neutral float64 // of all rows: 1 for ratios, which have a log scale, 0 for differences
}

// ForestRow is a heading, or an interval below it.
type ForestRow struct {
	Label  string
	Head   bool
	Style  Style
	Of     stats.Interval
	Mark   Mark
	Bounds []float64 // none: the neutral line is the bound
}

// The measures of a forest: a row's height and the room at the right for numbers.
const (
	forestRowHeight = 10.5
	besideForest    = 0.3 // of the panel's width
)

// Plot draws the rows; the panel's y axis counts them from below.
func (k forest) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	inside := func(v float64) vg.Length { return x(min(max(v, p.X.Min), p.X.Max)) }
	n := len(k.rows)
	c.StrokeLine2(draw.LineStyle{Color: AxisInk, Width: 0.7}, x(k.neutral), c.Min.Y, x(k.neutral), c.Max.Y)
	bold, note := textStyle(textSize-0.5, true, Ink), textStyle(textSize-1, false, AxisInk)
	note.XAlign = -1
	for i, r := range k.rows {
		at := y(float64(n - 1 - i))
		if r.Head {
			// A long one reaches to the left, where a heading's row has no label.
			width := bold.Width(r.Label) + 6
			from := vg.Point{X: min(c.Min.X, c.Max.X-width), Y: at - 4.5}
			c.SetColor(Paper)
			c.Fill(vg.Rectangle{Min: from, Max: vg.Point{X: from.X + width, Y: at + 4.5}}.Path())
			c.FillText(bold, vg.Point{X: from.X + 2, Y: at - 2.6}, r.Label)
			continue
		}
		half := vg.Length(forestRowHeight / 2)
		for _, b := range r.Bounds {
			c.StrokeLine2(draw.LineStyle{Color: Ink, Width: 0.8, Dashes: []vg.Length{2, 1.4}}, inside(b), at-half, inside(b), at+half)
		}
		if r.Of.N == 0 {
			c.FillText(note, vg.Point{X: c.Max.X - 2, Y: at - 2.4}, "no value")
			continue
		}
		line := draw.LineStyle{Color: r.Style.Color, Width: 1}
		if !r.Of.Enough() {
			line.Dashes = []vg.Length{1, 1}
		}
		c.StrokeLine2(line, inside(r.Of.Lo), at, inside(r.Of.Hi), at)
		line.Dashes = nil
		for _, end := range []float64{r.Of.Lo, r.Of.Hi} {
			if end >= p.X.Min && end <= p.X.Max {
				c.StrokeLine2(line, x(end), at-1.8, x(end), at+1.8)
			}
		}
		drawMark(c, r, vg.Point{X: inside(r.Of.Center), Y: at})
		c.FillText(note, vg.Point{X: c.Max.X - 2, Y: at - 2.4}, words.Ratio(r.Of))
	}
}

// Mark is how a row's marker looks.
type Mark uint8

const (
	Hollow Mark = iota
	Filled
	Crossed
)

// drawMark draws a row's marker.
func drawMark(c draw.Canvas, r ForestRow, at vg.Point) {
	switch r.Mark {
	case Filled:
		drawMarker(c, r.Style, at, 2.4, 0xff)
	case Crossed:
		drawHollow(c, r.Style, at, 2.6)
		line := draw.LineStyle{Color: r.Style.Color, Width: 1.1}
		c.StrokeLine2(line, at.X-3.2, at.Y-3.2, at.X+3.2, at.Y+3.2)
		c.StrokeLine2(line, at.X-3.2, at.Y+3.2, at.X+3.2, at.Y-3.2)
	default:
		drawHollow(c, r.Style, at, 2.4)
	}
}

func ForestSheet(label string, neutral float64, rows []ForestRow) *Sheet {
	lo, hi := neutral, neutral
	for _, r := range rows {
		for _, x := range append(r.Bounds, r.Of.Lo, r.Of.Hi) {
			if r.Of.N > 0 && !math.IsInf(x, 0) && (neutral == 0 || x > 0) {
				lo, hi = min(lo, x), max(hi, x)
			}
		}
	}
	p := NewPanel(label, "")
	if neutral > 0 {
		lo, hi = lo/1.08, hi*1.08
		hi *= math.Pow(hi/lo, besideForest/(1-besideForest))
		LogAxis(&p.X, lo, hi)
	} else {
		pad := max(hi-lo, 0.1) * 0.06
		p.X.Min, p.X.Max = lo-pad, hi+pad+(hi-lo+2*pad)*besideForest/(1-besideForest)
	}
	n := len(rows)
	var ticks gonum.ConstantTicks
	for i, r := range rows {
		if !r.Head {
			ticks = append(ticks, gonum.Tick{Value: float64(n - 1 - i), Label: r.Label})
		}
	}
	p.Y.Min, p.Y.Max = -0.7, float64(n)-0.3
	p.Y.Tick.Marker, p.Y.Tick.Length = ticks, 0
	p.Y.LineStyle.Width = 0
	p.Add(forest{rows, neutral})
	return &Sheet{Width: TwoColumns, Row: vg.Length(forestRowHeight*float64(n)) + 34, Rows: [][]Tile{{{Plot: p}}}}
}

// Shortened cuts a text at a word, for a panel's title.
func Shortened(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if i := strings.LastIndex(s[:most], " "); i > 0 {
		return s[:i] + " …"
	}
	return s[:most] + "…"
}
