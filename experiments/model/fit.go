package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Fit is the prediction for one group of cells, beside the measurements.
type Fit struct {
	Suite, Phase string
	Axis         string   // "rate" or "spacing"
	Group        string   // values of the axes that the model does not know; may be empty
	Curves       []*Curve // leader, worker; one of them may be missing

	Ratios []RatioPoint // in order of X; empty unless both curves exist
	// Where the leader stops being faster; for rates only.
	Predicted, Measured Crossing
}

// RatioPoint is the ratio of the leader's dispatch latency to the worker's.
type RatioPoint struct {
	X         float64
	Measured  stats.Interval // over blocks
	Predicted float64        // NaN if one of the predictions is missing
}

// Crossing is the rate per second from which on the leader's mean D is no
// longer lower than the worker's.
type Crossing struct {
	Found    bool
	Rate     float64
	From, To float64 // the measured rates around it, or all measured rates if it was not found
	InRange  bool    // it lies within the measured rates
	Sure     bool    // measured only: the intervals of the ratio at From and To exclude 1; if not found, all intervals do
	Few      bool    // measured only: some ratio rests on too few blocks for an interval; nothing else but From and To is known
	Ahead    bool    // not found, and the leader's D is lower everywhere
}

// Predict compares the model with the mean dispatch latency that the kernel
// probe measured at each rate of a phase. A suite without the axis "rate" has
// one rate, that of the load. A closed loop has none, which is an error.
func Predict(run *record.Run, phase string) ([]Fit, error) {
	fits, err := predict(run, phase, rateAxis, AtRead, func(s *sample) (float64, bool) { return s.dispatch, s.dispatch > 0 && s.rate > 0 })
	if err != nil {
		return nil, err
	}
	for i := range fits {
		fits[i].cross()
	}
	return fits, nil
}

// PredictPairs compares the model with the dispatch latency of the second
// connection of each pair. d2 extracts that latency from a phase, in ns. The
// axis "spacing" is in µs. end says where the latency ends; for AtHandler,
// probe and recorder must have been on together.
func PredictPairs(run *record.Run, phase string, d2 func(*record.PhaseResult) (float64, bool), end End) ([]Fit, error) {
	if !slices.ContainsFunc(run.Manifest.Axes, func(a record.Axis) bool { return a.Name == spacingAxis }) {
		return nil, fmt.Errorf("predict pairs: suite %s has no axis %q", run.Manifest.Suite, spacingAxis)
	}
	return predict(run, phase, spacingAxis, end, func(s *sample) (float64, bool) {
		if s.phase == nil {
			return 0, false
		}
		return d2(s.phase)
	})
}

func predict(run *record.Run, phase, axis string, end End, value func(*sample) (float64, bool)) ([]Fit, error) {
	samples, err := collect(run, phase)
	if err != nil {
		return nil, err
	}
	inputs, err := inputsOf(run, phase, samples)
	if err != nil {
		return nil, err
	}
	var fits []Fit
	for _, of := range split(inputs, func(in Inputs) string { return in.Group }) {
		f := Fit{Suite: run.Manifest.Suite, Phase: phase, Axis: axis, Group: of[0].Group}
		for _, mpm := range mpms {
			i := slices.IndexFunc(of, func(in Inputs) bool { return in.MPM == mpm })
			if i < 0 {
				continue
			}
			if end == AtHandler && of[i].Handler.N == 0 {
				return nil, fmt.Errorf("predict phase %s of suite %s: D ends at the handler, and no trial of %s recorded when that begins [switch recorder and probe on together]", phase, run.Manifest.Suite, mpm)
			}
			own := slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.group != f.Group || s.mpm != mpm })
			if c := curve(axis, end, of[i], own, value); c != nil {
				f.Curves = append(f.Curves, c)
			}
		}
		if len(f.Curves) == 0 {
			continue
		}
		f.compare(samples, value)
		fits = append(fits, f)
	}
	if len(fits) == 0 {
		return nil, fmt.Errorf("predict phase %s of suite %s: nothing was measured that the prediction can be held against (a closed loop has no rate)", phase, run.Manifest.Suite)
	}
	return fits, nil
}

// Curve returns the curve of an architecture, or nil if it is missing.
func (f *Fit) Curve(mpm string) *Curve {
	if i := slices.IndexFunc(f.Curves, func(c *Curve) bool { return c.MPM == mpm }); i >= 0 {
		return f.Curves[i]
	}
	return nil
}

// compare fills Ratios. It compares within blocks.
func (f *Fit) compare(samples []sample, value func(*sample) (float64, bool)) {
	leader, worker := f.Curve("leader"), f.Curve("worker")
	if leader == nil || worker == nil {
		return
	}
	for _, p := range leader.Points {
		byBlock := map[string]map[int]float64{"leader": {}, "worker": {}}
		for i := range samples {
			s := &samples[i]
			x := s.rate
			if f.Axis == spacingAxis {
				x = s.spacing
			}
			if s.group != f.Group || x != p.X {
				continue
			}
			if v, ok := value(s); ok {
				byBlock[s.mpm][s.block] = v
			}
		}
		r := RatioPoint{X: p.X, Measured: stats.RatioPaired(byBlock["leader"], byBlock["worker"]).Interval, Predicted: math.NaN()}
		if r.Measured.N == 0 {
			continue
		}
		if w := worker.At(p.X); p.Carried() && !math.IsInf(w, 0) {
			r.Predicted = p.Predicted / w
		}
		f.Ratios = append(f.Ratios, r)
	}
}

// cross finds the rate above which leader is no longer faster than the MPM that
// it is held against: once as the model predicts it, and once from the measured
// ratios.
func (f *Fit) cross() {
	if len(f.Ratios) == 0 {
		return
	}
	lo, hi := f.Ratios[0].X, f.Ratios[len(f.Ratios)-1].X
	leader, worker := f.Curve("leader").Inputs.Server(AtRead), f.Curve("worker").Inputs.Server(AtRead)
	rate, found := Crossover(leader, worker)
	f.Predicted = Crossing{Found: found, Rate: rate, From: lo, To: hi, InRange: found && lo <= rate && rate <= hi}
	f.Predicted.Ahead = !found && leader.Dispatch(0) < worker.Dispatch(0)
	f.Measured = crossing(f.Ratios)
}

// crossing returns where the measured ratio finally exceeds 1: between the last
// rate at which it is below 1 and the next one, interpolated by the logarithm
// of the ratio.
func crossing(ratios []RatioPoint) Crossing {
	c := Crossing{From: ratios[0].X, To: ratios[len(ratios)-1].X}
	if slices.ContainsFunc(ratios, func(r RatioPoint) bool { return !r.Measured.Enough() }) {
		c.Few = true
		return c
	}
	last := -1
	c.Sure = true
	for i, r := range ratios {
		if r.Measured.Center < 1 {
			last = i
		}
		c.Sure = c.Sure && !r.Measured.Contains(1)
	}
	if last == -1 || last == len(ratios)-1 {
		c.Ahead = last >= 0
		return c
	}
	a, b := ratios[last], ratios[last+1]
	below, above := -math.Log(a.Measured.Center), math.Log(b.Measured.Center)
	return Crossing{
		Found: true, InRange: true, From: a.X, To: b.X, Rate: a.X + (b.X-a.X)*below/(below+above),
		Sure: a.Measured.Hi < 1 && b.Measured.Lo > 1,
	}
}

// Sentences describes the fit: each curve's residual, and where the leader
// stops being faster.
func (f *Fit) Sentences() []string {
	var all []string
	for _, c := range f.Curves {
		all = append(all, c.Sentence())
	}
	if f.Axis == rateAxis && len(f.Ratios) > 0 {
		all = append(all, f.crossingSentence())
	}
	if f.Group != "" {
		for i := range all {
			all[i] = f.Group + ": " + all[i]
		}
	}
	return all
}

func (f *Fit) crossingSentence() string {
	var s strings.Builder
	switch p := f.Predicted; {
	case p.Found && p.InRange:
		fmt.Fprintf(&s, "By the model the leader's mean D is lower than the worker's up to %s connections/s, ", roughly(p.Rate))
	case p.Found:
		fmt.Fprintf(&s, "By the model the leader's mean D is lower than the worker's up to %s connections/s, which lies outside of what was measured, ", roughly(p.Rate))
	case p.Ahead:
		s.WriteString("By the model the leader's mean D is lower than the worker's at every rate, ")
	default:
		since := "at no rate"
		if rate, ok := Crossover(f.Curve("worker").Inputs.Server(AtRead), f.Curve("leader").Inputs.Server(AtRead)); ok {
			since = fmt.Sprintf("only from %s connections/s on", roughly(rate))
		}
		fmt.Fprintf(&s, "By the model the leader's mean D is lower than the worker's %s, ", since)
	}
	tried := fmt.Sprintf("from %s to %s connections/s", exactly(f.Measured.From), exactly(f.Measured.To))
	if f.Measured.From == f.Measured.To {
		tried = fmt.Sprintf("at %s connections/s, the one rate", exactly(f.Measured.From))
	}
	switch m := f.Measured; {
	case m.Few:
		fmt.Fprintf(&s, "and too few trials count to say where it is as measured, %s.", tried)
	case m.Found && m.Sure:
		fmt.Fprintf(&s, "as measured up to %s (it turns between %s and %s).", roughly(m.Rate), exactly(m.From), exactly(m.To))
	case m.Found:
		fmt.Fprintf(&s, "as measured up to about %s (the ratio turns between %s and %s, but its intervals there do not both exclude 1).", roughly(m.Rate), exactly(m.From), exactly(m.To))
	case m.Ahead:
		fmt.Fprintf(&s, "as measured wherever it was tried, %s", tried)
	default:
		fmt.Fprintf(&s, "as measured nowhere that it was tried, %s", tried)
	}
	switch {
	case f.Measured.Found, f.Measured.Few:
	case f.Measured.Sure:
		s.WriteString(".")
	default:
		s.WriteString(", by the estimates; the intervals do not all exclude 1.")
	}
	return s.String()
}
