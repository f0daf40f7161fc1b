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

// forest draws a forest plot: headings and, below each, intervals with their
// bounds, across one neutral line.
type forest struct {
	rows    []ForestRow
	neutral float64 // 1 for ratios, which have a log scale, 0 for differences
}

// ForestRow is a heading (Head) or an interval below it.
type ForestRow struct {
	Label  string
	Head   bool
	Style  Style
	Of     stats.Interval
	Mark   Mark
	Bounds []float64 // if empty, the neutral line is the bound
}

// The height of a row, and the room at the right for numbers.
const (
	forestRowHeight = 10.5 // points
	besideForest    = 0.3  // share of the panel's width
)

// Plot draws the rows. The panel's y axis numbers them from below, from 0.
func (k forest) Plot(c draw.Canvas, p *gonum.Plot) {
	x, y := p.Transforms(&c)
	inside := func(v float64) vg.Length { return x(min(max(v, p.X.Min), p.X.Max)) }
	n := len(k.rows)
	c.StrokeLine2(draw.LineStyle{Color: AxisInk, Width: 0.7}, x(k.neutral), c.Min.Y, x(k.neutral), c.Max.Y)
	bold, note := textStyle(textSize-0.5, true, Ink), textStyle(smallText, false, AxisInk)
	note.XAlign = -1
	for i, r := range k.rows {
		at := y(float64(n - 1 - i))
		if r.Head {
			// A long heading extends to the left, where its row has no label.
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
		whisker{Color: r.Style.Color, Width: 1, Cap: 1.8}.draw(c, r.Of, &p.X, func(v float64) vg.Point { return vg.Point{X: x(v), Y: at} })
		drawMark(c, r, vg.Point{X: inside(r.Of.Center), Y: at})
		c.FillText(note, vg.Point{X: c.Max.X - 2, Y: at - 2.4}, words.Ratio(r.Of))
	}
}

// Mark says how a row's marker is drawn.
type Mark uint8

const (
	Hollow  Mark = iota // the outline
	Filled              // in the style's colour
	Crossed             // the outline with a cross
)

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

// ForestSheet returns a sheet with a forest plot of rows. neutral is the value
// of no difference: 1 for ratios, whose x axis is logarithmic, or 0 for
// differences.
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
	var told []string
	for _, r := range rows {
		if r.Head {
			told = append(told, r.Label)
		} else {
			told = append(told, r.Label+" "+words.Ratio(r.Of))
		}
	}
	p.Title.Text = strings.Join(told, "; ")
	return &Sheet{Width: TwoColumns, Row: vg.Length(forestRowHeight*float64(n)) + 34, Rows: [][]Tile{{{Plot: p}}}}
}

// Shortened cuts a text that is longer than most bytes at the end of a word, or
// within its only one, and adds an ellipsis.
func Shortened(s string, most int) string {
	if len(s) <= most {
		return s
	}
	if i := strings.LastIndex(s[:most], " "); i > 0 {
		return s[:i] + " …"
	}
	return s[:most] + "…"
}
