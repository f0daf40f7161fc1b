package run

import (
	"slices"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// These are the times in s that a trial takes besides its loads. They come from
// the trials of the reference runs on a virtual machine with two CPUs: medians
// of trial duration less phase durations, split by the features that a trial
// has. Estimates begin with them; a run's own trials correct them (see pace).
const (
	startTime      = 0.020  // start and end a server
	parentTime     = 0.090  // additionally, one that has children
	phaseTime      = 0.015  // collect garbage, read the counters, and wait for the last answers
	probeTime      = 0.100  // load, attach and detach the probe's programs
	recordsTime    = 0.030  // additionally, read and join single records
	spinnerTime    = 0.050  // start and end the process that keeps the CPUs awake
	overloadTime   = 0.500  // until waiting requests are served or given up
	blockedTime    = 0.400  // until the long requests in the background are answered
	backgroundTime = 200e-6 // open and close one connection in the background
	stepTime       = 8      // until a server has come to rest after a step, if the step allows so much
	writeTime      = 0.008  // write the files of a trial

	reportTime      = 0.4   // write tables and figures
	reportTrialTime = 0.010 // additionally, for each trial in them
)

// These are the times in s of a ping-pong between two threads: of a process and
// of each round, which is two hand-offs, by the threads' places. An interrupt
// wakes a thread that sleeps on another CPU; under a hypervisor that is
// expensive.
const (
	pingPongTime     = 0.050
	roundSame        = 4.4e-6
	roundCross       = 45e-6
	roundByScheduler = 50e-6 // through the Go scheduler's idle threads, in any place
	roundAwake       = 5e-6  // of two threads that do not sleep
	commandRounds    = 50000 // assumed number of rounds of a command
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

// estimate returns the expected duration of a trial of the cell, in s.
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

// timeOf returns the expected duration of a phase in s, with its start and end.
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

// commandEstimate returns the expected duration of a command in s.
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

// Estimate returns the expected duration of the run, report included.
func (x *Experiment) Estimate() time.Duration {
	return seconds(newPace(x.estimate).of(x.Manifest.Plan) + reportTime + reportTrialTime*float64(len(x.Manifest.Plan)))
}

// pace learns how long trials take while they run. It expects a trial to take
// the mean of its cell's earlier trials. For a cell without any it scales the
// cell's estimate by the ratio of actual to estimated time of all trials so
// far.
type pace struct {
	estimate func(record.Cell) float64
	cells    map[string]*took // by record.TrialID of the cell and repetition 0
	all      took
}

type took struct {
	n                int
	actual, expected float64 // sums in s
}

func newPace(estimate func(record.Cell) float64) *pace {
	return &pace{estimate: estimate, cells: map[string]*took{}}
}

// learn adds a trial, with the time until the next one.
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

// trial returns the expected duration of a trial of the cell, in s.
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

// of returns the expected duration of all trials of a plan, in s.
func (p *pace) of(plan []record.Planned) (sum float64) {
	for _, t := range plan {
		sum += p.trial(t.Cell)
	}
	return sum
}
