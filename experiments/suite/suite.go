package suite

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"lflab/experiments/probe/stage"
)

// Suite is one experiment, checked.
type Suite struct {
	Name     string // of the file, without ".toml"
	File     string // where it was read; empty for an embedded suite
	Digest   string // SHA-256 of the file, the C sources and the configurations it names, in hexadecimal
	Title    string
	Question string
	Claim    Claim
	Rules    []Rule
	Repeat   int // trials of each cell
	Axes     []Axis
	Without  []Match // combinations of the axes that are not measured
	Server   []Flag  // of `lflab serve`, the same in every cell
	DocRoot  []Sparse
	Ratios   []Ratio
	Phases   []Phase
	Subjects []Subject
}

// Axis is one parameter and its values, in the file's order. The axis "mode"
// (close, keepalive) is the client's. The runner's are "probe" (off,
// histograms, records), which goes before what the phases say, "place" (free,
// same, cross), "idle" (default, spinner), and those that a phase takes a
// number from, as in rate = "{rate}". A value that is the name of a subject
// selects that subject. Every other axis is a flag of `lflab serve`.
type Axis struct {
	Name   string
	Values []string
	Load   bool // a phase takes a number from it
}

// Axes that are not the server's.
const (
	ModeAxis  = "mode"
	ProbeAxis = "probe"
	PlaceAxis = "place" // where server and load generator run
	IdleAxis  = "idle"  // what a CPU does that has nothing to do
)

// ProbeOff is the value of ProbeAxis for a cell without the probe.
const ProbeOff = "off"

// Values of PlaceAxis: where the kernel puts the threads; all on the first CPU;
// the server on the second and the generator on the first.
const (
	PlaceFree  = "free"
	PlaceSame  = "same"
	PlaceCross = "cross"
)

// Values of IdleAxis: the kernel's idle loop, which lets a virtual CPU go; a
// thread of the lowest class (SCHED_IDLE) on each CPU that never lets it go.
const (
	IdleDefault = "default"
	IdleSpinner = "spinner"
)

// runnerAxes are the axes with values of their own.
var runnerAxes = map[string][]string{
	ModeAxis:  {"close", "keepalive"},
	ProbeAxis: append([]string{ProbeOff}, probeKinds...),
	PlaceAxis: {PlaceFree, PlaceSame, PlaceCross},
	IdleAxis:  {IdleDefault, IdleSpinner},
}

// probeKinds are what the kernel probe may keep.
var probeKinds = []string{"histograms", "records"}

// IsFlag reports whether the axis is a flag of `lflab serve`.
func (a Axis) IsFlag() bool { return !a.Load && runnerAxes[a.Name] == nil }

// Flag is a flag of `lflab serve` without its dashes. Its value may be a
// placeholder: {cpus} or {docroot}.
type Flag struct{ Name, Value string }

// Sparse is a file without content, all zeros, of so many bytes. Those of a
// suite lie in one directory, which is {docroot}.
type Sparse struct {
	Name string
	Size int64
}

// Phase is one load on the server of a trial.
type Phase struct {
	Name        string
	Title       string
	Path        string
	Connections ByMode        // at most 10000
	Generators  int           // threads of the load generator
	Rate        ByMode        // requests per second of an open loop; 0 is a closed one
	Arrivals    string        // poisson, fixed, paired or burst; empty in a closed loop
	Spacing     time.Duration // of the two of a pair
	Burst       int           // requests that come at once
	Warmup      time.Duration
	Duration    time.Duration
	Overload    bool   // more is asked than can be served: what is missing or fails is a result, no fault
	Flight      bool   // the flight recorder is on
	Probe       string // the kernel probe keeps "histograms" or "records"; empty: it is off
	Background  *Background
	Step        *Step // the load comes and goes in the middle of what is watched

	// Handoff makes the phase no load but a ping-pong of two threads of the
	// runner's own, asleep on this primitive: what a wake-up costs here and now.
	Handoff      string
	HandoffPlace string // same, cross or free

	// Axes are those that the phase takes numbers from; it then stands for the
	// forms that In gives, and what it holds itself is the least of them.
	Axes  []string
	forms map[string]Phase
}

// Background are clients that are there from before the warm-up of a phase
// until after its end, and whose own answers nobody measures: what the others
// suffer from them is the question.
type Background struct {
	Idle        int    `toml:"idle" json:"idle,omitempty"`                 // connections that are kept after one answer to the phase's path
	SlowSenders int    `toml:"slow-senders" json:"slow_senders,omitempty"` // clients that send a byte of a head each second
	SlowReaders int    `toml:"slow-readers" json:"slow_readers,omitempty"` // clients that ask for Unread and never read the answer
	Blocking    int    `toml:"blocking" json:"blocking,omitempty"`         // clients in a closed loop on Path
	Path        string `toml:"path" json:"path,omitempty"`
	Unread      string `toml:"unread" json:"unread,omitempty"`
}

// Subject is a program that is not `lflab serve`.
type Subject struct {
	Name    string   // the value of an axis that selects it; "*" is every cell that no other subject takes
	Command []string // with placeholders: {port}, {bin}, {needs}, {self}, {cpus}, {config}, {dir}, {docroot} and the names of axes and of server flags
	// Needs is a program that must be there: a name to be found on PATH, a path, or
	// a path that begins with an environment variable, "$DIR/program", for what
	// users build themselves. {needs} is where it was found.
	Needs  string
	CC     string // C source, relative to the suite's file, compiled with the cc on PATH to {bin}
	Source []byte // of CC

	// Config is a configuration file, relative to the suite's file: a template
	// with the command's placeholders but {bin} and {config}. For each trial it is
	// written with Files to a new directory, which is {dir}; {config} is its path.
	Config   string
	Template []byte            // of Config
	Files    map[string]string // text by path in {dir}

	// Serve is set when the subject is one of our own servers after all: flags of
	// `lflab serve` that take the place of the axis that selected it, and of those
	// that With names, and go before those of the suite.
	Serve []Flag

	// Ready is how long a server may take until it listens.
	Ready time.Duration

	// Shape is what the kernel probe takes it for; Unknown: what it recognises.
	Shape stage.Shape

	// With narrows the cells that it takes: those that have one of these values
	// on other axes. Of several subjects of one name the first that fits counts.
	With Match

	// Parse is set when the command is not a server but prints a figure: the
	// groups it names (count, mean, p50, p90, p99, p999, max) are the
	// hand-off latency in nanoseconds.
	Parse *regexp.Regexp
}

// ByMode is a number that may depend on the client's mode.
type ByMode struct {
	All  float64            // when Each is nil
	Each map[string]float64 // by value of the axis "mode"
}

// Of is the number for one mode.
func (b ByMode) Of(mode string) float64 {
	if b.Each != nil {
		return b.Each[mode]
	}
	return b.All
}

// Least is the smallest of the numbers.
func (b ByMode) Least() float64 {
	least, first := b.All, true
	for _, v := range b.Each {
		if first || v < least {
			least, first = v, false
		}
	}
	return least
}

// Commands reports whether the trials of s are commands that print a figure
// instead of servers under load.
func (s *Suite) Commands() bool { return len(s.Subjects) > 0 && s.Subjects[0].Parse != nil }

// Axis finds an axis by its name, or nil.
func (s *Suite) Axis(name string) *Axis {
	for i := range s.Axes {
		if s.Axes[i].Name == name {
			return &s.Axes[i]
		}
	}
	return nil
}

// Subject is what runs in a cell, or nil for `lflab serve`. axis is the axis
// whose value selected it, empty for the subject "*".
func (s *Suite) Subject(cell map[string]string) (subject *Subject, axis string) {
	for i := range s.Subjects {
		sub := &s.Subjects[i]
		if sub.Name == "*" {
			subject = sub
			continue
		}
		for _, a := range s.Axes {
			if cell[a.Name] == sub.Name && slices.Contains(a.Values, sub.Name) && sub.With.Has(cell) {
				return sub, a.Name
			}
		}
	}
	return subject, ""
}

// Number is a value of the axis as a number; durations, as in "2us", are in us.
func (a Axis) Number(value string) (float64, bool) {
	if x, err := strconv.ParseFloat(value, 64); err == nil {
		return x, true
	}
	d, err := time.ParseDuration(value)
	return float64(d) / float64(time.Microsecond), err == nil
}

// Numbers reports whether the axis' values are numbers that rise.
func (a Axis) Numbers() bool {
	last := math.Inf(-1)
	for _, v := range a.Values {
		x, ok := a.Number(v)
		if !ok || x <= last {
			return false
		}
		last = x
	}
	return true
}
