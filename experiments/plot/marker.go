package plot

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// marker is the outline of a glyph of radius 1, as closed polygons. nil is a
// circle.
type marker [][]vg.Point

var (
	circle   marker
	square   = marker{polygon(4, 45)}
	triangle = marker{polygon(3, 90)}
	diamond  = marker{polygon(4, 90)}
	inverted = marker{polygon(3, -90)}
	pentagon = marker{polygon(5, 90)}
	plus     = marker{armed(0)}
	cross    = marker{armed(45)}
	bar      = marker{{{X: -1, Y: -0.4}, {X: 1, Y: -0.4}, {X: 1, Y: 0.4}, {X: -1, Y: 0.4}}}
	pillar   = marker{{{X: -0.42, Y: -1.2}, {X: 0.42, Y: -1.2}, {X: 0.42, Y: 1.2}, {X: -0.42, Y: 1.2}}}

	star      = marker{spiked(5, 0.62)}
	rightward = marker{polygon(3, 0)}
	leftward  = marker{polygon(3, 180)}
	hourglass = marker{{{X: -1.1, Y: 1.1}, {X: 1.1, Y: 1.1}, {}}, {{X: 1.1, Y: -1.1}, {X: -1.1, Y: -1.1}, {}}}
	dome      = marker{half(0)}
	bowl      = marker{half(math.Pi)}
)

// polygon returns a regular polygon with a corner at the angle. It has the area
// of the circle of radius 1, so that no marker looks heavier than another, but
// its own radius is at most 1.35.
func polygon(corners int, degrees float64) []vg.Point {
	n := float64(corners)
	r := math.Sqrt(2 * math.Pi / (n * math.Sin(2*math.Pi/n)))
	r = math.Min(r, 1.35)
	pts := make([]vg.Point, corners)
	for i := range pts {
		sin, cos := math.Sincos(degrees*math.Pi/180 + float64(i)*2*math.Pi/n)
		pts[i] = vg.Point{X: vg.Length(r * cos), Y: vg.Length(r * sin)}
	}
	return pts
}

// spiked returns a star with one corner at the top. Its notches lie at the
// radius inner.
func spiked(corners int, inner float64) []vg.Point {
	var pts []vg.Point
	for i := range 2 * corners {
		r := 1.5
		if i%2 == 1 {
			r = inner
		}
		sin, cos := math.Sincos(math.Pi/2 + float64(i)*math.Pi/float64(corners))
		pts = append(pts, vg.Point{X: vg.Length(r * cos), Y: vg.Length(r * sin)})
	}
	return pts
}

// half returns a half disc with its straight side below, turned by 0 or π. The
// middle of its height is the origin.
func half(turn float64) []vg.Point {
	const r, corners = 1.3, 12
	var pts []vg.Point
	for i := range corners + 1 {
		sin, cos := math.Sincos(turn + float64(i)*math.Pi/corners)
		_, up := math.Sincos(turn)
		pts = append(pts, vg.Point{X: vg.Length(r * cos), Y: vg.Length(r*sin - up*r/2)})
	}
	return pts
}

// armed returns a plus sign, turned by an angle.
func armed(degrees float64) []vg.Point {
	const l, w = 1.25, 0.42
	pts := []vg.Point{
		{X: -w, Y: l}, {X: w, Y: l}, {X: w, Y: w}, {X: l, Y: w}, {X: l, Y: -w}, {X: w, Y: -w},
		{X: w, Y: -l}, {X: -w, Y: -l}, {X: -w, Y: -w}, {X: -l, Y: -w}, {X: -l, Y: w}, {X: -w, Y: w},
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	for i, p := range pts {
		pts[i] = vg.Point{X: p.X*vg.Length(cos) - p.Y*vg.Length(sin), Y: p.X*vg.Length(sin) + p.Y*vg.Length(cos)}
	}
	return pts
}

// path returns the marker's outline around pt, with radius r.
func (m marker) path(pt vg.Point, r vg.Length) vg.Path {
	var p vg.Path
	if m == nil {
		p.Move(vg.Point{X: pt.X + r, Y: pt.Y})
		p.Arc(pt, r, 0, 2*math.Pi)
		p.Close()
		return p
	}
	for _, poly := range m {
		for i, c := range poly {
			at := vg.Point{X: pt.X + c.X*r, Y: pt.Y + c.Y*r}
			if i == 0 {
				p.Move(at)
			} else {
				p.Line(at)
			}
		}
		p.Close()
	}
	return p
}

// on reports whether a point can lie on a page. The PNG renderer would be busy
// for an hour with a coordinate that is NaN or very large.
func on(pt vg.Point) bool {
	const far = 1e5 // points
	return math.Abs(float64(pt.X)) < far && math.Abs(float64(pt.Y)) < far
}

// drawMarker draws a filled marker. An opaque one (alpha 0xff) gets a thin
// white rim, which separates it from its neighbours.
func drawMarker(c draw.Canvas, s Style, pt vg.Point, r vg.Length, alpha uint8) {
	if !on(pt) {
		return
	}
	p := s.Marker.path(pt, r)
	c.SetLineStyle(draw.LineStyle{Color: Paper, Width: 1})
	if alpha == 0xff {
		c.Stroke(p)
	}
	c.SetColor(s.pale(alpha))
	c.Fill(p)
}

// drawHollow draws the outline of a marker, for trials that do not count.
func drawHollow(c draw.Canvas, s Style, pt vg.Point, r vg.Length) {
	if !on(pt) {
		return
	}
	p := s.Marker.path(pt, r)
	c.SetColor(Paper)
	c.Fill(p)
	c.SetLineStyle(draw.LineStyle{Color: s.Color, Width: 0.7})
	c.Stroke(p)
}
