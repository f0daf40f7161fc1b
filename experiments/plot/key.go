package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Key writes a heading and lines into a panel's lower right corner, where
// curves of distributions leave room.
type Key struct {
	Heading string
	Lines   []string
}

// Plot writes the text over a pale background.
func (k Key) Plot(c draw.Canvas, _ *gonum.Plot) {
	text := textStyle(textSize-1, false, AxisInk)
	text.XAlign = -1
	at := vg.Point{X: c.Max.X - 3, Y: c.Min.Y + 3}
	width := text.Width(k.Heading)
	for _, l := range k.Lines {
		width = max(width, text.Width(l))
	}
	under := vg.Rectangle{Min: vg.Point{X: at.X - width - 3, Y: c.Min.Y + 1}, Max: vg.Point{X: c.Max.X, Y: at.Y + 8.5*vg.Length(len(k.Lines)+1)}}
	pale := Paper
	pale.A = 0xd8
	c.SetColor(pale)
	c.Fill(under.Path())
	for i := len(k.Lines) - 1; i >= 0; i-- {
		c.FillText(text, at, k.Lines[i])
		at.Y += 8.5
	}
	c.FillText(text, at, k.Heading)
}
