package findings

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// StageName returns a stage's name in figures. of is its sum, "D", "H" or "G",
// and key its name in the probe's report. The stages of a hand-off have the
// same names in all sums.
func StageName(of, key string) string {
	name := strings.TrimPrefix(key, of+".")
	pass, passed := strings.CutPrefix(name, "pass-")
	wake := []string{"wake-waking", "waking-wakeup", "wakeup-switch", "switch-return"}
	if slices.Contains(wake, pass) && (passed || of != "D") || pass == "wake-return" {
		return "hand-off: " + pass
	}
	return name
}

// Negligible is a share of a bar. A stage that stays below it in every bar of a
// figure gets no piece of its own.
const Negligible = 0.015

// unaccounted is the share of a total by which its stages may differ from it
// without notice, because the records of single processes are rounded.
const unaccounted = 0.005

// Sum is one of the sums that the probe splits into stages.
type Sum struct {
	Tag    string // in the probe's report: "D", "H", "G"
	Name   string // of the figure's files
	Title  string
	Label  string // of the axis
	Events string // the noun for what it counts
	Read   string // the caption's explanation
	User   bool   // it ends in the server's own code, where the flight recorder stamps
}

// Sums lists the sums that figures split into stages, in the order of the
// figures.
var Sums = []Sum{
	{"D", "stages", "Where a request's dispatch time goes", "mean dispatch latency D", "requests",
		"D, as the kernel sees it, runs from the moment a request's data is ready until a thread has read it.", false},
	{"D", "stages-user", "Where a request's time goes, to its handler", "mean D, to the handler", "requests",
		"D runs from the moment a request's data is ready to the first instruction of its handler, for requests whose records of the kernel and of the server's flight recorder were joined. “return-user” and “futex-user” are from a system call's return in the kernel until the server's code goes on, with the Go runtime between them; “ready-return” and “ready-read” are all of the kernel's part before that.", true},
	{"H", "stages-handoff", "Where a hand-off's time goes", "mean hand-off latency H", "hand-offs",
		"H, as the kernel sees it, runs from the call that wakes another thread to that thread's return from its sleep: the leadership's hand-off in leader, a connection's or an event's in worker and event.", false},
	{"G", "stages-gap", "Where the leaderless gap's time goes", "mean leaderless gap G", "gaps",
		"G, as the kernel sees it, runs from the receipt of an event until the next thread waits for events: a woken one in leader, the same one in worker and event.", false},
}

// Part is one stage of a bar.
type Part struct {
	Name string // see StageName
	Mean float64
}

// Stack is one subject's bar: the mean over its processes, in µs.
type Stack struct {
	Subject string
	Parts   []Part // in the order of time
	Total   float64
	Totals  stats.Sample       // one value for each process
	placed  map[string]float64 // share of the events, by name of a stage.Placement
	Count   float64            // number of events with a placement
}

// DistOf returns a sum's distribution in a report, nil if it has none.
func DistOf(r *stage.Report, tag string) *stats.Dist {
	switch {
	case r == nil:
		return nil
	case tag == "D":
		return r.D
	case tag == "H":
		return r.H
	case tag == "G":
		return r.G
	}
	return nil
}

// stageOrder returns the names of all stages of a sum that a report may have,
// in the order of time. Stages that package stage does not list come last.
func stageOrder(r *stage.Report, tag string) []string {
	keys := stage.Keys(tag)
	for _, key := range slices.Sorted(maps.Keys(r.Stages)) {
		if r.Stages[key].Of == tag && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// split returns one process's mean of a sum and the mean's parts, in µs and in
// the order of time. ok is false if the phase has none. If the flight recorder
// was on too, the kernel's sum is extended at both ends into the server's own
// code.
func (of Sum) split(r *record.PhaseResult) (mean float64, parts []Part, ok bool) {
	add := func(key string, one stage.Times) {
		parts = append(parts, Part{StageName(of.Tag, key), one.PartOfMean / 1e3})
	}
	if of.User {
		if r.User == nil || r.User.D == nil {
			return 0, nil, false
		}
		for _, one := range stage.User {
			if key := of.Tag + "." + one.Name; one.Group == stage.UserD && one.Name != "total" {
				add(key, r.User.Stages[key])
			}
		}
		return r.User.D.Mean / 1e3, parts, true
	}
	d := DistOf(r.Probe, of.Tag)
	if d == nil {
		return 0, nil, false
	}
	mean = d.Mean / 1e3
	kernel := stageOrder(r.Probe, of.Tag)
	before, after := userKeys(r, of.Tag, kernel)
	for _, key := range before {
		add(key, r.User.Stages[key])
	}
	for _, key := range kernel {
		add(key, r.Probe.Stages[key])
	}
	for _, key := range after {
		add(key, r.User.Stages[key])
	}
	for _, key := range slices.Concat(before, after) {
		mean += r.User.Stages[key].PartOfMean / 1e3
	}
	return mean, parts, true
}

// userKeys returns the stages of the user side that lie before and after all of
// the kernel's.
func userKeys(r *record.PhaseResult, tag string, kernel []string) (before, after []string) {
	if r.User == nil {
		return nil, nil
	}
	starts := map[string]bool{} // stamps at which the kernel's stages begin
	for _, key := range kernel {
		starts[r.Probe.Stages[key].From] = true
	}
	for _, key := range slices.Sorted(maps.Keys(r.User.Stages)) {
		switch s := r.User.Stages[key]; {
		case s.Of != tag:
		case starts[s.To]:
			before = append(before, key)
		default:
			after = append(after, key)
		}
	}
	return before, after
}

// Stack returns the bar of one cell, with means over its processes that count.
// Those that do not count are in Totals only.
func (v *View) Stack(of Sum, phase string, p Panel, subject string) Stack {
	s := Stack{Subject: subject, placed: map[string]float64{}, Totals: stats.Sample{ByBlock: map[int]float64{}}}
	for _, t := range v.Trials(p, subject) {
		r := t.Phase(phase)
		if r == nil {
			continue
		}
		mean, parts, ok := of.split(r)
		if !ok {
			continue
		}
		if t.Valid(phase) && !t.Counts(phase) {
			continue // a make-up for other phases
		}
		if !t.Valid(phase) {
			s.Totals.Invalid = append(s.Totals.Invalid, mean)
			continue
		}
		s.Totals.Valid = append(s.Totals.Valid, mean)
		s.Totals.ByBlock[t.Repetition] = mean
		s.Total += mean
		s.Parts = AddParts(s.Parts, parts)
		if r.Probe != nil {
			for place, d := range r.Probe.ByPlacement[of.Tag] {
				s.placed[place] += float64(d.Count)
				s.Count += float64(d.Count)
			}
		}
	}
	n := float64(len(s.Totals.Valid))
	if n == 0 {
		return s
	}
	s.Total /= n
	for i := range s.Parts {
		s.Parts[i].Mean /= n
	}
	for place := range s.placed {
		s.placed[place] /= s.Count
	}
	return s
}

// AddParts adds the parts of one more process to sum, each to the part with its
// name, and returns sum. A part that sum lacks is inserted behind its
// predecessor.
func AddParts(sum, parts []Part) []Part {
	at := 0
	for _, p := range parts {
		if i := slices.IndexFunc(sum, Same(p)); i >= 0 {
			sum[i].Mean += p.Mean
			at = i + 1
			continue
		}
		sum = slices.Insert(sum, at, p)
		at++
	}
	return sum
}

// Same returns a function that reports whether a part has p's name.
func Same(p Part) func(Part) bool { return func(q Part) bool { return q.Name == p.Name } }

// Missing returns the total minus all parts, in µs, or 0 if that is negligible.
func (s *Stack) Missing() float64 {
	left := s.Total
	for _, p := range s.Parts {
		left -= p.Mean
	}
	if math.Abs(left) < unaccounted*s.Total {
		return 0
	}
	return left
}

// Merged returns the stages that are too short for a piece of their own in
// every bar (see Negligible).
func Merged(stacks []Stack) []string {
	var names, seen []string
	for _, s := range stacks {
		for _, p := range s.Parts {
			if p.Mean >= Negligible*s.Total && p.Mean > 0 {
				seen = append(seen, p.Name)
			} else if p.Mean > 0 && !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(seen, name) })
}

// Placement writes the shares of one bar's events with a wake-up on the same
// CPU, on another CPU, and without a wake-up, "" if none has a placement.
func (s *Stack) Placement() string {
	if s.Count == 0 {
		return ""
	}
	var parts []string
	for _, place := range []stage.Placement{stage.SameCPU, stage.CrossCPU, stage.NoWake} {
		parts = append(parts, fmt.Sprintf("%.0f", 100*s.placed[place.String()]))
	}
	return strings.Join(parts, "/") + " %"
}
