package run

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
)

// choose keeps the cells that only selects. only holds "key=value" terms: terms
// with the same key are alternatives, and all keys must match. Without terms it
// keeps all cells.
func choose(axes []record.Axis, cells []record.Cell, only []string) ([]record.Cell, error) {
	wanted := map[string][]string{}
	for _, term := range only {
		key, value, ok := strings.Cut(term, "=")
		if !ok {
			return nil, fmt.Errorf("choose cells: %q is not of the form key=value (as in mpm=leader)", term)
		}
		i := slices.IndexFunc(axes, func(a record.Axis) bool { return a.Name == key })
		if i < 0 {
			return nil, fmt.Errorf("choose cells: unknown axis %q in %q (known: %s)", key, term, strings.Join(record.AxisNames(axes), ", "))
		}
		if !slices.Contains(axes[i].Values, value) {
			return nil, fmt.Errorf("choose cells: axis %s has no value %q (it has: %s)", key, value, strings.Join(axes[i].Values, ", "))
		}
		wanted[key] = append(wanted[key], value)
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c record.Cell) bool {
		for key, values := range wanted {
			if !slices.Contains(values, c[key]) {
				return true
			}
		}
		return false
	}), nil
}

// narrow drops the values of axes that no cell has.
func narrow(axes []record.Axis, cells []record.Cell) []record.Axis {
	out := make([]record.Axis, 0, len(axes))
	for _, a := range axes {
		values := slices.DeleteFunc(slices.Clone(a.Values), func(v string) bool {
			return !slices.ContainsFunc(cells, func(c record.Cell) bool { return c[a.Name] == v })
		})
		out = append(out, record.Axis{Name: a.Name, Values: values})
	}
	return out
}
