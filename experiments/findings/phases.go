package findings

import (
	"fmt"
	"maps"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// PhasesNamed are the phases of these names, in the order of the suite.
func (v *View) PhasesNamed(names map[string]bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(v.Phases), func(ph record.Phase) bool { return !names[ph.Name] })
}

// Compares reports whether all of these are subjects.
func (v *View) Compares(names ...string) bool {
	return !slices.ContainsFunc(names, func(s string) bool { return !slices.Contains(v.Subjects, s) })
}

// Processes that count, in the cells with the fewest (but any) and the most.
func (v *View) Processes() (fewest, most int) {
	for _, p := range v.Panels {
		for _, s := range v.Subjects {
			n := 0
			for _, t := range v.Trials(p, s) {
				if t.Valid() {
					n++
				}
			}
			if most = max(most, n); n > 0 && (fewest == 0 || n < fewest) {
				fewest = n
			}
		}
	}
	return fewest, most
}

// Judged is what the run's rules come to; nil where the suite states none.
func (v *View) Judged() *verdict.Verdict {
	if v.verdict == nil && len(v.Run.Manifest.Rules) > 0 {
		v.verdict = verdict.Judge(v.Run)
	}
	return v.verdict
}

func (v *View) IndexOf(ph record.Phase) int {
	for i := range v.Phases {
		if v.Phases[i].Name == ph.Name {
			return i
		}
	}
	return -1
}

// Load says in a few words what a phase asks of the server in a panel, and
// what sets it apart from others that ask for the same.
func (v *View) Load(ph record.Phase, p Panel) string {
	s := v.plainLoad(ph, p)
	var recorder, probe, kind, generators bool
	for _, other := range v.Phases {
		if other.Name == ph.Name || v.plainLoad(other, p) != s {
			continue
		}
		recorder = recorder || other.Flight != ph.Flight
		probe = probe || (other.Probe != "") != (ph.Probe != "")
		kind = kind || other.Probe != ph.Probe && other.Probe != "" && ph.Probe != ""
		generators = generators || other.Generators != ph.Generators
	}
	if generators {
		s = fmt.Sprintf("closed loop, generator threads: %d", ph.Generators)
	}
	on := map[bool]string{true: "on", false: "off"}
	seen := "probe " + on[ph.Probe != ""]
	if kind && ph.Probe != "" {
		seen = "probe: " + ph.Probe
	}
	switch {
	case recorder && probe && ph.Flight == (ph.Probe != "") && !kind:
		s += ", recorder and probe " + on[ph.Flight]
	case recorder && probe && ph.Flight:
		s += ", recorder on"
	case probe || kind:
		s += ", " + seen
	case recorder:
		s += ", recorder " + on[ph.Flight]
	}
	return s
}

func (v *View) plainLoad(ph record.Phase, p Panel) string {
	switch rate := v.Offered(ph.Name, p); {
	case rate > 0:
		return fmt.Sprintf("open loop, %s/s", words.Thousands(rate))
	case ph.Connections > 0:
		return fmt.Sprintf("closed loop, %d connections", ph.Connections)
	case ph.Title != "":
		return ph.Title
	}
	return ph.Name
}

// SameLoad reports whether two phases ask the server for the same, whatever
// looks on.
func SameLoad(a, b record.Phase) bool {
	return a.Path == b.Path && a.Connections == b.Connections && a.Generators == b.Generators &&
		a.Rate == b.Rate && a.Arrivals == b.Arrivals &&
		maps.Equal(a.ConnectionsByMode, b.ConnectionsByMode) && maps.Equal(a.RateByMode, b.RateByMode)
}

func JoinTitle(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// PhasesByLoad puts what is compared at equal offered rate first, and of equal
// loads what no probe disturbs.
func (v *View) PhasesByLoad() []record.Phase {
	ps := slices.Clone(v.Phases)
	rank := func(ph record.Phase) (n int) {
		if !v.IsOpen(ph) {
			n = 2
		}
		if ph.Probe != "" {
			n++
		}
		return n
	}
	slices.SortStableFunc(ps, func(a, b record.Phase) int { return rank(a) - rank(b) })
	return ps
}

// Undisturbed leaves out the phases with the probe whose load another phase has
// without it: figures of what is measured without the probe show the latter.
// recorded asks for what the flight recorder measures.
func (v *View) Undisturbed(phases []record.Phase, recorded bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(phases), func(on record.Phase) bool {
		return on.Probe != "" && slices.ContainsFunc(v.Phases, func(off record.Phase) bool {
			return off.Probe == "" && SameLoad(on, off) && (off.Flight == on.Flight || !recorded)
		})
	})
}

func (v *View) IsOpen(ph record.Phase) bool {
	for _, p := range v.Panels {
		if v.Offered(ph.Name, p) > 0 {
			return true
		}
	}
	return false
}

// PanelOf is the panel that a cell lies in.
func (v *View) PanelOf(c record.Cell) Panel {
	for _, p := range v.Panels {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c)), func(name string) bool { return name != v.Group && p.Cell[name] != c[name] }) {
			return p
		}
	}
	return Panel{Cell: c}
}
