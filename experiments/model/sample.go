package model

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
)

// sample holds the values of one server process in one phase.
type sample struct {
	mpm, group    string
	block         int
	rate, spacing float64             // of the cell, or else the load's own rate; 0 if there is none
	phase         *record.PhaseResult // nil if there is none that counts

	dispatch float64 // measured mean D, ns; 0 if unknown
	lacking  string  // why there are no inputs, as "were not probed"; empty if there are

	server                 Server  // with Rest up to the read, and without spread
	handOff, read, handler float64 // ns
	spread, nobody         float64 // NaN if unknown, as is handler
}

// keptShare is the largest share of requests on connections that had one
// before. Above it the accepts do not represent the requests.
const keptShare = 0.05

// collect returns the samples of leader and worker in a run. Cells are in the
// order of the axes.
func collect(run *record.Run, phase string) ([]sample, error) {
	if !slices.ContainsFunc(run.Manifest.Phases, func(p record.Phase) bool { return p.Name == phase }) {
		return nil, fmt.Errorf("take the model's inputs: suite %s has no phase %q", run.Manifest.Suite, phase)
	}
	others := slices.DeleteFunc(slices.Clone(run.Manifest.Axes), func(a record.Axis) bool {
		return a.Name == mpmAxis || a.Name == rateAxis || a.Name == spacingAxis
	})
	var samples []sample
	for _, cell := range run.Cells() {
		if !slices.Contains(mpms, cell[mpmAxis]) {
			continue
		}
		rate, err := number(cell, rateAxis)
		if err != nil {
			return nil, err
		}
		spacing, err := number(cell, spacingAxis)
		if err != nil {
			return nil, err
		}
		for i := range run.Trials {
			t := &run.Trials[i]
			if !maps.Equal(t.Cell, cell) {
				continue
			}
			s := sample{mpm: cell[mpmAxis], group: record.Label(others, cell), block: t.Repetition, rate: rate, spacing: spacing}
			if s.lacking = "do not count"; t.Counts(phase) {
				s.measure(t, phase)
			}
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// number returns a cell's value on an axis, or 0 if there is no such axis.
func number(cell record.Cell, axis string) (float64, error) {
	text, ok := cell[axis]
	if !ok {
		return 0, nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= 0) || math.IsInf(x, 1) {
		return 0, fmt.Errorf("take the model's inputs: %q on the axis %s is not a number of at least 0 (rates are per second, spacings in µs)", text, axis)
	}
	return x, nil
}

// measure fills the sample from its trial's phase, as far as possible.
func (s *sample) measure(t *record.Trial, phase string) {
	i := slices.IndexFunc(t.Phases, func(p record.PhaseResult) bool { return p.Name == phase })
	if i < 0 {
		s.lacking = "lack the phase"
		return
	}
	s.phase = &t.Phases[i]
	if s.rate == 0 {
		s.rate = s.phase.OfferedRate
	}
	r := s.phase.Probe
	if r == nil {
		s.lacking = "were not probed"
		return
	}
	connections, requests := float64(r.Counts["connections"]), float64(r.Counts["requests"])
	switch {
	case r.D == nil || r.D.Count == 0:
		s.lacking = "have no request that the probe followed"
		return
	case requests-connections > keptShare*requests:
		s.lacking = "kept their connections"
		return
	}
	s.dispatch = r.D.Mean
	s.lacking = s.inputs(r)
}

// inputs fills the model's part of the sample, or returns what the report
// lacks.
func (s *sample) inputs(r *stage.Report) (lacking string) {
	if r.G == nil || r.G.Count == 0 {
		return "have no gap"
	}
	wake, ok := together(r, wakeStages)
	if !ok {
		return "found no thread asleep in accept"
	}
	accept, ok := together(r, acceptStages)
	if !ok {
		if accept, ok = together(r, blockStages); !ok {
			return "tell nothing of accept's own time"
		}
	}
	s.handOff, s.read = parts(r, handOffStages), parts(r, readStages)
	s.server = Server{Wake: wake, Gap: r.G.Mean + accept, Rest: s.handOff + s.read, Accept: accept}
	s.handler, s.spread, s.nobody = math.NaN(), math.NaN(), 0
	if s.phase.User != nil {
		if h, ok := s.phase.User.Stages["D.read-handler"]; ok {
			s.handler = h.PartOfMean
		}
	}
	// Accept's own time adds to the gap's mean, but hardly to its variance.
	if h := s.phase.Histograms["probe.G"]; h != nil && h.TotalCount() > 1 {
		ratio := h.StdDev() / (h.Mean() + accept)
		s.spread = ratio * ratio
	}
	if r.GNone != nil {
		s.nobody = float64(r.GNone.Count) / float64(r.GNone.Count+r.G.Count)
	}
	return ""
}
