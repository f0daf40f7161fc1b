package findings

import (
	"fmt"
	"maps"
	"slices"

	"lflab/experiments/record"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// PhasesNamed returns the phases with these names, in the order of the suite.
func (v *View) PhasesNamed(names map[string]bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(v.Phases), func(ph record.Phase) bool { return !names[ph.Name] })
}

// Compares reports whether all of names are subjects.
func (v *View) Compares(names ...string) bool {
	return !slices.ContainsFunc(names, func(s string) bool { return !slices.Contains(v.Subjects, s) })
}

// Processes returns how many processes count in the cell and phase with the
// fewest, but at least one, and in those with the most. Both are 0 if none
// counts.
func (v *View) Processes() (fewest, most int) {
	for _, p := range v.Panels {
		for _, s := range v.Subjects {
			trials := v.Trials(p, s)
			for _, ph := range v.Phases {
				n := 0
				for _, t := range trials {
					if t.Counts(ph.Name) {
						n++
					}
				}
				if most = max(most, n); n > 0 && (fewest == 0 || n < fewest) {
					fewest = n
				}
			}
		}
	}
	return fewest, most
}

// Judged returns the verdict on the run's rules, nil if the suite has none. It
// judges once and keeps the verdict.
func (v *View) Judged() *verdict.Verdict {
	if v.verdict == nil && len(v.Run.Manifest.Rules) > 0 {
		v.verdict = verdict.Judge(v.Run)
	}
	return v.verdict
}

// IndexOf returns the index in Phases of the phase with ph's name, or -1.
func (v *View) IndexOf(ph record.Phase) int {
	for i := range v.Phases {
		if v.Phases[i].Name == ph.Name {
			return i
		}
	}
	return -1
}

// Load says in a few words which load a phase puts on the server in a panel,
// and what distinguishes it from other phases with the same load.
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
		return "closed loop, " + words.Count(ph.Connections, "connection", "connections")
	case ph.Title != "":
		return ph.Title
	}
	return ph.Name
}

// SameLoad reports whether two phases put the same load on the server,
// whichever probe or flight recorder is on.
func SameLoad(a, b record.Phase) bool {
	return a.Path == b.Path && a.Connections == b.Connections && a.Generators == b.Generators &&
		a.Rate == b.Rate && a.Arrivals == b.Arrivals &&
		maps.Equal(a.ConnectionsByMode, b.ConnectionsByMode) && maps.Equal(a.RateByMode, b.RateByMode)
}

// JoinTitle joins two parts of a title with a dot; either may be empty.
func JoinTitle(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// PhasesByLoad returns the phases with open loops first, because they compare
// at equal offered rate. Phases without the probe come before those with it.
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

// Undisturbed returns phases without those that have the probe on, if the run
// has a phase with the same load and the probe off. With recorded, which is for
// values of the flight recorder, that phase must also have the recorder in the
// same state.
func (v *View) Undisturbed(phases []record.Phase, recorded bool) []record.Phase {
	return slices.DeleteFunc(slices.Clone(phases), func(on record.Phase) bool {
		return on.Probe != "" && slices.ContainsFunc(v.Phases, func(off record.Phase) bool {
			return off.Probe == "" && SameLoad(on, off) && (off.Flight == on.Flight || !recorded)
		})
	})
}

// IsOpen reports whether a phase is an open loop: it offers a rate in some
// panel.
func (v *View) IsOpen(ph record.Phase) bool {
	for _, p := range v.Panels {
		if v.Offered(ph.Name, p) > 0 {
			return true
		}
	}
	return false
}

// PanelOf returns the panel that a cell lies in, or one without a title if
// there is none.
func (v *View) PanelOf(c record.Cell) Panel {
	for _, p := range v.Panels {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(c)), func(name string) bool { return name != v.Group && p.Cell[name] != c[name] }) {
			return p
		}
	}
	return Panel{Cell: c}
}
