package probe

import (
	"reflect"
	"strings"
	"unicode"

	"lflab/experiments/probe/bpf"
)

func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// countMap returns the counters by name.
func countMap(c *bpf.ProbeCounts) map[string]uint64 {
	m := make(map[string]uint64, 32)
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if t := v.Type().Field(i); t.IsExported() {
			m[snake(t.Name)] = v.Field(i).Uint()
		}
	}
	return m
}

// Counts returns the programs' counters since Open, by name.
func (p *Probe) Counts() (map[string]uint64, error) {
	c, err := p.counts()
	if err != nil {
		return nil, err
	}
	return countMap(&c), nil
}
