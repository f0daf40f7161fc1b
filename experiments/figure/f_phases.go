package figure

import (
	"fmt"
	"maps"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// phasesNamed are the phases of these names, in the order of the suite.
func (v *View) phasesNamed(names map[string]bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(v.phases), func(ph record.Phase) bool { return !names[ph.Name] })
}

// compares reports whether all of these are subjects.
func (v *View) compares(names ...string) bool {
	return !slices.ContainsFunc(names, func(s string) bool { return !slices.Contains(v.subjects, s) })
}

// processes that count, in the cells with the fewest (but any) and the most.
func (v *View) processes() (fewest, most int) {
	for _, p := range v.panels {
		for _, s := range v.subjects {
			n := 0
			for _, t := range v.trials(p, s) {
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

// judged is what the run's rules come to; nil where the suite states none.
func (v *View) judged() *verdict.Verdict {
	if v.verdict == nil && len(v.run.Manifest.Rules) > 0 {
		v.verdict = verdict.Judge(v.run)
	}
	return v.verdict
}

func (v *View) indexOf(ph record.Phase) int {
	for i := range v.phases {
		if v.phases[i].Name == ph.Name {
			return i
		}
	}
	return -1
}

// load says in a few words what a phase asks of the server in a panel, and
// what sets it apart from others that ask for the same.
func (v *View) load(ph record.Phase, p panel) string {
	s := v.plainLoad(ph, p)
	var recorder, probe, kind, generators bool
	for _, other := range v.phases {
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

func (v *View) plainLoad(ph record.Phase, p panel) string {
	switch rate := v.offered(ph.Name, p); {
	case rate > 0:
		return fmt.Sprintf("open loop, %s/s", words.Thousands(rate))
	case ph.Connections > 0:
		return fmt.Sprintf("closed loop, %d connections", ph.Connections)
	case ph.Title != "":
		return ph.Title
	}
	return ph.Name
}

// sameLoad reports whether two phases ask the server for the same, whatever
// looks on.
func sameLoad(a, b record.Phase) bool {
	return a.Path == b.Path && a.Connections == b.Connections && a.Generators == b.Generators &&
		a.Rate == b.Rate && a.Arrivals == b.Arrivals &&
		maps.Equal(a.ConnectionsByMode, b.ConnectionsByMode) && maps.Equal(a.RateByMode, b.RateByMode)
}

func joinTitle(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// phasesByLoad puts what is compared at equal offered rate first, and of equal
// loads what no probe disturbs.
func (v *View) phasesByLoad() []record.Phase {
	ps := slices.Clone(v.phases)
	rank := func(ph record.Phase) (n int) {
		if !v.isOpen(ph) {
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

// undisturbed leaves out the phases with the probe whose load another phase has
// without it: figures of what is measured without the probe show the latter.
// recorded asks for what the flight recorder measures.
func (v *View) undisturbed(phases []record.Phase, recorded bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(phases), func(on record.Phase) bool {
		return on.Probe != "" && slices.ContainsFunc(v.phases, func(off record.Phase) bool {
			return off.Probe == "" && sameLoad(on, off) && (off.Flight == on.Flight || !recorded)
		})
	})
}

func (v *View) isOpen(ph record.Phase) bool {
	for _, p := range v.panels {
		if v.offered(ph.Name, p) > 0 {
			return true
		}
	}
	return false
}

// panelOf is the panel that a cell lies in.
func (v *View) panelOf(c record.Cell) panel {
	for _, p := range v.panels {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c)), func(name string) bool { return name != v.group && p.cell[name] != c[name] }) {
			return p
		}
	}
	return panel{cell: c}
}
