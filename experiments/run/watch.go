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

// watch is the kernel probe in one phase. A nil watch does nothing.
type watch struct {
	kind    string
	probe   *probe.Probe
	shape   stage.Shape
	failed  error          // error of start
	stopped chan error     // result of collecting the records; nil before stop
	records *probe.Records // set by into; empty if only histograms were kept
}

// programs are the probe's programs for one phase.
type programs struct {
	kind  string
	done  chan struct{} // closed when the others are set
	probe *probe.Probe  // nil once a watch has taken it
	err   error
}

// loadPrograms begins to load the probe's programs. kind is "histograms" or
// "records". It returns nil if kind is empty. ring is the size of the probe's
// buffer in bytes; 0 means the probe's default.
func loadPrograms(kind string, ring int) *programs {
	if kind == "" {
		return nil
	}
	l := &programs{kind: kind, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.probe, l.err = probe.Load(probe.Options{Children: true, Requests: kind == "records", RingBytes: ring})
	}()
	return l
}

// wait waits until the programs are loaded.
func (l *programs) wait() {
	if l != nil {
		<-l.done
	}
}

// close unloads programs that no watch has taken.
func (l *programs) close() {
	if l.wait(); l != nil {
		l.probe.Close()
	}
}

// watch attaches the programs to the processes and all that they start, which
// takes about 60 ms.
func (l *programs) watch(pids []int, shape stage.Shape) (*watch, error) {
	if l.wait(); l == nil {
		return nil, nil
	}
	p, err := l.probe, l.err
	if l.probe = nil; err == nil {
		err = p.Follow(pids)
	}
	if err != nil {
		p.Close()
		return nil, fmt.Errorf("probe: %w", err)
	}
	return &watch{kind: l.kind, probe: p, shape: shape}, nil
}

// start begins to record. It does not block.
func (w *watch) start() {
	if w != nil {
		w.failed = w.probe.Start()
	}
}

// stop ends recording. It does not wait until all records are collected.
func (w *watch) stop() {
	if w != nil && w.failed == nil {
		w.stopped = make(chan error, 1)
		go func() { w.stopped <- w.probe.Stop() }()
	}
}

// into adds the probe's findings to a phase and detaches the probe. w.records
// stays.
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
// single records. Two requests form a pair if they became ready within twice
// the spacing plus the delay that a busy client may add. Pairs lie much further
// apart.
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

// hasRecords reports whether the probe keeps single records (after into).
func (w *watch) hasRecords() bool { return w != nil && w.kind == "records" }

// userStages converts the joined findings of probe and recorder.
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

// close detaches the probe, in whatever state it is.
func (w *watch) close() {
	if w == nil || w.probe == nil {
		return
	}
	if w.stopped != nil {
		<-w.stopped
		w.stopped = nil
	}
	_ = w.probe.Close() // the probe only reads: nothing can be lost
	w.probe = nil
}

// wantsProbe reports whether the suite uses the probe anywhere.
func wantsProbe(s *suite.Suite) bool {
	if axis := s.Axis(suite.ProbeAxis); axis != nil {
		return slices.ContainsFunc(axis.Values, func(v string) bool { return v != suite.ProbeOff })
	}
	return slices.ContainsFunc(s.Phases, func(p suite.Phase) bool { return p.Probe != "" })
}

// doWithoutProbe removes the probe from the phases. It drops phases that use
// the probe and not the flight recorder, unless an axis of the suite sets the
// probe.
func (x *Experiment) doWithoutProbe(reason error) {
	m := &x.Manifest
	line := "probe: " + reason.Error()
	if x.suite.Axis(suite.ProbeAxis) == nil { // otherwise the cells, not the phases, switch it on
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

// probeIn returns what the probe keeps in a phase of a cell; empty means off.
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

// firstProbe returns the kind of the first probe in a cell's phases, or empty.
func (x *Experiment) firstProbe(cell record.Cell) string {
	for _, p := range x.Manifest.Phases {
		if kind := probeIn(cell, p); kind != "" {
			return kind
		}
	}
	return ""
}

// shape returns the shape that the probe assumes for the server of a cell.
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
	if err != nil { // an MPM without a shape: the probe finds it out
		return stage.Unknown
	}
	return shape
}
