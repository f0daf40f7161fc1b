package suite

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"

	"lflab/experiments/probe/stage"
)

// Suite is one experiment. It has been checked.
type Suite struct {
	Name     string // of the file, without ".toml"
	File     string // the path that it was read from; empty for an embedded suite
	Digest   string // SHA-256, in hexadecimal, of the file and of the C sources and configurations that it names
	Title    string
	Question string
	Claim    Claim
	Rules    []Rule
	Changed  []Change // of the claim and the rules, after data had been seen
	Repeat   int      // trials of each cell
	Axes     []Axis
	Without  []Match // combinations of the axes that are not measured
	Server   []Flag  // flags of `lflab serve` that are the same in every cell
	DocRoot  []Sparse
	Ratios   []Ratio
	Phases   []Phase
	Subjects []Subject

	forms map[string]map[string]Phase // by name and cellKey: the forms of the phases that have Axes
}

// Axis is one parameter and its values, in the file's order. The axis "mode"
// (close, keepalive) belongs to the client. The runner's axes are "probe" (off,
// histograms, records), which overrides the phases, "place" (free, same,
// cross), "idle" (default, spinner), and those from which a phase takes a
// number, as in rate = "{rate}". A value that is the name of a subject selects
// that subject. Every other axis is a flag of `lflab serve`.
type Axis struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Axes that do not belong to the server.
const (
	ModeAxis  = "mode"
	ProbeAxis = "probe"
	PlaceAxis = "place" // where server and load generator run
	IdleAxis  = "idle"  // what an idle CPU does
)

// ProbeOff is the value of ProbeAxis for a cell without the probe.
const ProbeOff = "off"

// Values of PlaceAxis: the kernel places the threads; all threads run on the
// first CPU; the server runs on the second CPU and the generator on the first.
const (
	PlaceFree  = "free"
	PlaceSame  = "same"
	PlaceCross = "cross"
)

// Values of IdleAxis: the kernel's idle loop, in which a virtual CPU is given
// back to the host; a thread of the lowest class (SCHED_IDLE) on each CPU,
// which prevents that.
const (
	IdleDefault = "default"
	IdleSpinner = "spinner"
)

// runnerAxes are the axes with fixed values.
var runnerAxes = map[string][]string{
	ModeAxis:  {"close", "keepalive"},
	ProbeAxis: append([]string{ProbeOff}, probeKinds...),
	PlaceAxis: {PlaceFree, PlaceSame, PlaceCross},
	IdleAxis:  {IdleDefault, IdleSpinner},
}

// probeKinds lists what the kernel probe may record.
var probeKinds = []string{"histograms", "records"}

// IsFlag reports whether the axis is a flag of `lflab serve`.
func (s *Suite) IsFlag(axis string) bool {
	return runnerAxes[axis] == nil && !slices.ContainsFunc(s.Phases, func(p Phase) bool { return slices.Contains(p.Axes, axis) })
}

// Flag is a flag of `lflab serve` without its dashes. Its value may be a
// placeholder: {cpus} or {docroot}.
type Flag struct{ Name, Value string }

// Sparse is a file of Size zero bytes. A suite's files are in one directory,
// which is {docroot}.
type Sparse struct {
	Name string
	Size int64
}

// Background describes clients that are connected from before a phase's warm-up
// until after its end. Their own answers are not measured, only their effect on
// the others.
type Background struct {
	Idle        int    `toml:"idle" json:"idle,omitempty"`                 // connections that are kept after one answer from the phase's path
	SlowSenders int    `toml:"slow-senders" json:"slow_senders,omitempty"` // clients that send one byte of a head each second
	SlowReaders int    `toml:"slow-readers" json:"slow_readers,omitempty"` // clients that request Unread and never read the answer
	Blocking    int    `toml:"blocking" json:"blocking,omitempty"`         // clients in a closed loop on Path
	Path        string `toml:"path" json:"path,omitempty"`
	Unread      string `toml:"unread" json:"unread,omitempty"`
}

// Subject is a program that is measured instead of `lflab serve`.
type Subject struct {
	Name    string   // the value of an axis that selects it; "*" takes every cell that no other subject takes
	Command []string // with placeholders: {port}, {bin}, {needs}, {self}, {cpus}, {config}, {dir}, {docroot} and the names of axes and of server flags
	// Needs is a program that must exist: a name in PATH, a path, or a path
	// that begins with an environment variable, "$DIR/program", for programs
	// that users build themselves. {needs} is the path of the program.
	Needs  string
	CC     string // C source, relative to the suite's file, which the cc in PATH compiles to {bin}
	Source []byte // of CC

	// Config is a configuration file, relative to the suite's file: a template
	// with the command's placeholders except {bin} and {config}. For each trial
	// it is written, with Files, to a new directory, which is {dir}. {config}
	// is its path.
	Config   string
	Template []byte            // of Config
	Files    map[string]string // text by path in {dir}

	// Serve is set if the subject is our own server: flags of `lflab serve`
	// that replace the axis that selected it and those that With names. They
	// override those of the suite.
	Serve []Flag

	// Ready is how long a server may take to listen.
	Ready time.Duration

	// Shape is the shape that the kernel probe assumes. Unknown makes it
	// recognise the shape.
	Shape stage.Shape

	// With restricts the cells to those that have one of these values on other
	// axes. Of several subjects with one name, the first that fits counts.
	With Match

	// Parse is set if the command is not a server but prints a result. Its
	// named groups (count, mean, p50, p90, p99, p999, max) are the hand-off
	// latency in nanoseconds.
	Parse *regexp.Regexp
}

// Commands reports whether the trials of s are commands that print a result,
// and not servers under load.
func (s *Suite) Commands() bool { return len(s.Subjects) > 0 && s.Subjects[0].Parse != nil }

// Axis returns the axis with that name, or nil.
func (s *Suite) Axis(name string) *Axis {
	for i := range s.Axes {
		if s.Axes[i].Name == name {
			return &s.Axes[i]
		}
	}
	return nil
}

// Subject returns the subject that runs in a cell, or nil for `lflab serve`.
// axis is the axis whose value selected it, or empty for the subject "*".
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

// Number converts a value of the axis to a number. Durations, as in "2us",
// become µs.
func (a Axis) Number(value string) (float64, bool) {
	if x, err := strconv.ParseFloat(value, 64); err == nil {
		return x, true
	}
	d, err := time.ParseDuration(value)
	return float64(d) / float64(time.Microsecond), err == nil
}

// Numbers reports whether the axis' values are ascending numbers.
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
