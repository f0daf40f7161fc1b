package verdict

import (
	"fmt"
	"math"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// sideOfRatio decides a pair that has enough blocks. pairs is the number of the
// rule's pairs.
func sideOfRatio(q suite.Rule, p *Pair, pairs int) (Side, string) {
	iv := p.Interval
	if d := q.Differs; d > 0 {
		lo, hi := 1/(1+d), 1+d
		switch {
		case iv.Hi < lo || iv.Lo > hi:
			return Supports, ""
		case !iv.Contains(1) && (iv.Center < lo || iv.Center > hi):
			return p.unlessChance(pairs)
		case iv.Lo >= lo && iv.Hi <= hi:
			return Contradicts, ""
		}
		return Open, fmt.Sprintf("the interval %s lies neither within nor beyond %.3g %% of 1", span(iv), 100*d)
	}
	bound, claimed, wrong := q.Above, iv.Lo > q.Above, iv.Hi <= q.Above
	if q.Below > 0 {
		bound, claimed, wrong = q.Below, iv.Hi < q.Below, iv.Lo >= q.Below
	}
	switch {
	case wrong:
		return Contradicts, ""
	case claimed && bound == 1:
		return p.unlessChance(pairs)
	case claimed:
		return Supports, ""
	}
	return Open, fmt.Sprintf("the interval %s includes %.3g", span(iv), bound)
}

// unlessChance returns Supports if the cells' values differ by more than chance.
func (p *Pair) unlessChance(pairs int) (Side, string) {
	switch least := p.least(pairs); {
	case p.Holm < stats.Alpha:
		return Supports, ""
	case least >= stats.Alpha:
		return Open, fmt.Sprintf("among %s so few blocks cannot show a difference, the least p being %.2g after Holm", count(pairs, "pair"), least)
	}
	return Open, fmt.Sprintf("the two cells' values overlap, %s after Holm", stats.PText(p.Holm))
}

func sideOfGain(q suite.Rule, p *Pair) (Side, string) {
	switch {
	case p.Interval.Lo > q.Above:
		return Supports, ""
	case p.Interval.Hi <= q.Above:
		return Contradicts, ""
	}
	return Open, fmt.Sprintf("the interval %s includes %.3g", span(p.Interval), q.Above)
}

// lean returns how far a centre lies on the claimed side. It is negative on the
// other side.
func lean(q suite.Rule, center float64) float64 {
	switch {
	case q.Kind == suite.RuleGain:
		return center - q.Above
	case q.Differs > 0:
		return math.Abs(math.Log(center)) - math.Log1p(q.Differs)
	case q.Below > 0:
		return math.Log(q.Below / center)
	default:
		return math.Log(center / q.Above)
	}
}
