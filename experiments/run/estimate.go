package run

import (
	"slices"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// What a trial takes beside its loads, in s: medians over the trials of the
// reference runs on a virtual machine of two CPUs, their duration less that of
// their phases, taken apart by what they have and have not. They are where an
// estimate begins; what the trials of a run take corrects it (see pace).
const (
	startTime      = 0.020  // to start a server and to end it
	parentTime     = 0.090  // and one that has children
	phaseTime      = 0.015  // to collect garbage, to read the counters, and until the last answers are there
	probeTime      = 0.100  // to load the probe's programs, to attach them, and to take them off again
	recordsTime    = 0.030  // and to read and to join single records
	spinnerTime    = 0.050  // to start what keeps the CPUs awake, and to end it
	overloadTime   = 0.500  // until what waits is served, or given up
	blockedTime    = 0.400  // until the long requests in the background are answered
	backgroundTime = 200e-6 // to open one connection in the background, and to close it
	stepTime       = 8      // that a server takes to come to rest after a step, where that may take longer
	writeTime      = 0.008  // to write the files of a trial

	reportTime      = 0.4   // to write tables and figures
	reportTrialTime = 0.010 // and for each trial that they are made of
)

// What a ping-pong between two threads takes, in s: a process, and each of its
// rounds, two hand-offs, by where the threads run. A thread on another CPU that
// sleeps is waked by an interrupt, which a hypervisor makes dear.
const (
	pingPongTime     = 0.050
	roundSame        = 4.4e-6
	roundCross       = 45e-6
	roundByScheduler = 50e-6 // through the Go scheduler's idle threads, wherever they are
	roundAwake       = 5e-6  // of two that do not sleep
	commandRounds    = 50000 // of a command, as far as it is known
	commandTime      = 2     // of a command that is no ping-pong
)

func roundTime(primitive, place string) float64 {
	switch {
	case slices.Contains([]string{"channel", "cond"}, primitive):
		return roundByScheduler
	case slices.Contains([]string{"yield", "spinfutex"}, primitive):
		return roundAwake
	case place == suite.PlaceSame:
		return roundSame
	}
	return roundCross
}

// estimate is about how long a trial of the cell takes, in s.
func (x *Experiment) estimate(cell record.Cell) float64 {
	sub, _ := x.suite.Subject(cell)
	if sub != nil && sub.Parse != nil {
		return writeTime + x.commandEstimate(cell)
	}
	each := startTime + writeTime
	if sub != nil && sub.Serve == nil || hasFlag(x.serverFlags(sub), "start-servers") {
		each += parentTime
	}
	if cell[suite.IdleAxis] == suite.IdleSpinner {
		each += spinnerTime
	}
	for _, p := range x.Manifest.Phases {
		each += timeOf(x.phaseIn(p, cell))
	}
	return each
}

// timeOf is how long a phase takes, in s, its start and end included.
func timeOf(p record.Phase) float64 {
	if p.Handoff != "" {
		return pingPongTime + pingPongRounds*roundTime(p.Handoff, p.HandoffPlace)
	}
	each := phaseTime + p.WarmupS + p.DurationS
	if p.Probe != "" {
		each += probeTime
	}
	if p.Probe == "records" {
		each += recordsTime
	}
	if p.Overload {
		each += overloadTime
	}
	if b := p.Background; b != nil {
		each += float64(clients(b)) * backgroundTime
		if b.Blocking > 0 {
			each += blockedTime
		}
	}
	if p.Step != nil {
		each += p.Step.BeforeS + min(p.Step.AfterS, stepTime)
	}
	return each
}

// commandEstimate is of a command that prints a figure.
func (x *Experiment) commandEstimate(cell record.Cell) float64 {
	primitive, known := cell["primitive"]
	place := cell[suite.PlaceAxis]
	if !known || place == "" {
		return commandTime
	}
	probe := 0.0
	if probeIn(cell, x.Manifest.Phases[0]) != "" {
		probe = probeTime
	}
	return pingPongTime + probe + commandRounds*roundTime(primitive, place)
}

// Estimate is about how long the run takes, to its report.
func (x *Experiment) Estimate() time.Duration {
	return seconds(newPace(x.estimate).of(x.Manifest.Plan) + reportTime + reportTrialTime*float64(len(x.Manifest.Plan)))
}

// pace is what trials take, as it is learned while they run. A trial is expected
// to take as long as those of its cell did. A cell of which none has run takes
// its estimate times what the others took of theirs.
type pace struct {
	estimate func(record.Cell) float64
	cells    map[string]*took // by trialID of the cell and repetition 0
	all      took
}

type took struct {
	n                int
	actual, expected float64 // s in all
}

func newPace(estimate func(record.Cell) float64) *pace {
	return &pace{estimate: estimate, cells: map[string]*took{}}
}

// learn counts a trial in, with what lay between it and the next one.
func (p *pace) learn(cell record.Cell, actual float64) {
	key := record.TrialID(cell, 0)
	if p.cells[key] == nil {
		p.cells[key] = &took{}
	}
	expected := p.estimate(cell)
	for _, t := range []*took{p.cells[key], &p.all} {
		t.n++
		t.actual += actual
		t.expected += expected
	}
}

// trial is about how long a trial of the cell takes, in s.
func (p *pace) trial(cell record.Cell) float64 {
	if t := p.cells[record.TrialID(cell, 0)]; t != nil {
		return t.actual / float64(t.n)
	}
	expected := p.estimate(cell)
	if p.all.n == 0 {
		return expected
	}
	return expected * p.all.actual / p.all.expected
}

// of is about how long trials take together, in s.
func (p *pace) of(plan []record.Planned) (sum float64) {
	for _, t := range plan {
		sum += p.trial(t.Cell)
	}
	return sum
}
