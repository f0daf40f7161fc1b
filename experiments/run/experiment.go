package run

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"lflab/experiments/load"
	"lflab/experiments/machine"
	"lflab/experiments/probe"
	"lflab/experiments/record"
	"lflab/experiments/run/process"
	"lflab/experiments/suite"
)

// Options says how to run a suite. The zero value runs it unchanged.
type Options struct {
	Dir    string   // results directory; it must not hold results yet, unless the run is resumed
	Seed   uint64   // seed of the order and the arrivals; 0 draws one
	Repeat int      // trials of each cell; 0 means the suite's number
	Scale  float64  // factor of all durations; 0 means 1
	Only   []string // key=value terms that choose cells

	// Budget, if not 0, limits the time of the run, which is spent on the
	// widest intervals. New returns a *BudgetError if no block fits.
	Budget time.Duration

	NoMakeups bool // make up for no trial that is invalid

	// StopBusy waits for other programs to end before the first trial, and
	// stops the run with a *BusyError if their load spoils trial after trial.
	StopBusy bool

	// More, if set, is asked once what a resumed run that was already finished
	// should measure besides; nil means nothing.
	More func(*record.Run) *More

	Force bool // resume although the suite, the program or the machine has changed

	// Serve starts our own servers; empty means "serve" of this program.
	Serve []string

	// CheckProbe returns why the kernel probe cannot run here, or nil. The
	// default is probe.Check. A suite runs on without the probe.
	CheckProbe func() error

	// Command repeats this run; it goes into the manifest.
	Command string

	// Progress, if set, is called before the first trial and after each trial,
	// never during a measurement.
	Progress func(Progress)
}

// Progress says how far a run has come.
type Progress struct {
	Done, Total int
	Left        time.Duration // estimated
	Budget      time.Duration // what is left of the budget, if there is one
	Makeup      int           // which one of the make-ups Trial is, from 1; 0 if it is none
	MostMakeups int           // with Makeup: how many there may be
	Busy        float64       // before the first trial: the share of CPU time of other programs, whose end is awaited
	Trial       *record.Trial // the trial that has just ended; nil before the first one
}

// Experiment is a suite that is ready to run.
type Experiment struct {
	Manifest   record.Manifest // as it will be written
	suite      *suite.Suite
	opts       Options
	host       record.Machine    // the machine that runs it
	changed    bool              // the resumed run began under other conditions
	noProbe    error             // why the probe is not used, if the suite asks for it
	built      map[string]string // compiled programs, by subject name
	found      map[string]string // programs that subjects need, by subject name
	temp       string            // directory of compiled programs and of the files to serve; empty if there are none
	unlockTemp func()            // lets other runs remove temp
	docRoot    string            // directory of the files to serve; empty if there are none

	clocks func() (monotonic, real int64)                                 // machine.Clocks, except in tests
	others func(ctx context.Context, long time.Duration) (float64, error) // othersShare, except in tests
	judge  func(*record.Trial)                                            // changes a trial's gates before it is kept; nil except in tests
	ring   int                                                            // size of the probe's buffer in bytes; 0 means the probe's default
}

// New plans a suite. It compiles the C sources of its subjects into a temporary
// directory, which Close removes. It skips subjects that cannot run here and
// says so in the manifest. It does not touch the results directory.
func New(s *suite.Suite, o Options) (*Experiment, error) {
	x, err := prepare(s, o)
	if err != nil {
		return nil, err
	}
	if err := x.plan(); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// Resume continues the run in a results directory. It takes seed, repetitions,
// scale, budget and choice of cells from there and leaves out complete trials;
// trials that failed or cannot be read run again. If the suite, the program or
// the machine has changed, it returns an error unless o.Force is set. With
// o.Force it makes a new plan and sets aside the trials that were measured under
// other conditions.
func Resume(dir string, o Options) (*Experiment, error) {
	r, err := record.OpenRecords(dir)
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	m := r.Manifest
	source := m.Suite
	if m.SuiteFile != "" {
		source = m.SuiteFile
	}
	s, err := suite.Open(source)
	if err != nil {
		return nil, fmt.Errorf("resume %s: %w", dir, err)
	}
	o.Dir, o.Seed, o.Repeat, o.Scale, o.Only, o.Command, o.Budget = dir, m.Seed, m.Repeat, m.Scale, m.Only, m.Command, seconds(m.BudgetS)
	x, err := prepare(s, o)
	if err != nil {
		return nil, err
	}
	if err := x.continues(&m); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// continues takes over the manifest of the run to resume.
func (x *Experiment) continues(m *record.Manifest) error {
	fresh := x.Manifest
	if err := x.plan(); err != nil {
		return err
	}
	var changed []string
	if m.SuiteDigest != fresh.SuiteDigest {
		changed = append(changed, fmt.Sprintf("the suite %s (was %.12s, is %.12s)", m.Suite, m.SuiteDigest, fresh.SuiteDigest))
	}
	if m.Binary != fresh.Binary {
		changed = append(changed, fmt.Sprintf("the program (was %.12s, is %.12s)", m.Binary, fresh.Binary))
	}
	for _, f := range []struct{ what, was, is string }{
		{"the CPU", m.Before.CPU, x.host.CPU},
		{"the number of CPUs", fmt.Sprint(m.Before.CPUs), fmt.Sprint(x.host.CPUs)}, {"the kernel", m.Before.Kernel, x.host.Kernel},
	} {
		if f.was != f.is {
			changed = append(changed, fmt.Sprintf("%s (was %s, is %s)", f.what, f.was, f.is))
		}
	}
	if len(changed) == 0 && !(x.samePlan(m.Plan) && reflect.DeepEqual(m.Phases, x.Manifest.Phases)) {
		changed = append(changed, fmt.Sprintf("what can be measured here (skipped then: %q, now: %q)", m.Skipped, x.Manifest.Skipped))
	}
	if x.changed = len(changed) > 0; x.changed && !x.opts.Force {
		return fmt.Errorf("resume %s: changed since it began: %s (--force goes on all the same, and measures again what was measured otherwise)", x.opts.Dir, strings.Join(changed, ", and "))
	}
	if !x.changed {
		if m.BudgetS > 0 {
			x.Manifest.Plan = m.Plan // the plan as far as it has grown
		} else {
			_, added := splitAdded(m.Plan, x.Manifest.Repeat)
			x.Manifest.Plan = append(x.Manifest.Plan, added...)
		}
		x.Manifest.Makeups, x.Manifest.Extended = m.Makeups, m.Extended
	}
	x.Manifest.Started, x.Manifest.Before, x.Manifest.SetAside = m.Started, m.Before, m.SetAside
	if x.Manifest.Calibration = m.Calibration; x.changed {
		x.Manifest.Before, x.Manifest.Calibration = x.host, calibrated()
	}
	x.Manifest.Resumed = append(m.Resumed, time.Now())
	return nil
}

// samePlan reports whether plan equals the plan made here. If plans grow, only
// their first blocks must agree.
func (x *Experiment) samePlan(plan []record.Planned) bool {
	mine := x.Manifest.Plan
	if x.Manifest.BudgetS == 0 {
		plan, _ = splitAdded(plan, x.Manifest.Repeat)
		return reflect.DeepEqual(plan, mine)
	}
	plan, _ = splitMakeups(plan)
	first := func(p []record.Planned) []record.Planned {
		return slices.DeleteFunc(slices.Clone(p), func(t record.Planned) bool { return t.Repetition > 0 })
	}
	return reflect.DeepEqual(first(plan), first(mine))
}

// prepare fills in everything except the plan.
func prepare(s *suite.Suite, o Options) (*Experiment, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if len(o.Serve) == 0 {
		o.Serve = []string{self, "serve"}
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Repeat == 0 {
		o.Repeat = s.Repeat
	}
	for o.Seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:])                          // never fails (crypto/rand)
		o.Seed = binary.LittleEndian.Uint64(b[:]) >> 32 // short enough to type
	}
	switch {
	case o.Scale < 0.01 || o.Scale > 100:
		return nil, fmt.Errorf("scale %v is not allowed (allowed: 0.01 to 100)", o.Scale)
	case o.Repeat < 1 || o.Repeat > 1000:
		return nil, fmt.Errorf("repeat %d is not allowed (allowed: 1 to 1000)", o.Repeat)
	}
	binary, err := ownDigest()
	if err != nil {
		return nil, err
	}
	x := &Experiment{suite: s, opts: o, built: map[string]string{}, found: map[string]string{}, host: machine.Read(), clocks: machine.Clocks, others: othersShare}
	x.Manifest = record.Manifest{
		Format: record.ManifestFormat, Suite: s.Name, SuiteFile: s.File, SuiteDigest: s.Digest, Title: s.Title, Question: s.Question,
		Command: o.Command, Seed: o.Seed, Repeat: o.Repeat, Only: o.Only, Scale: o.Scale, BudgetS: o.Budget.Seconds(),
		Git: sourceState(), Binary: binary, GoVersion: runtime.Version(),
	}
	for _, p := range s.Phases {
		x.Manifest.Phases = append(x.Manifest.Phases, p.Scaled(o.Scale))
	}
	x.doWithoutCrowds(load.RaiseFiles)
	if err := x.askRatios(); err != nil {
		return nil, err
	}
	if o.CheckProbe == nil {
		o.CheckProbe = checkProbe
	}
	if wantsProbe(s) {
		if x.noProbe = o.CheckProbe(); x.noProbe != nil {
			x.doWithoutProbe(x.noProbe)
		}
	}
	return x, nil
}

// checkProbe asks once, because a process's rights do not change.
var checkProbe = sync.OnceValue(probe.Check)

// plan chooses the requested cells that can run here, and orders their trials.
func (x *Experiment) plan() error {
	m := &x.Manifest
	var cells []record.Cell
	for _, c := range x.suite.Cells() {
		cells = append(cells, record.Cell(c))
	}
	cells, err := record.Choose(x.suite.Axes, cells, x.opts.Only)
	if err != nil {
		return err
	}
	usable := map[string]bool{}
	cells = slices.DeleteFunc(cells, func(c record.Cell) bool {
		if x.noProbe != nil && probeIn(c, record.Phase{}) != "" {
			return true
		}
		sub, _ := x.suite.Subject(c)
		if sub == nil {
			return false
		}
		ok, seen := usable[sub.Name]
		if !seen {
			err := x.build(sub)
			if ok = err == nil; !ok {
				m.Skipped = append(m.Skipped, fmt.Sprintf("%s: %v", sub.Name, err))
			}
			usable[sub.Name] = ok
		}
		return !ok
	})
	if err := x.makeDocRoot(); err != nil {
		return err
	}
	if len(cells) == 0 || len(m.Phases) == 0 {
		return fmt.Errorf("plan suite %s: nothing is left to measure (skipped: %s)", m.Suite, strings.Join(m.Skipped, "; "))
	}
	m.Axes = record.Narrow(x.suite.Axes, cells)
	if m.BudgetS > 0 {
		return x.planWithin(cells)
	}
	m.Plan = record.NewPlan(cells, m.Repeat, m.Seed)
	return nil
}

// begin writes the manifest. done holds the trials that need not run again.
func (x *Experiment) begin() (done map[string]*record.Trial, err error) {
	dir := x.opts.Dir
	if len(x.Manifest.Resumed) > 0 {
		r, err := record.Open(dir)
		if err != nil {
			return nil, err
		}
		if done, err = x.sortOut(r); err != nil {
			return nil, err
		}
		return done, record.WriteManifest(dir, &x.Manifest)
	}
	x.Manifest.Started, x.Manifest.Before, x.Manifest.Calibration = time.Now(), machine.Read(), calibrated()
	if x.Manifest.BudgetS > 0 { // further blocks follow when the duration of trials is known
		x.Manifest.Plan = slices.DeleteFunc(x.Manifest.Plan, func(p record.Planned) bool { return p.Repetition > 0 })
	}
	return map[string]*record.Trial{}, record.WriteManifest(dir, &x.Manifest)
}

// calibrate is machine.Calibrate, except in tests.
var calibrate = machine.Calibrate

func calibrated() *machine.Calibration {
	c := calibrate()
	return &c
}

// build finds the program that a subject needs and compiles its source.
func (x *Experiment) build(sub *suite.Subject) error {
	if sub.Needs != "" {
		path, err := process.Find(sub.Needs)
		if err != nil {
			return err
		}
		x.found[sub.Name] = path
	}
	if sub.CC == "" {
		return nil
	}
	if err := x.makeTemp(); err != nil {
		return fmt.Errorf("compile %s: %w", sub.CC, err)
	}
	bin, err := process.Compile(x.temp, sub.CC, sub.Source)
	if err != nil {
		return err
	}
	x.built[sub.Name] = bin
	return nil
}
