package run

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// watch is the kernel probe on the processes of one phase. A nil watch watches
// nothing.
type watch struct {
	kind    string
	probe   *probe.Probe
	shape   stage.Shape
	failed  error          // of start
	stopped chan error     // of the goroutine that collects what was recorded; nil before stop
	records *probe.Records // after into; empty where histograms alone were kept
}

// newWatch attaches the probe to processes and all they start, which takes some 10 ms. kind is "histograms" or
// "records"; empty is no probe. ring is the size of its buffer in bytes; 0 is the
// probe's own.
func newWatch(kind string, pids []int, shape stage.Shape, ring int) (*watch, error) {
	if kind == "" {
		return nil, nil
	}
	p, err := probe.Open(probe.Options{PIDs: pids, Children: true, Requests: kind == "records", RingBytes: ring})
	if err != nil {
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &watch{kind: kind, probe: p, shape: shape}, nil
}

// start begins to record; it does not block.
func (w *watch) start() {
	if w != nil {
		w.failed = w.probe.Start()
	}
}

// stop ends recording and does not wait until all of it is collected.
func (w *watch) stop() {
	if w != nil && w.failed == nil {
		w.stopped = make(chan error, 1)
		go func() { w.stopped <- w.probe.Stop() }()
	}
}

// into adds what was seen to a phase, and detaches the probe. Its records stay.
func (w *watch) into(r *record.PhaseResult) error {
	if w == nil {
		return nil
	}
	defer w.close()
	if w.failed == nil {
		w.failed = <-w.stopped
		w.stopped = nil
	}
	if w.failed != nil {
		return fmt.Errorf("probe: %w", w.failed)
	}
	res, err := w.probe.Result(w.shape)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	r.Probe, w.records = res.Report(), w.probe.Records()
	if r.Histograms == nil {
		r.Histograms = map[string]*hdrhistogram.Histogram{}
	}
	for _, name := range []string{"H", "D", "G", "G_none"} {
		if h := res.Total(name); h != nil {
			r.Histograms[record.ProbePrefix+name] = h.HDR()
		}
	}
	return nil
}

// pairsInto adds the dispatch latencies of pairs to a phase, from the probe's
// single records. Two requests are a pair when they became ready within twice the
// spacing and what a busy client may add to it; pairs lie much further apart.
func (w *watch) pairsInto(r *record.PhaseResult, spacing time.Duration) {
	if !w.hasRecords() {
		return
	}
	const slack = 150 * time.Microsecond
	pairs := w.records.Seconds(2*spacing + slack)
	for _, of := range []struct {
		samples probe.Samples
		to      **stats.Dist
	}{{pairs.First, &r.FirstD}, {pairs.Second, &r.SecondD}, {pairs.Spacing, &r.PairSpacing}} {
		if len(of.samples) > 0 {
			d := of.samples.Histogram().Dist()
			*of.to = &d
		}
	}
}

// hasRecords reports whether there are single records, after into.
func (w *watch) hasRecords() bool { return w != nil && w.kind == "records" }

// userStages is what probe and flight recorder come to together, as it is
// written.
func userStages(side *probe.UserSide) *record.UserStages {
	u := &record.UserStages{Stages: side.Stages(), Joined: side.Requests + side.Handoffs, Unmatched: side.Unmatched.Map(), Edge: side.Edge.Map()}
	u.Unmatched["contradicted"] = side.Contradicted
	for name, to := range map[string]**stats.Dist{"H": &u.H, "D": &u.D} {
		if h := side.Total(name); h != nil {
			d := h.Dist()
			*to = &d
		}
	}
	return u
}

// close detaches the probe, whatever state it is in.
func (w *watch) close() {
	if w == nil || w.probe == nil {
		return
	}
	if w.stopped != nil {
		<-w.stopped
		w.stopped = nil
	}
	_ = w.probe.Close() // it is read-only: there is nothing to lose
	w.probe = nil
}

// wantsProbe reports whether the probe is on anywhere in the suite.
func wantsProbe(s *suite.Suite) bool {
	if axis := s.Axis(suite.ProbeAxis); axis != nil {
		return slices.ContainsFunc(axis.Values, func(v string) bool { return v != suite.ProbeOff })
	}
	return slices.ContainsFunc(s.Phases, func(p suite.Phase) bool { return p.Probe != "" })
}

// doWithoutProbe takes the probe out of the phases. One that has nothing but
// the probe to set it apart, and no flight recorder, is left out.
func (x *Experiment) doWithoutProbe(reason error) {
	m := &x.Manifest
	line := "probe: " + reason.Error()
	if x.suite.Axis(suite.ProbeAxis) == nil { // else the cells say where it is on, not the phases
		var left []string
		m.Phases = slices.DeleteFunc(m.Phases, func(p record.Phase) bool {
			only := p.Probe != "" && !p.Flight
			if only {
				left = append(left, p.Name)
			}
			return only
		})
		if len(left) > 0 {
			line += "; so there is no phase " + strings.Join(left, ", ")
		}
	}
	for i := range m.Phases {
		m.Phases[i].Probe = ""
	}
	m.Skipped = append(m.Skipped, line)
}

// probeIn is what the probe keeps in a phase of a cell; empty: it is off.
func probeIn(cell record.Cell, p record.Phase) string {
	switch kind, ok := cell[suite.ProbeAxis]; {
	case !ok:
		return p.Probe
	case kind == suite.ProbeOff:
		return ""
	default:
		return kind
	}
}

// shape is what the probe takes the server of a cell for.
func (x *Experiment) shape(sub *suite.Subject, cell record.Cell) stage.Shape {
	if sub != nil && sub.Serve == nil {
		return sub.Shape
	}
	mpm := cell["mpm"]
	for _, f := range x.serverFlags(sub) {
		if f.Name == "mpm" {
			mpm = f.Value
		}
	}
	shape, err := stage.ParseShape(mpm)
	if err != nil { // an MPM that is no shape: the probe is to find out
		return stage.Unknown
	}
	return shape
}
