package record

import (
	"fmt"
	"slices"
)

// block names a cell's part of a block, of which one trial counts in each
// phase.
type block struct {
	cell       string
	repetition int
}

// Elect finds, for each phase, cell and block, the first valid trial in the
// order of execution, which is the one that counts. A run that was opened is
// elected; call it again after Trials has changed.
func (r *Run) Elect() {
	first := map[block]map[string]*Trial{}
	order := make([]*Trial, len(r.Trials))
	for i := range r.Trials {
		order[i] = &r.Trials[i]
	}
	slices.SortStableFunc(order, func(a, b *Trial) int { return a.Started.Compare(b.Started) })
	for _, t := range order {
		b := block{TrialID(t.Cell, 0), t.Repetition}
		if first[b] == nil {
			first[b] = map[string]*Trial{}
		}
		t.beaten = nil
		for _, p := range r.Manifest.Phases {
			switch {
			case !t.Valid(p.Name):
			case first[b][p.Name] == nil:
				first[b][p.Name] = t
			default:
				if t.beaten == nil {
					t.beaten = map[string]bool{}
				}
				t.beaten[p.Name] = true
			}
		}
	}
}

// Lacking returns the make-up trials that come next: one for each cell and block
// that has a phase in which no trial is valid although one was run, in the
// order of the plan. It leaves out phases in which a cell has had so many trials
// and none of them is valid, because more would not help.
func (r *Run) Lacking(hopeless int) (next []Planned) {
	type at struct{ cell, phase string }
	ran, valid := map[string]int{}, map[at]int{}
	tried, counts := map[block]int{}, map[block]map[string]bool{}
	for i := range r.Trials {
		t := &r.Trials[i]
		b := block{TrialID(t.Cell, 0), t.Repetition}
		ran[b.cell]++
		tried[b] = max(tried[b], t.Makeup+1)
		if counts[b] == nil {
			counts[b] = map[string]bool{}
		}
		for _, p := range r.Manifest.Phases {
			if t.Valid(p.Name) {
				counts[b][p.Name] = true
				valid[at{b.cell, p.Name}]++
			}
		}
	}
	for _, p := range r.Manifest.Plan {
		b := block{TrialID(p.Cell, 0), p.Repetition}
		lacks := slices.ContainsFunc(r.Manifest.Phases, func(q Phase) bool {
			return !counts[b][q.Name] && (valid[at{b.cell, q.Name}] > 0 || ran[b.cell] < hopeless)
		})
		if p.Makeup == 0 && tried[b] > 0 && lacks {
			next = append(next, Planned{ID: MakeupID(p.Cell, p.Repetition, tried[b]), Cell: p.Cell, Repetition: p.Repetition, Makeup: tried[b]})
		}
	}
	return next
}

// hopelessPhase is after how many trials, none of them valid in a phase, a cell
// is not made up for in it.
const hopelessPhase = 3

// Makeups returns the make-up trials that come next and for which the plan has
// room. Only gates and failures decide that, never a value.
func (r *Run) Makeups() []Planned {
	made := 0
	for _, p := range r.Manifest.Plan {
		if p.Makeup > 0 {
			made++
		}
	}
	next := r.Lacking(hopelessPhase)
	return next[:min(len(next), max(0, r.Manifest.MostMakeups()-made))]
}

// MostMakeups returns how many make-up trials a plan may have: a third of its
// other trials, rounded up.
func (m *Manifest) MostMakeups() int {
	n := 0
	for _, p := range m.Plan {
		if p.Makeup == 0 {
			n++
		}
	}
	return (n + 2) / 3
}

// Grown says in a sentence how many blocks were added after a look at the data,
// "" if there are none.
func (m *Manifest) Grown() string {
	blocks := 0
	for _, e := range m.Extended {
		blocks += e.Blocks
	}
	switch {
	case blocks == 0:
		return ""
	case blocks == 1:
		return "1 block was added after a look at the data, because a rule was undecided."
	}
	return fmt.Sprintf("%d blocks were added after a look at the data, because a rule was undecided.", blocks)
}

// MadeUp says in a sentence how many make-up trials there are, "" if there are
// none.
func (m *Manifest) MadeUp() string {
	switch m.Makeups {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("1 make-up trial was added, of at most %d, because a trial had failed or did not pass its gates; no value decided that.", m.MostMakeups())
	}
	return fmt.Sprintf("%d make-up trials were added, of at most %d, because trials had failed or did not pass their gates; no value decided that.", m.Makeups, m.MostMakeups())
}

// Unfiltered returns the run as if every trial that did not fail had passed its
// gates, to see what leaving trials out decides. The first trial of each cell
// and block counts, and no make-up. The run is not changed.
func (r *Run) Unfiltered() *Run {
	all := *r
	all.Trials = slices.Clone(r.Trials)
	for i := range all.Trials {
		all.Trials[i].Gates = nil
	}
	all.Elect()
	return &all
}
