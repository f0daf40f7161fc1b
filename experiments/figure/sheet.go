package figure

import (
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sheet is one figure as it will be printed: panels in rows and columns whose
// data areas line up, and a legend in a strip of its own above them, where it
// cannot cover data.
type sheet struct {
	width  vg.Length
	row    vg.Length // height of a row of panels, with axes
	rows   [][]tile  // all of one length
	legend []entry
	few    string // for the caption: which cells stand for all
}

// tile is one panel; without a plot it stays empty.
type tile struct {
	plot  *plot.Plot
	title string
}

// entry of the legend.
type entry struct {
	label string
	style style
	line  bool // a piece of line under the marker

	fill   *fill  // a patch of it instead of the marker
	head   string // begins a line of the legend with this
	family family // of the patch
}

const (
	titleHeight  = 13 // points, of a title of one line
	titleLine    = 9  // of each further line
	entryHeight  = 11
	sheetMargin  = 4
	betweenRows  = 8
	betweenTiles = 12
	sampleWidth  = 20 // of a legend's piece of line
	patchWidth   = 12 // of a legend's patch
)

// newPlot is an empty panel in the house style.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = face(textSize, false)
		a.Label.TextStyle.Color = ink
		a.Label.Padding = 3
		a.Tick.Label.Font = face(textSize-0.5, false)
		a.Tick.Label.Color = ink
		a.Tick.Length = 3
		a.Tick.LineStyle = draw.LineStyle{Color: axisInk, Width: thinLine}
		a.LineStyle = draw.LineStyle{Color: axisInk, Width: thinLine}
		a.Padding = 0
		a.Tick.Marker = plot.TickerFunc(linearTicks)
	}
	g := plotter.NewGrid()
	g.Horizontal = draw.LineStyle{Color: gridInk, Width: thinLine}
	g.Vertical = g.Horizontal
	p.Add(g)
	return p
}

// logAxis makes an axis logarithmic between lo and hi, both positive.
func logAxis(a *plot.Axis, lo, hi float64) {
	a.Scale, a.Tick.Marker = plot.LogScale{}, plot.TickerFunc(logTicks)
	a.Min, a.Max = lo, hi
}

func textStyle(size vg.Length, bold bool, c color.Color) text.Style {
	return text.Style{
		Color: c, Font: face(size, bold), Handler: plot.DefaultTextHandler,
		XAlign: text.XLeft, YAlign: text.YBottom,
	}
}

func (s *sheet) height() vg.Length {
	n := vg.Length(len(s.rows))
	return s.legendHeight() + n*(s.row+s.titleHeight()) + (n-1)*betweenRows + 2*sheetMargin
}

// draw fills c, which has the sheet's size.
func (s *sheet) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, sheetMargin, -sheetMargin, sheetMargin, -sheetMargin)
	plots := make([][]*plot.Plot, len(s.rows))
	for j, row := range s.rows {
		for _, t := range row {
			plots[j] = append(plots[j], t.plot)
		}
	}
	tiles := draw.Tiles{
		Rows: len(s.rows), Cols: len(s.rows[0]),
		PadTop: s.titleHeight(), PadX: betweenTiles, PadY: s.titleHeight() + betweenRows,
	}
	canvases := plot.Align(plots, tiles, draw.Crop(c, 0, 0, 0, -s.legendHeight()))
	var left vg.Length
	for j, row := range s.rows {
		for i, t := range row {
			if t.plot == nil {
				continue
			}
			t.plot.Draw(canvases[j][i])
			data := t.plot.DataCanvas(canvases[j][i])
			if i == 0 {
				left = data.Min.X
			}
			lines := s.titleLines(t.title)
			for k, line := range lines {
				c.FillText(textStyle(textSize, true, ink), vg.Point{X: data.Min.X, Y: data.Max.Y + 4 + titleLine*vg.Length(len(lines)-1-k)}, line)
			}
		}
	}
	if s.legendIndent() > 0 { // the heads stand where the rows' names do
		left = c.Min.X
	}
	s.drawLegend(draw.Crop(c, left-c.Min.X, 0, 0, 0))
}

// titleLines breaks a panel's title where its parts meet, so that it does not run
// into the next panel's. A title of a row that has no others may be as long as the
// row.
func (s *sheet) titleLines(title string) []string {
	const names = 26 // what an axis' labels take of a tile
	columns := vg.Length(len(s.rows[0]))
	for _, row := range s.rows {
		if titled := slices.ContainsFunc(row[1:], func(t tile) bool { return t.title != "" }); titled {
			columns = vg.Length(len(row))
			break
		}
		columns = 1
	}
	room := (s.width-2*sheetMargin)/columns - betweenTiles - names
	sty := textStyle(textSize, true, ink)
	var lines []string
	line := ""
	for i, part := range titleParts(title) {
		if i > 0 && sty.Width(strings.TrimRight(line+part, " ,")) > room {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		line += part
	}
	return append(lines, line)
}

// titleParts are a title's parts with what joins them, for a break behind each.
func titleParts(title string) []string {
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(title, ", ", ", \x00"), " · ", " · \x00"), "\x00")
}

// titleHeight is what the titles of a row of panels take.
func (s *sheet) titleHeight() vg.Length {
	most := 1
	for _, row := range s.rows {
		for _, t := range row {
			most = max(most, len(s.titleLines(t.title)))
		}
	}
	return titleHeight + titleLine*vg.Length(most-1)
}

// legendIndent is what heads of legend lines take.
func (s *sheet) legendIndent() (indent vg.Length) {
	for _, e := range s.legend {
		if e.head != "" {
			indent = max(indent, textStyle(textSize, true, ink).Width(e.head)+10)
		}
	}
	return indent
}

// legendLines breaks the legend into lines that fit.
func (s *sheet) legendLines() [][]entry {
	room := s.width - 2*sheetMargin - 30 // the names at the axis
	if indent := s.legendIndent(); indent > 0 {
		room = s.width - 2*sheetMargin - indent
	}
	var lines [][]entry
	var used vg.Length
	for _, e := range s.legend {
		if len(lines) == 0 || e.head != "" || used+e.width() > room {
			lines, used = append(lines, nil), 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		used += e.width()
	}
	return lines
}

// sample is the width of what stands before an entry's label.
func (e entry) sample() vg.Length {
	if e.fill != nil {
		return patchWidth
	}
	return sampleWidth
}

func (e entry) width() vg.Length {
	return e.sample() + 4 + textStyle(textSize, false, ink).Width(e.label) + 12
}

func (s *sheet) legendHeight() vg.Length {
	if n := len(s.legendLines()); n > 0 {
		return vg.Length(n)*entryHeight + 4
	}
	return 0
}

func (s *sheet) drawLegend(c draw.Canvas) {
	sty := textStyle(textSize, false, ink)
	indent := s.legendIndent()
	y := c.Max.Y - entryHeight/2
	for _, line := range s.legendLines() {
		x := c.Min.X + indent
		if h := line[0].head; h != "" {
			c.FillText(textStyle(textSize, true, ink), vg.Point{X: c.Min.X, Y: y - 2.6}, h)
		}
		for _, e := range line {
			e.drawSample(c, vg.Point{X: x, Y: y})
			c.FillText(sty, vg.Point{X: x + e.sample() + 4, Y: y - 2.6}, e.label)
			x += e.width()
		}
		y -= entryHeight
	}
}

// drawSample draws what stands before the label; at is the middle of its left
// edge.
func (e entry) drawSample(c draw.Canvas, at vg.Point) {
	if e.fill != nil {
		box := vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y - 3.4}, Max: vg.Point{X: at.X + patchWidth, Y: at.Y + 3.4}}
		e.fill.paint(c, box)
		c.StrokeLines(draw.LineStyle{Color: axisInk, Width: thinLine},
			[]vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
		return
	}
	if e.line {
		c.StrokeLine2(draw.LineStyle{Color: e.style.color, Width: lineWidth, Dashes: e.style.dashes}, at.X, at.Y, at.X+sampleWidth, at.Y)
	}
	drawMarker(c, e.style, vg.Point{X: at.X + sampleWidth/2, Y: at.Y}, 2.4, 0xff)
}
