package record

import (
	"fmt"
	"slices"
	"strings"
)

// ChoiceError is an error in the terms that Choose was given.
type ChoiceError struct{ error }

func (e *ChoiceError) Unwrap() error { return e.error }

// Choose keeps the cells that only selects. only holds "key=value" terms: terms
// with the same key are alternatives, and all keys must match. Without terms it
// keeps all cells.
func Choose(axes []Axis, cells []Cell, only []string) ([]Cell, error) {
	wanted := map[string][]string{}
	for _, term := range only {
		key, value, ok := strings.Cut(term, "=")
		if !ok {
			return nil, &ChoiceError{fmt.Errorf("choose cells: %q is not of the form key=value (as in mpm=leader)", term)}
		}
		i := slices.IndexFunc(axes, func(a Axis) bool { return a.Name == key })
		if i < 0 {
			return nil, &ChoiceError{fmt.Errorf("choose cells: unknown axis %q in %q (known: %s)", key, term, strings.Join(AxisNames(axes), ", "))}
		}
		if !slices.Contains(axes[i].Values, value) {
			return nil, &ChoiceError{fmt.Errorf("choose cells: axis %s has no value %q (it has: %s)", key, value, strings.Join(axes[i].Values, ", "))}
		}
		wanted[key] = append(wanted[key], value)
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool {
		for key, values := range wanted {
			if !slices.Contains(values, c[key]) {
				return true
			}
		}
		return false
	}), nil
}

// Narrow drops the values of axes that no cell has.
func Narrow(axes []Axis, cells []Cell) []Axis {
	out := make([]Axis, 0, len(axes))
	for _, a := range axes {
		values := slices.DeleteFunc(slices.Clone(a.Values), func(v string) bool {
			return !slices.ContainsFunc(cells, func(c Cell) bool { return c[a.Name] == v })
		})
		out = append(out, Axis{Name: a.Name, Values: values})
	}
	return out
}
