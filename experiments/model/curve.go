package model

import (
	"math"
	"slices"

	"lflab/experiments/stats"
)

// Curve is one server's prediction along an axis, beside the measurements. X is
// a rate in connections per second, or a spacing in µs. Y is a dispatch latency
// in ns: the mean D, or D2 of a pair's second connection.
type Curve struct {
	MPM    string
	Axis   string // "rate" or "spacing"
	End    End    // where the latency ends
	Inputs Inputs
	Points []Point // in order of X
}

// XY is a point of a drawn line.
type XY struct{ X, Y float64 }

// At returns the prediction at x. It is +Inf at a rate that the server does not
// carry.
func (c *Curve) At(x float64) float64 { return c.of(c.Inputs.Server(c.End), x) }

func (c *Curve) of(s Server, x float64) float64 {
	if c.Axis == spacingAxis {
		return s.Second(x * 1e3)
	}
	return s.Dispatch(x)
}

// Band returns At with an interval over the processes that the inputs come
// from, each with its own inputs. Its upper end is +Inf if one of them does not
// carry the rate.
func (c *Curve) Band(x float64) stats.Interval {
	var each []float64
	beyond := false
	for _, s := range c.Inputs.servers(c.End) {
		each = append(each, c.of(s, x))
		beyond = beyond || math.IsInf(each[len(each)-1], 1)
	}
	iv := stats.Summarise(each)
	if iv.Center = c.At(x); beyond {
		iv.Hi = math.Inf(1)
	}
	return iv
}

// Sample returns n points of the line from lo to hi, and further ones where it
// bends or jumps. It leaves out rates that the server does not carry.
func (c *Curve) Sample(lo, hi float64, n int) []XY {
	var xs []float64
	for i := range n {
		xs = append(xs, lo+(hi-lo)*float64(i)/float64(max(n-1, 1)))
	}
	if c.Axis == spacingAxis {
		for _, bend := range c.Inputs.Server(c.End).Bends() {
			bend /= 1e3
			for _, x := range []float64{math.Nextafter(bend, 0), bend} {
				if lo < x && x < hi {
					xs = append(xs, x)
				}
			}
		}
		slices.Sort(xs)
	}
	var line []XY
	for _, x := range xs {
		if y := c.At(x); !math.IsInf(y, 0) && !math.IsNaN(y) {
			line = append(line, XY{x, y})
		}
	}
	return line
}

// Point is one cell's measurement and prediction, in ns.
type Point struct {
	X         float64        // as requested
	Achieved  float64        // for a spacing, the actual one, at which the prediction is made; for a rate, X
	Measured  stats.Interval // over processes
	Predicted float64        // +Inf at a rate that the server does not carry
	Spreading float64        // the prediction with the measured spread of the gap; for a spacing equal to Predicted
	Source    bool           // the inputs come from this cell
}

// Ratio returns measured over predicted. The prediction is taken as exact.
func (p Point) Ratio() stats.Interval {
	iv := p.Measured
	iv.Center, iv.Lo, iv.Hi = iv.Center/p.Predicted, iv.Lo/p.Predicted, iv.Hi/p.Predicted
	return iv
}

// Residual returns measured over predicted, minus 1. If it is positive, the
// measured time is longer.
func (p Point) Residual() float64 { return p.Ratio().Center - 1 }

// Excess returns measured minus predicted, in ns.
func (p Point) Excess() float64 { return p.Measured.Center - p.Predicted }

// Carried reports whether there is a prediction.
func (p Point) Carried() bool { return !math.IsInf(p.Predicted, 0) && !math.IsNaN(p.Predicted) }

// achieved returns the actual spacing of pairs in µs: the median over processes
// of their medians, or the requested spacing if it was not measured.
func achieved(samples []sample, asked float64) float64 {
	var medians []float64
	for _, s := range samples {
		if s.phase == nil || s.phase.PairSpacing == nil {
			continue
		}
		if p50, ok := s.phase.PairSpacing.Quantile(0.5); ok {
			medians = append(medians, p50/1e3)
		}
	}
	if len(medians) == 0 {
		return asked
	}
	return stats.Summarise(medians).Center
}

// curve combines the points of one server. It returns nil if there are no
// values.
func curve(axis string, end End, in Inputs, samples []sample, value func(*sample) (float64, bool)) *Curve {
	c := &Curve{MPM: in.MPM, Axis: axis, End: end, Inputs: in}
	own, source := func(s sample) float64 { return s.rate }, in.Rate
	if axis == spacingAxis {
		own, source = func(s sample) float64 { return s.spacing }, in.Spacing
	}
	for _, of := range split(samples, own) {
		var values []float64
		for i := range of {
			if v, ok := value(&of[i]); ok {
				values = append(values, v)
			}
		}
		if len(values) == 0 {
			continue
		}
		x := own(of[0])
		real := x
		if axis == spacingAxis {
			real = achieved(of, x)
		}
		c.Points = append(c.Points, Point{
			X: x, Achieved: real, Measured: stats.Summarise(values), Source: x == source,
			Predicted: c.At(real), Spreading: c.of(in.Spreading(end), real),
		})
	}
	if len(c.Points) == 0 {
		return nil
	}
	slices.SortFunc(c.Points, func(a, b Point) int { return int(math.Copysign(1, a.X-b.X)) })
	return c
}
