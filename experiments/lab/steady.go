package lab

import (
	"fmt"
	"math"

	"lflab/experiments/stats"
)

// Whether a phase was in its steady state is judged by what the clients saw bin
// by bin: how many answers in a closed loop, how long they took in an open one.
//
// Latencies are kept in one histogram for the whole measured time, and CPU time,
// switches and the kernel's stages are read at its two ends: the time before the
// steady state cannot be cut out of them. What can be computed from the bins
// alone is also told for the steady state alone (steady_requests_per_second,
// steady_latency_mean_ns). For all else the warm-up of the suite must do, and a
// phase that asks for more than steadyLimit of its time to be cut, or that never
// settles, does not pass, unless its levels are all within levelsApart: processes
// of one cell differ by as much.
const (
	steadyLimit   = 0.25 // share of the measured time before the steady state
	levelsApart   = 0.10 // of the lowest level
	fewestBins    = 20   // that are judged
	fewestAnswers = 10   // per bin, on the average, that are judged
	goodAnswers   = 100  // per bin: small bins are put together to have as many
	tooShort      = "too short to tell"
)

// series is what is judged, put together from so many bins per value. A bin
// without an answer has no latency: it gives NaN.
func (b *Bins) series(open bool, merge int) []float64 {
	vs := make([]float64, 0, len(b.Requests)/merge)
	for from := 0; from+merge <= len(b.Requests); from += merge {
		count, mean := b.between(from, from+merge)
		if open {
			vs = append(vs, mean)
		} else {
			vs = append(vs, count)
		}
	}
	return vs
}

// between is how many answers some bins hold, and their mean latency in ns; NaN
// where there is none.
func (b *Bins) between(from, to int) (count, mean float64) {
	sum := 0.0
	for i := from; i < to; i++ {
		count += float64(b.Requests[i])
		sum += float64(b.Requests[i]) * b.MeanNS[i]
	}
	return count, sum / count
}

// merge is how many bins are put together to one value; 0: there is too little
// of them to tell anything.
func (b *Bins) merge() int {
	bins := len(b.Requests)
	answers, _ := b.between(0, bins)
	if bins < fewestBins || answers < fewestAnswers*fewestBins {
		return 0
	}
	wanted := int(math.Ceil(goodAnswers * float64(bins) / answers))
	return max(1, min(wanted, bins/fewestBins))
}

// settle judges the bins of a phase, and writes down what it finds.
func (p *PhaseResult) settle(open bool) Gate {
	g := Gate{Name: "steady", Phase: p.Name, OK: true, Limit: steadyLimit}
	what, better := "number of answers", stats.Higher
	if open {
		what, better = "latency", stats.Lower
	}
	merge := 0
	if p.Bins != nil {
		merge = p.Bins.merge()
	}
	if merge == 0 {
		p.Steady = tooShort
		g.Detail = "the phase was too short to tell whether it was steady"
		return g
	}
	series := p.Bins.series(open, merge)
	course := stats.Classify(series, better)
	p.Steady = course.String()
	g.Detail = fmt.Sprintf("the %s was steady from the start", what)
	switch cut, ok := stats.Settle(series); {
	case !ok:
		g.Value = 1
		g.Detail = fmt.Sprintf("the %s still changed in the second half of the measured time", what)
	case cut > 0:
		p.SteadyFrom = cut * merge
		g.Value = float64(cut) / float64(len(series))
		g.Detail = fmt.Sprintf("the %s was steady after %.0f %% of the measured time (%s)", what, 100*g.Value, course)
	}
	if g.OK = g.Value <= g.Limit; !g.OK {
		if apart := apart(stats.Segments(series)); apart <= levelsApart {
			g.OK, g.Limit = true, g.Value
			g.Detail += fmt.Sprintf(", by %.0f %% at most", 100*apart)
		}
	}
	return g
}

// apart is how far the highest level lies above the lowest, as a share of that.
func apart(segments []stats.Segment) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range segments {
		least, most = min(least, s.Level), max(most, s.Level)
	}
	return (most - least) / least
}

// steady is a number of the bins in the steady state.
func steady(of func(b *Bins, from int) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Bins == nil || p.Steady == "" || p.Steady == tooShort || p.Steady == stats.Unsettled.String() {
			return 0, false
		}
		v := of(p.Bins, p.SteadyFrom)
		return v, !math.IsNaN(v)
	}
}

func steadyRate(b *Bins, from int) float64 {
	count, _ := b.between(from, len(b.Requests))
	return count / (b.WidthS * float64(len(b.Requests)-from))
}

func steadyLatency(b *Bins, from int) float64 {
	_, mean := b.between(from, len(b.Requests))
	return mean
}
