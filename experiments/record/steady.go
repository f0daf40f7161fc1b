package record

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"lflab/experiments/stats"
)

// Settle judges whether a phase was steady by what the clients saw in each bin:
// the number of answers in a closed loop, the latency in an open loop.
//
// The time before the steady state cannot be cut out of most metrics: one
// histogram holds the latencies of the whole measured time, and CPU time,
// switches and the kernel's stages are read only at its two ends. Metrics that
// need nothing but the bins are also reported for the steady state alone
// (steady_requests_per_second, steady_latency_mean_ns). All others rely on the
// warm-up of the suite. A phase fails if more than steadyLimit of its time
// would have to be cut or if it never settles, unless all its levels lie within
// levelsApart.
//
// levelsApart is wide on purpose. On a virtual machine that shares its cores,
// the speed rises and falls by a third within tenths of a second, in every
// fifth phase of a quarter of a second. Repeated processes average this out;
// leaving such phases out would select among the rest. A short warm-up has a
// smaller effect, but the same one in all processes: Courses finds it.
const (
	steadyLimit   = 0.25 // largest share of the measured time before the steady state
	levelsApart   = 1.00 // largest distance, as a share of the lowest level: a factor of two
	fewestBins    = 20   // needed for a judgement
	fewestAnswers = 10   // per bin on average, needed for a judgement
	goodAnswers   = 100  // per value: smaller bins are merged to reach it
	tooShort      = "too short to tell"
)

// series returns the values to judge, each merged from that many bins: mean
// latencies in an open loop, counts of answers in a closed one. The mean
// latency of bins without an answer is NaN.
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

// between returns the number of answers in the bins [from, to) and their mean
// latency in ns, which is NaN if there were none.
func (b *Bins) between(from, to int) (count, mean float64) {
	sum := 0.0
	for i := from; i < to; i++ {
		count += float64(b.Requests[i])
		sum += float64(b.Requests[i]) * b.MeanNS[i]
	}
	return count, sum / count
}

// merge returns how many bins make one value, or 0 if data are too few.
func (b *Bins) merge() int {
	bins := len(b.Requests)
	answers, _ := b.between(0, bins)
	if bins < fewestBins || answers < fewestAnswers*fewestBins {
		return 0
	}
	wanted := int(math.Ceil(goodAnswers * float64(bins) / answers))
	return max(1, min(wanted, bins/fewestBins))
}

// Settle judges the bins, sets Steady and SteadyFrom, and returns the gate.
func (p *PhaseResult) Settle(open bool) Gate {
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

// apart returns how far the levels lie apart, as a share of the lowest.
func apart(segments []stats.Segment) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range segments {
		least, most = min(least, s.Level), max(most, s.Level)
	}
	return (most - least) / least
}

// Course describes how a phase went in the mean over the processes of a cell.
type Course struct {
	Cell   Cell
	Phase  string
	Trials int
	Course stats.Course
	From   float64 // share of the measured time before the steady state; 1: there is no steady state
	Apart  float64 // distance of the highest level above the lowest, as a share of the lowest
}

// relevant is the smallest distance between levels that is reported, as a share
// of the lowest level. It equals the width to which intervals should shrink.
const relevant = stats.NarrowEnough

// Unsteady returns one line for each phase that was not steady in the mean over
// a cell's processes: its warm-up is too short, or it never settles.
func (r *Run) Unsteady() (lines []string) {
	for _, c := range r.Courses() {
		if c.From == 0 || c.Apart <= relevant {
			continue
		}
		what := fmt.Sprintf("steady after %.0f %% of the measured time only (%s)", 100*c.From, c.Course)
		if c.From == 1 {
			what = "no steady state"
		}
		lines = append(lines, fmt.Sprintf("%s, %s: %s, with levels %.0f %% apart in the mean of %d processes",
			Label(r.Manifest.Axes, c.Cell), c.Phase, what, 100*c.Apart, c.Trials))
	}
	return lines
}

// fewestPooled trials have a mean that says more than one trial does.
const fewestPooled = 3

// Courses judges the phases of each cell by the mean over its trials, bin by
// bin, with each trial as a share of its own median. The noise of single trials
// mostly averages out, because it comes at other times in each; an effect that
// all trials have at the same time stays. Courses leaves out steps, overloads
// and hand-off phases, phases that are too short to tell, and cells with fewer
// than three valid trials.
func (r *Run) Courses() []Course {
	var all []Course
	for _, cell := range r.Cells() {
		for _, p := range r.Manifest.Phases {
			if p.Step != nil || p.Overload || p.Handoff != "" {
				continue
			}
			var trials []*PhaseResult
			for i := range r.Trials {
				t := &r.Trials[i]
				for j := range t.Phases {
					if q := &t.Phases[j]; maps.Equal(t.Cell, cell) && q.Name == p.Name && t.Counts(p.Name) && q.Bins != nil {
						trials = append(trials, q)
					}
				}
			}
			if len(trials) < fewestPooled {
				continue
			}
			if c, ok := pooled(trials); ok {
				c.Cell, c.Phase = cell, p.Name
				all = append(all, c)
			}
		}
	}
	return all
}

// pooled returns the course of the mean over trials, or false if data are few.
func pooled(trials []*PhaseResult) (c Course, ok bool) {
	open := trials[0].OfferedRate > 0
	better := stats.Higher
	if open {
		better = stats.Lower
	}
	merge, length := 0, len(trials[0].Bins.Requests)
	for _, p := range trials {
		m := p.Bins.merge()
		if m == 0 {
			return c, false
		}
		merge, length = max(merge, m), min(length, len(p.Bins.Requests))
	}
	series := make([]float64, length/merge)
	columns := make([][]float64, len(series))
	for _, p := range trials {
		own := p.Bins.series(open, merge)
		middle := stats.Median(slices.DeleteFunc(slices.Clone(own), math.IsNaN))
		for i := range series {
			if v := own[i] / middle; !math.IsNaN(v) && !math.IsInf(v, 0) {
				columns[i] = append(columns[i], v)
			}
		}
	}
	for i := range series {
		series[i] = stats.Mean(columns[i])
	}
	c = Course{Trials: len(trials), Course: stats.Classify(series, better), From: 1, Apart: apart(stats.Segments(series))}
	if cut, settled := stats.Settle(series); settled {
		c.From = float64(cut) / float64(len(series))
	}
	return c, true
}

// steady makes a metric of the bins from the first steady one on.
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
