package model

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"lflab/experiments/stats"
)

// Residual is the distance of the measurements from the prediction, over a
// curve's points. Shares are measured over predicted, minus 1.
type Residual struct {
	Points    int     // points that it covers: those that the inputs do not come from, or else all
	InSample  bool    // it covers only points that the inputs come from
	Median    float64 // share
	Spreading float64 // median share with the measured spread of the gap; NaN if unknown
	Largest   Point   // the point with the largest share, up or down
	Beyond    int     // rates that the server does not carry according to the model; not covered
}

// Residual summarises the curve.
func (c *Curve) Residual() Residual {
	var r Residual
	for _, source := range []bool{false, true} {
		var shares, spreading []float64
		for _, p := range c.Points {
			switch {
			case p.Source != source:
				continue
			case !p.Carried():
				r.Beyond++
				continue
			}
			if r.Points == 0 || math.Abs(p.Residual()) > math.Abs(r.Largest.Residual()) {
				r.Largest = p
			}
			r.Points++
			shares = append(shares, p.Residual())
			spreading = append(spreading, p.Measured.Center/p.Spreading-1)
		}
		if r.Points > 0 {
			r.Median, r.InSample = stats.Summarise(shares).Center, source
			if r.Spreading = math.NaN(); c.Axis == rateAxis && c.Inputs.Spread.N > 0 {
				r.Spreading = stats.Summarise(spreading).Center
			}
			return r
		}
	}
	return r
}

// Sentence describes the residual.
func (c *Curve) Sentence() string {
	r := c.Residual()
	what, unit := "mean D", "connections/s"
	places := "rates"
	if c.Axis == spacingAxis {
		what, unit, places = "D of a pair's second connection", "µs between the two", "spacings"
	}
	beyond := ""
	if r.Beyond > 0 {
		beyond = fmt.Sprintf(" Not counted: %d of its rates, above the %s connections/s that the model says it can take.", r.Beyond, roughly(c.Inputs.Server(c.End).Capacity(1)))
	}
	if r.Points == 0 {
		return c.MPM + ": there is no point to hold the prediction against." + beyond
	}
	p := r.Largest
	far := fmt.Sprintf("at %s %s, where the measured %s is %s µs and the predicted %.1f µs", exactly(p.X), unit, what, micro(p.Measured), p.Predicted/1e3)
	text := ""
	switch {
	case r.InSample:
		text = fmt.Sprintf("%s: the measured %s lies %s the predicted (%+.1f µs) %s; the inputs come from there.", c.MPM, what, side(r.Median), p.Excess()/1e3, far)
	case r.Points == 1:
		text = fmt.Sprintf("%s: the measured %s lies %s the predicted (%+.1f µs) %s.", c.MPM, what, side(r.Median), p.Excess()/1e3, far)
	default:
		text = fmt.Sprintf("%s: the measured %s lies %s the predicted in the median of %d %s, and %s it (%+.1f µs) at the farthest, %s.",
			c.MPM, what, side(r.Median), r.Points, places, side(p.Residual()), p.Excess()/1e3, far)
	}
	if !math.IsNaN(r.Spreading) {
		text += fmt.Sprintf(" With the gap's spread as measured it lies %s it.", side(r.Spreading))
	}
	return text + beyond
}

// side formats a share: "12 % above".
func side(share float64) string {
	switch percent := 100 * share; {
	case math.Abs(percent) < 0.5:
		return "within 1 % of"
	case percent > 0:
		return fmt.Sprintf("%.0f %% above", percent)
	default:
		return fmt.Sprintf("%.0f %% below", -percent)
	}
}

// micro formats an interval of ns in µs.
func micro(iv stats.Interval) string {
	iv.Center, iv.Lo, iv.Hi = iv.Center/1e3, iv.Lo/1e3, iv.Hi/1e3
	return iv.String()
}

// exactly formats a value of an axis. roughly formats a computed value with
// three significant digits.
func exactly(x float64) string { return thousands(strconv.FormatFloat(x, 'f', -1, 64)) }

func roughly(x float64) string {
	step := math.Pow(10, math.Floor(math.Log10(x))-2)
	return thousands(fmt.Sprintf("%.0f", math.Round(x/step)*step))
}

// thousands puts commas between groups of three digits.
func thousands(number string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	return whole
}
