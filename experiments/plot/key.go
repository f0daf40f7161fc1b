package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Key holds lines of text for a panel's lower right corner, where curves of
// distributions leave room.
type Key []string

// Plot writes the text over a pale background.
func (k Key) Plot(c draw.Canvas, _ *gonum.Plot) {
	if len(k) == 0 {
		return
	}
	const line = 8.5
	text := textStyle(smallText, false, AxisInk)
	text.XAlign = -1
	at := vg.Point{X: c.Max.X - 3, Y: c.Min.Y + 3}
	var width vg.Length
	for _, l := range k {
		width = max(width, text.Width(l))
	}
	under := vg.Rectangle{Min: vg.Point{X: at.X - width - 3, Y: c.Min.Y + 1}, Max: vg.Point{X: c.Max.X, Y: at.Y + line*vg.Length(len(k))}}
	pale := Paper
	pale.A = 0xd8
	c.SetColor(pale)
	c.Fill(under.Path())
	for i := len(k) - 1; i >= 0; i-- {
		c.FillText(text, at, k[i])
		at.Y += line
	}
}
