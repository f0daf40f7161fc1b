package figure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// headlines are the figures that a suite may ask for by number, and the names of
// their files.
var headlines = map[string]string{
	"F1": "where-time-goes", "F2": "handoff", "F3": "gap", "F4": "model", "F5": "work", "F6": "economy", "F7": "spin", "F8": "order", "F9": "overload",
}

// ordered puts the figures that the suite asks for first, in its order, then
// those of the verdict, then the others. One that was asked for and could not be
// drawn is not silent about it.
func (v *view) ordered(figs []Figure) []Figure {
	asked := v.run.Manifest.Figures
	rank := func(f Figure) int {
		if i := slices.Index(asked, f.Headline); i >= 0 {
			return i
		}
		if strings.HasPrefix(f.Name, "verdict") {
			return len(asked)
		}
		return len(asked) + 1
	}
	slices.SortStableFunc(figs, func(a, b Figure) int { return cmp.Compare(rank(a), rank(b)) })
	for i := range figs {
		if f := &figs[i]; rank(*f) < len(asked) {
			f.silent = false
		}
	}
	return figs
}

// without is the figure with the reason why it is not drawn. Nobody misses it
// but a suite that asks for it.
func (f Figure) without(format string, args ...any) Figure {
	f.Missing, f.silent = fmt.Sprintf(format, args...), true
	return f
}

// machine is the sentence of captions that says where it was measured.
func (v *view) machine() string {
	m := v.run.Manifest.Before
	if m.CPU == "" {
		return ""
	}
	s := fmt.Sprintf("Machine: %s, %d CPUs", m.CPU, m.CPUs)
	if m.Kernel != "" {
		s += ", Linux " + m.Kernel
	}
	if m.Virtualised != "" && m.Virtualised != "none" {
		s += ", virtual (" + m.Virtualised + ")"
	}
	return s + "."
}
