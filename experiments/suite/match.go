package suite

import (
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Match selects cells by their values: on every named axis, a cell must have
// one of the listed values.
type Match map[string][]string

// Has reports whether m selects the cell.
func (m Match) Has(cell map[string]string) bool {
	for axis, values := range m {
		if !slices.Contains(values, cell[axis]) {
			return false
		}
	}
	return true
}

// match reads a table of axes, each with one or more values.
func (r *reader) match(s *Suite, table map[string]any, at string) (Match, error) {
	if len(table) == 0 {
		return nil, r.missing(at, `axes with values, as in { mpm = ["worker", "event"] }`)
	}
	m := Match{}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		axis := s.Axis(name)
		if axis == nil {
			return nil, r.refuse(at, name, "names of axes")
		}
		list, many := table[name].([]any)
		if !many {
			list = []any{table[name]}
		}
		for _, v := range list {
			value, ok := scalar(v)
			if !ok || !slices.Contains(axis.Values, value) {
				return nil, r.refuse(at+"."+name, v, strings.Join(axis.Values, ", "))
			}
			m[name] = append(m[name], value)
		}
		if len(m[name]) == 0 {
			return nil, r.missing(at+"."+name, strings.Join(axis.Values, ", "))
		}
	}
	return m, nil
}

// without reads the combinations that are left out.
func (r *reader) without(s *Suite, f *file, md toml.MetaData) error {
	for _, table := range f.Without {
		m, err := r.match(s, table, "without")
		if err != nil {
			return err
		}
		s.Without = append(s.Without, m)
	}
	if len(s.Without) > 0 && len(s.Cells()) == 0 {
		return r.refuse("without", f.Without, "tables that leave something to measure")
	}
	return nil
}
