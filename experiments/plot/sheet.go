package plot

import (
	"image/color"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sheet is one figure as printed: panels in rows and columns whose data areas
// line up. Its legend lies above them, where it cannot cover data.
type Sheet struct {
	Width  vg.Length
	Row    vg.Length // height of a row of panels, with axes
	Rows   [][]Tile  // all of the same length
	Legend []Entry
	Few    string // for the caption: which cells are shown, if not all
	Alt    string // what the figure shows, for readers who cannot see it
}

// Tile is one panel, empty if Plot is nil.
type Tile struct {
	Plot  *gonum.Plot
	Title string
}

// Entry is a sample and a label in the legend.
type Entry struct {
	Label string
	Style Style
	Line  bool // draw a piece of line under the marker

	Fill  *Fill  // if not nil, draw a patch of it instead of the marker
	Head  string // if not empty, begin a line of the legend with this heading
	Group int    // number of the heading; callers use it to set Head once
}

const (
	titleHeight  = 13 // points, as all of these; a title of one line
	titleLine    = 9  // each further line
	entryHeight  = 11
	sheetMargin  = 4
	betweenRows  = 8
	betweenTiles = 12
	sampleWidth  = 20 // a legend's piece of line
	patchWidth   = 12 // a legend's patch
)

// NewPanel returns an empty panel with linear axes, labelled x and y, and a
// grid.
func NewPanel(x, y string) *gonum.Plot {
	p := gonum.New()
	p.BackgroundColor = nil
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*gonum.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = face(textSize, false)
		a.Label.TextStyle.Color = Ink
		a.Label.Padding = 3
		a.Tick.Label.Font = face(textSize-0.5, false)
		a.Tick.Label.Color = Ink
		a.Tick.Length = 3
		a.Tick.LineStyle = draw.LineStyle{Color: AxisInk, Width: thinLine}
		a.LineStyle = draw.LineStyle{Color: AxisInk, Width: thinLine}
		a.Padding = 0
		a.Tick.Marker = gonum.TickerFunc(LinearTicks)
	}
	g := plotter.NewGrid()
	g.Horizontal = draw.LineStyle{Color: gridInk, Width: thinLine}
	g.Vertical = g.Horizontal
	p.Add(g)
	return p
}

// LogAxis makes an axis logarithmic from lo to hi. Both must be positive.
func LogAxis(a *gonum.Axis, lo, hi float64) {
	a.Scale, a.Tick.Marker = gonum.LogScale{}, gonum.TickerFunc(logTicks)
	a.Min, a.Max = lo, hi
}

func textStyle(size vg.Length, bold bool, c color.Color) text.Style {
	return text.Style{
		Color: c, Font: face(size, bold), Handler: gonum.DefaultTextHandler,
		XAlign: text.XLeft, YAlign: text.YBottom,
	}
}

// Height returns the height of the sheet with its legend, titles and margins.
func (s *Sheet) Height() vg.Length {
	n := vg.Length(len(s.Rows))
	return s.legendHeight() + n*(s.Row+s.titleHeight()) + (n-1)*betweenRows + 2*sheetMargin
}

// draw draws the sheet on c, which must have the sheet's size.
func (s *Sheet) draw(c draw.Canvas) {
	c.SetColor(Paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, sheetMargin, -sheetMargin, sheetMargin, -sheetMargin)
	plots := make([][]*gonum.Plot, len(s.Rows))
	for j, row := range s.Rows {
		for _, t := range row {
			plots[j] = append(plots[j], t.printed())
		}
	}
	tiles := draw.Tiles{
		Rows: len(s.Rows), Cols: len(s.Rows[0]),
		PadTop: s.titleHeight(), PadX: betweenTiles, PadY: s.titleHeight() + betweenRows,
	}
	canvases := gonum.Align(plots, tiles, draw.Crop(c, 0, 0, 0, -s.legendHeight()))
	var left vg.Length
	for j, row := range s.Rows {
		for i, t := range row {
			p := plots[j][i]
			if p == nil {
				continue
			}
			p.Draw(canvases[j][i])
			data := p.DataCanvas(canvases[j][i])
			if i == 0 {
				left = data.Min.X
			}
			lines := s.titleLines(t.Title)
			for k, line := range lines {
				c.FillText(textStyle(textSize, true, Ink), vg.Point{X: data.Min.X, Y: data.Max.Y + 4 + titleLine*vg.Length(len(lines)-1-k)}, line)
			}
		}
	}
	if s.legendIndent() > 0 { // the headings begin at the left, above the rows' names
		left = c.Min.X
	}
	s.drawLegend(draw.Crop(c, left-c.Min.X, 0, 0, 0))
}

// printed returns the tile's plot as it is drawn, nil if it is empty: with
// seconds on long axes, and without the description that is its title.
func (t Tile) printed() *gonum.Plot {
	if t.Plot == nil {
		return nil
	}
	p := *t.Plot
	p.Title.Text = ""
	showSeconds(&p.X)
	showSeconds(&p.Y)
	return &p
}

// titleLines breaks a panel's title between its parts, so that it does not run
// into the next panel's. If only the first panel of each row has a title, it
// may be as long as the row.
func (s *Sheet) titleLines(title string) []string {
	const names = 26 // width of an axis' labels, in points
	columns := vg.Length(len(s.Rows[0]))
	for _, row := range s.Rows {
		if titled := slices.ContainsFunc(row[1:], func(t Tile) bool { return t.Title != "" }); titled {
			columns = vg.Length(len(row))
			break
		}
		columns = 1
	}
	room := (s.Width-2*sheetMargin)/columns - betweenTiles - names
	sty := textStyle(textSize, true, Ink)
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

// titleParts splits a title behind each separator, which stays with the part
// before it.
func titleParts(title string) []string {
	return strings.Split(strings.ReplaceAll(strings.ReplaceAll(title, ", ", ", \x00"), " · ", " · \x00"), "\x00")
}

// titleHeight returns the height of the titles of a row of panels.
func (s *Sheet) titleHeight() vg.Length {
	most := 1
	for _, row := range s.Rows {
		for _, t := range row {
			most = max(most, len(s.titleLines(t.Title)))
		}
	}
	return titleHeight + titleLine*vg.Length(most-1)
}

// legendIndent returns the width of the widest heading of the legend, 0 if
// there are none.
func (s *Sheet) legendIndent() (indent vg.Length) {
	for _, e := range s.Legend {
		if e.Head != "" {
			indent = max(indent, textStyle(textSize, true, Ink).Width(e.Head)+10)
		}
	}
	return indent
}

// legendLines breaks the legend into lines that fit the sheet's width.
func (s *Sheet) legendLines() [][]Entry {
	room := s.Width - 2*sheetMargin - 30 // the names at the axis
	if indent := s.legendIndent(); indent > 0 {
		room = s.Width - 2*sheetMargin - indent
	}
	var lines [][]Entry
	var used vg.Length
	for _, e := range s.Legend {
		if len(lines) == 0 || e.Head != "" || used+e.width() > room {
			lines, used = append(lines, nil), 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		used += e.width()
	}
	return lines
}

// sample returns the width of the sample before an entry's label.
func (e Entry) sample() vg.Length {
	if e.Fill != nil {
		return patchWidth
	}
	return sampleWidth
}

func (e Entry) width() vg.Length {
	return e.sample() + 4 + textStyle(textSize, false, Ink).Width(e.Label) + 12
}

func (s *Sheet) legendHeight() vg.Length {
	if n := len(s.legendLines()); n > 0 {
		return vg.Length(n)*entryHeight + 4
	}
	return 0
}

func (s *Sheet) drawLegend(c draw.Canvas) {
	sty := textStyle(textSize, false, Ink)
	indent := s.legendIndent()
	y := c.Max.Y - entryHeight/2
	for _, line := range s.legendLines() {
		x := c.Min.X + indent
		if h := line[0].Head; h != "" {
			c.FillText(textStyle(textSize, true, Ink), vg.Point{X: c.Min.X, Y: y - 2.6}, h)
		}
		for _, e := range line {
			e.drawSample(c, vg.Point{X: x, Y: y})
			c.FillText(sty, vg.Point{X: x + e.sample() + 4, Y: y - 2.6}, e.Label)
			x += e.width()
		}
		y -= entryHeight
	}
}

// drawSample draws the sample before the label. at is the middle of its left
// edge.
func (e Entry) drawSample(c draw.Canvas, at vg.Point) {
	if e.Fill != nil {
		box := vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y - 3.4}, Max: vg.Point{X: at.X + patchWidth, Y: at.Y + 3.4}}
		e.Fill.Paint(c, box)
		c.StrokeLines(draw.LineStyle{Color: AxisInk, Width: thinLine},
			[]vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
		return
	}
	if e.Line {
		c.StrokeLine2(draw.LineStyle{Color: e.Style.Color, Width: lineWidth, Dashes: e.Style.Dashes}, at.X, at.Y, at.X+sampleWidth, at.Y)
	}
	drawMarker(c, e.Style, vg.Point{X: at.X + sampleWidth/2, Y: at.Y}, 2.4, max(e.Style.Color.A, 1))
}
