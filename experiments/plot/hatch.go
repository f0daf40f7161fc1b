package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Hatch is the direction of the lines that an area is filled with, in steps of
// 45 degrees; plain has none.
type Hatch uint8

const (
	Plain Hatch = iota
	Level
	Rising
	Upright
	Falling
)

// Fill is how an area looks: colour and hatch both tell it, so that neither
// colour-blind readers nor grey prints lose it.
type Fill struct {
	Color color.NRGBA
	Hatch Hatch
	Lines color.NRGBA // of the hatch
}

// HatchStep lies between two lines of a hatch.
const HatchStep = vg.Length(2.6)

// Paint fills the rectangle. The lines lie on one grid for the whole canvas, so
// that neighbours of one fill join.
func (f Fill) Paint(c draw.Canvas, r vg.Rectangle) {
	c.FillPolygon(f.Color, []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}})
	line := draw.LineStyle{Color: f.Lines, Width: 0.55}
	w, h := r.Max.X-r.Min.X, r.Max.Y-r.Min.Y
	switch f.Hatch {
	case Level:
		for y := firstLine(r.Min.Y); y < r.Max.Y; y += HatchStep {
			c.StrokeLine2(line, r.Min.X, y, r.Max.X, y)
		}
	case Upright:
		for x := firstLine(r.Min.X); x < r.Max.X; x += HatchStep {
			c.StrokeLine2(line, x, r.Min.Y, x, r.Max.Y)
		}
	case Rising, Falling:
		const step = HatchStep * math.Sqrt2
		// x is where the line meets the lower edge (rising) or the upper one,
		// before it is cut to the rectangle: t runs along its height.
		for x := vg.Length(math.Ceil(float64((r.Min.X-h)/step))) * step; x < r.Min.X+w; x += step {
			from, to := max(0, r.Min.X-x), min(h, r.Max.X-x)
			if from >= to {
				continue
			}
			if f.Hatch == Rising {
				c.StrokeLine2(line, x+from, r.Min.Y+from, x+to, r.Min.Y+to)
			} else {
				c.StrokeLine2(line, x+from, r.Max.Y-from, x+to, r.Max.Y-to)
			}
		}
	}
}

// firstLine is the first place of the grid beyond at.
func firstLine(at vg.Length) vg.Length {
	return vg.Length(math.Floor(float64(at/HatchStep))+1) * HatchStep
}

// Hatched is an area of a colour with lines of another.
func Hatched(c color.NRGBA, h Hatch, lines color.NRGBA) Fill {
	return Fill{Color: c, Hatch: h, Lines: lines}
}
