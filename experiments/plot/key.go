package plot

import (
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Key holds lines of text for a panel's lower right corner, where curves of
// distributions leave room.
type Key []string

// Plot writes the text.
func (k Key) Plot(c draw.Canvas, _ *gonum.Plot) {
	if len(k) == 0 {
		return
	}
	const line = 8.5
	text := textStyle(smallText, false, AxisInk)
	text.XAlign = -1
	at := vg.Point{X: c.Max.X - 3, Y: c.Min.Y + 3}
	for i := len(k) - 1; i >= 0; i-- {
		c.FillText(text, at, k[i])
		at.Y += line
	}
}
