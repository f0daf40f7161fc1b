package figure

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

// stageName is the name of a stage of "D", "H" or "G" in figures: as the probe
// has it, but that the stages of a hand-off are called alike wherever one lies.
func stageName(of, key string) string {
	name := strings.TrimPrefix(key, of+".")
	pass, passed := strings.CutPrefix(name, "pass-")
	wake := []string{"wake-waking", "waking-wakeup", "wakeup-switch", "switch-return"}
	if slices.Contains(wake, pass) && (passed || of != "D") || pass == "wake-return" {
		return "hand-off: " + pass
	}
	return name
}

// negligible is the share of a bar below which a stage is not worth a piece of
// its own, if it stays below in every bar of the figure.
const negligible = 0.015

// unaccounted is the share of a total that its stages may leave out or have too
// much without a word: sums are exact, records of single processes round.
const unaccounted = 0.005

// sum is one of the sums that the probe splits into stages.
type sum struct {
	tag    string // of the probe's report: "D", "H", "G"
	name   string // of the figure's files
	title  string
	label  string // of the axis
	events string // what is counted
	read   string // how to read it
	user   bool   // it ends in the server's own code, as the flight recorder says
}

var sums = []sum{
	{"D", "stages", "Where a request's dispatch time goes", "mean dispatch latency D", "requests",
		"D, as the kernel sees it, runs from the moment a request's data is ready until a thread has read it.", false},
	{"D", "stages-user", "Where a request's time goes, to its handler", "mean D, to the handler", "requests",
		"D runs from the moment a request's data is ready to the first instruction of its handler, for requests whose records of the kernel and of the server's flight recorder were joined. “return-user” and “futex-user” are from a system call's return in the kernel until the server's code goes on, with the Go runtime between them; “ready-return” and “ready-read” are all of the kernel's part before that.", true},
	{"H", "stages-handoff", "Where a hand-off's time goes", "mean hand-off latency H", "hand-offs",
		"H, as the kernel sees it, runs from the call that wakes another thread to that thread's return from its sleep: the leadership's hand-off in leader, a connection's or an event's in worker and event.", false},
	{"G", "stages-gap", "Where the leaderless gap's time goes", "mean leaderless gap G", "gaps",
		"G, as the kernel sees it, runs from the receipt of an event until the next thread waits for events: a woken one in leader, the same one in worker and event.", false},
}

// part is a stage's part of a bar.
type part struct {
	name string // stageName
	mean float64
}

// stack is one subject's bar: the mean over its processes, in µs.
type stack struct {
	subject string
	parts   []part // in the order of time
	total   float64
	totals  stats.Sample       // of each process
	placed  map[string]float64 // share of the events by probe.Placement
	count   float64            // events
}

// distOf is one of the sums' distributions in a report, or nil.
func distOf(r *stage.Report, tag string) *stats.Dist {
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

// stageOrder are the names of all stages that a report may have of a sum, in
// the order of time; those that the probe's list lacks come last.
func stageOrder(r *stage.Report, tag string) []string {
	keys := stage.Keys(tag)
	for _, key := range slices.Sorted(maps.Keys(r.Stages)) {
		if r.Stages[key].Of == tag && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// split is what one process measured of a sum: its mean and the parts of that in
// the order of time, in µs. Where the flight recorder was on as well, the ends of
// the kernel's sums are carried on to the server's own code.
func (of sum) split(r *record.PhaseResult) (mean float64, parts []part, ok bool) {
	add := func(key string, one stage.Times) {
		parts = append(parts, part{stageName(of.tag, key), one.PartOfMean / 1e3})
	}
	if of.user {
		if r.User == nil || r.User.D == nil {
			return 0, nil, false
		}
		for _, one := range stage.User {
			if key := of.tag + "." + one.Name; one.Group == stage.UserD && one.Name != "total" {
				add(key, r.User.Stages[key])
			}
		}
		return r.User.D.Mean / 1e3, parts, true
	}
	d := distOf(r.Probe, of.tag)
	if d == nil {
		return 0, nil, false
	}
	mean = d.Mean / 1e3
	kernel := stageOrder(r.Probe, of.tag)
	before, after := userKeys(r, of.tag, kernel)
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

// userKeys are the stages of the user side that lie before and after all of the
// kernel's.
func userKeys(r *record.PhaseResult, tag string, kernel []string) (before, after []string) {
	if r.User == nil {
		return nil, nil
	}
	starts := map[string]bool{} // stamps that the kernel's stages begin with
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

// stack adds the processes of one cell up.
func (v *View) stack(of sum, phase string, p panel, subject string) stack {
	s := stack{subject: subject, placed: map[string]float64{}, totals: stats.Sample{ByBlock: map[int]float64{}}}
	for _, t := range v.trials(p, subject) {
		r := phaseOf(t, phase)
		if r == nil {
			continue
		}
		mean, parts, ok := of.split(r)
		if !ok {
			continue
		}
		if !t.Valid() {
			s.totals.Invalid = append(s.totals.Invalid, mean)
			continue
		}
		s.totals.Valid = append(s.totals.Valid, mean)
		s.totals.ByBlock[t.Repetition] = mean
		s.total += mean
		s.parts = addParts(s.parts, parts)
		if r.Probe != nil {
			for place, d := range r.Probe.ByPlacement[of.tag] {
				s.placed[place] += float64(d.Count)
				s.count += float64(d.Count)
			}
		}
	}
	n := float64(len(s.totals.Valid))
	if n == 0 {
		return s
	}
	s.total /= n
	for i := range s.parts {
		s.parts[i].mean /= n
	}
	for place := range s.placed {
		s.placed[place] /= s.count
	}
	return s
}

// addParts adds those of one more process, each to that of its name. What only
// the new one has keeps its place behind the one that stands before it.
func addParts(sum, parts []part) []part {
	at := 0
	for _, p := range parts {
		if i := slices.IndexFunc(sum, same(p)); i >= 0 {
			sum[i].mean += p.mean
			at = i + 1
			continue
		}
		sum = slices.Insert(sum, at, p)
		at++
	}
	return sum
}

func same(p part) func(part) bool { return func(q part) bool { return q.name == p.name } }

// missing is what the stages leave out of the total; negative is too much.
func (s *stack) missing() float64 {
	left := s.total
	for _, p := range s.parts {
		left -= p.mean
	}
	if math.Abs(left) < unaccounted*s.total {
		return 0
	}
	return left
}

// merged are the stages that no bar has a visible part of.
func merged(stacks []stack) []string {
	var names, seen []string
	for _, s := range stacks {
		for _, p := range s.parts {
			if p.mean >= negligible*s.total && p.mean > 0 {
				seen = append(seen, p.name)
			} else if p.mean > 0 && !slices.Contains(names, p.name) {
				names = append(names, p.name)
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(seen, name) })
}

// placement writes the shares of one bar: same CPU, cross CPU, no wake-up.
func (s *stack) placement() string {
	if s.count == 0 {
		return ""
	}
	var parts []string
	for _, place := range []stage.Placement{stage.SameCPU, stage.CrossCPU, stage.NoWake} {
		parts = append(parts, fmt.Sprintf("%.0f", 100*s.placed[place.String()]))
	}
	return strings.Join(parts, "/") + " %"
}
