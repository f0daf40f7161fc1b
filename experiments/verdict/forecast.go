package verdict

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// mostForecast is the largest number of blocks that a forecast gives.
const mostForecast = 1000

// assurance is the standard normal quantile of the probability with which the
// blocks of a forecast decide: 80 %.
const assurance = 0.8416

// Forecast says how many blocks would decide what is undecided with a
// probability of 80 %, if centre and spread stay as they are.
type Forecast struct {
	Blocks  int           // in total; 0 if no number up to 1000 would
	More    int           // of them, those that are missing now
	Time    time.Duration // that these take, for the cells in question
	Cells   []record.Cell // that they need
	Unknown bool          // there are too few blocks to know a spread
}

// Text writes the forecast for a sentence.
func (f *Forecast) Text() string {
	switch {
	case f.Unknown:
		return "too few blocks for a forecast"
	case f.Blocks == 0:
		return fmt.Sprintf("if centre and spread stay, no number of blocks up to %d would decide it", mostForecast)
	}
	return fmt.Sprintf("about %d blocks would decide it with a probability of 80 %% (%d more, %s), if centre and spread stay", f.Blocks, f.More, about(f.Time))
}

// about rounds a time for readers.
func about(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%.0f s", math.Ceil(d.Seconds()))
	}
	return fmt.Sprintf("%.0f min", math.Ceil(d.Minutes()))
}

// blocksNeeded returns the fewest blocks, more than there are, with which one
// of k pairs would be decided. It is 0 if no number would. The interval of n
// blocks is taken to be Student's, wider by what ranks lose for a normal
// distribution (the square root of pi/3, Hodges and Lehmann 1956) and by how
// far its centre may move.
func (p *Pair) blocksNeeded(q suite.Rule, k int) int {
	spread := p.Effect.Spread()
	if math.IsInf(spread, 0) || math.IsNaN(spread) || math.IsInf(p.Effect.Center, 0) || p.Effect.Center == 0 && !p.gain {
		return 0
	}
	confirm, contradict := levels(q, k)
	expected := func(n int, level float64) stats.Interval {
		if stats.LeastPaired(n) > 1-level {
			return everything
		}
		t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile((1 + level) / 2)
		half := (t + assurance) * spread * math.Sqrt(math.Pi/3/float64(n))
		if p.gain {
			return stats.Interval{Lo: p.Effect.Center - half, Hi: p.Effect.Center + half}
		}
		return stats.Interval{Lo: p.Effect.Center * math.Exp(-half), Hi: p.Effect.Center * math.Exp(half)}
	}
	for n := max(stats.Fewest, p.Effect.N+1); n <= mostForecast; n++ {
		if decide(q, expected(n, confirm), expected(n, contradict)) != Undecided {
			return n
		}
	}
	return 0
}

// forecast sets the forecast of an undecided rule from its undecided pairs.
func (t *trials) forecast(r *RuleResult) {
	if r.Outcome != Undecided || len(r.Pairs) == 0 || r.Rule.Kind == suite.RuleRanking || r.Rule.Along != "" {
		return
	}
	var best *Forecast
	for i := range r.Pairs {
		p := &r.Pairs[i]
		if p.Outcome != Undecided {
			continue
		}
		f := &Forecast{Unknown: p.Effect.N < 2, Cells: []record.Cell{p.Of.Cell, p.To.Cell}}
		if f.Blocks = p.blocksNeeded(r.Rule, len(r.Pairs)); f.Blocks > 0 {
			f.More = f.Blocks - p.Effect.N
		}
		best = best.with(f, r.Rule.Each == suite.EachAny)
	}
	best.Time = t.timeOf(best.Cells, best.More)
	r.Forecast = best
}

// with returns the forecast for two pairs of which either must be decided, or
// both.
func (f *Forecast) with(g *Forecast, either bool) *Forecast {
	known := func(f *Forecast) bool { return !f.Unknown && f.Blocks > 0 }
	switch {
	case f == nil:
		return g
	case either && (known(f) && (!known(g) || f.Blocks <= g.Blocks)):
		return f
	case either:
		return g
	}
	f.Cells = append(f.Cells, g.Cells...)
	f.Unknown = f.Unknown || g.Unknown
	if f.Blocks == 0 || g.Blocks == 0 {
		f.Blocks, f.More = 0, 0
	} else {
		f.Blocks, f.More = max(f.Blocks, g.Blocks), max(f.More, g.More)
	}
	return f
}

// timeOf returns the time that so many trials of each cell take, by the trials
// that were run.
func (t *trials) timeOf(cells []record.Cell, more int) time.Duration {
	seen := map[string]bool{}
	var seconds float64
	for _, c := range cells {
		k := key(c)
		if ran := t.byCell[k]; !seen[k] && len(ran) > 0 {
			seen[k] = true
			for _, tr := range ran {
				seconds += tr.DurationS * float64(more) / float64(len(ran))
			}
		}
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}
