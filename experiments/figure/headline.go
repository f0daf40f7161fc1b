package figure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/words"
)

// ordered sorts figures: first those that the suite asks for, in its order,
// then those of the verdict, then the others. A figure that was asked for is
// not Silent.
func (v *View) ordered(figs []Figure) []Figure {
	asked := v.Run.Manifest.Figures
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
			f.Silent = false
		}
	}
	return figs
}

// without returns the figure with the reason why it is not drawn. It is Silent,
// because only a suite that asks for it misses it (see ordered).
func (f Figure) without(format string, args ...any) Figure {
	f.Missing, f.Silent = fmt.Sprintf(format, args...), true
	return f
}

// machine writes the caption's sentence about the machine, "" if it is unknown.
func (v *View) machine() string {
	m := v.Run.Manifest.Before
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

// outermost returns the indices of the panels that a figure shows. If there are
// more than room, it keeps, of each axis of numbers, the least and the greatest
// value, and if those are too many the least only. few says so for the caption.
func (v *View) outermost(room int) (kept []int, few string) {
	var shown []string
	for i := range v.Panels {
		kept = append(kept, i)
	}
	for _, ends := range []int{2, 1} {
		for _, a := range findings.AxesOf(v.Run) {
			if a.Name == v.Group || len(a.Values) <= ends || len(kept) <= room {
				continue
			}
			values := slices.DeleteFunc(slices.Clone(a.Values), func(s string) bool {
				_, ok := findings.NumberOf(s)
				return !ok
			})
			if len(values) < len(a.Values) {
				continue
			}
			slices.SortFunc(values, func(x, y string) int {
				p, _ := findings.NumberOf(x)
				q, _ := findings.NumberOf(y)
				return cmp.Compare(p, q)
			})
			values = append(values[:1], values[len(values)-ends+1:]...)
			kept = slices.DeleteFunc(kept, func(i int) bool { return !slices.Contains(values, v.Panels[i].Cell[a.Name]) })
			shown = slices.DeleteFunc(shown, func(s string) bool { return strings.HasPrefix(s, a.Name+" = ") })
			shown = append(shown, a.Name+" = "+words.List(values))
		}
	}
	if len(shown) > 0 {
		few = "Of more cells are shown: " + strings.Join(shown, "; ") + "."
	}
	return kept, few
}
