package figure

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// hatch is the direction of the lines that an area is filled with, in steps of
// 45 degrees; plain has none.
type hatch uint8

const (
	plain hatch = iota
	level
	rising
	upright
	falling
)

// fill is how an area looks: colour and hatch both tell it, so that neither
// colour-blind readers nor grey prints lose it.
type fill struct {
	color color.NRGBA
	hatch hatch
	lines color.NRGBA // of the hatch
}

// hatchStep lies between two lines of a hatch.
const hatchStep = vg.Length(2.6)

// paint fills the rectangle. The lines lie on one grid for the whole canvas, so
// that neighbours of one fill join.
func (f fill) paint(c draw.Canvas, r vg.Rectangle) {
	c.FillPolygon(f.color, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
	line := draw.LineStyle{Color: f.lines, Width: 0.55}
	w, h := r.Max.X-r.Min.X, r.Max.Y-r.Min.Y
	switch f.hatch {
	case level:
		for y := firstLine(r.Min.Y); y < r.Max.Y; y += hatchStep {
			c.StrokeLine2(line, r.Min.X, y, r.Max.X, y)
		}
	case upright:
		for x := firstLine(r.Min.X); x < r.Max.X; x += hatchStep {
			c.StrokeLine2(line, x, r.Min.Y, x, r.Max.Y)
		}
	case rising, falling:
		const step = hatchStep * math.Sqrt2
		// x is where the line meets the lower edge (rising) or the upper one,
		// before it is cut to the rectangle: t runs along its height.
		for x := vg.Length(math.Ceil(float64((r.Min.X-h)/step))) * step; x < r.Min.X+w; x += step {
			from, to := max(0, r.Min.X-x), min(h, r.Max.X-x)
			if from >= to {
				continue
			}
			if f.hatch == rising {
				c.StrokeLine2(line, x+from, r.Min.Y+from, x+to, r.Min.Y+to)
			} else {
				c.StrokeLine2(line, x+from, r.Max.Y-from, x+to, r.Max.Y-to)
			}
		}
	}
}

// firstLine is the first place of the grid beyond at.
func firstLine(at vg.Length) vg.Length {
	return vg.Length(math.Floor(float64(at/hatchStep))+1) * hatchStep
}
