package plot

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Hatch is the direction of the lines that fill an area.
type Hatch uint8

const (
	Plain   Hatch = iota // no lines
	Level                // horizontal
	Rising               // to the right
	Upright              // vertical
	Falling              // to the right
)

// Fill says how an area is painted. Areas differ in both colour and hatch, so
// that colour-blind readers and readers of grey prints can tell them apart.
type Fill struct {
	Color color.NRGBA
	Hatch Hatch
	Lines color.NRGBA // of the hatch
}

// HatchStep is the distance between two lines of a hatch, in points.
const HatchStep = vg.Length(2.6)

// Paint fills the rectangle. Lines lie on one grid for the whole canvas, so
// that they continue across adjacent rectangles with the same fill.
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
		// x is where the uncut line meets the lower edge (Rising) or the upper
		// edge (Falling). from and to are the heights, measured from that edge,
		// between which it lies within the rectangle.
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

// firstLine returns the first position of the grid beyond at.
func firstLine(at vg.Length) vg.Length {
	return vg.Length(math.Floor(float64(at/HatchStep))+1) * HatchStep
}

// Hatched returns a fill of a colour with lines of another colour.
func Hatched(c color.NRGBA, h Hatch, lines color.NRGBA) Fill {
	return Fill{Color: c, Hatch: h, Lines: lines}
}
