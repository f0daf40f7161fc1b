package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TrialID returns a hash of cell and repetition. The same trial has the same ID
// in every run of a suite, wherever it stands in the order.
func TrialID(cell Cell, repetition int) string {
	h := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(cell)) {
		fmt.Fprintf(h, "%s=%s\n", k, cell[k])
	}
	fmt.Fprintf(h, "repetition=%d\n", repetition)
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// MakeupID returns the ID of a make-up trial, or TrialID for makeup 0.
func MakeupID(cell Cell, repetition, makeup int) string {
	if makeup == 0 {
		return TrialID(cell, repetition)
	}
	h := sha256.Sum256(fmt.Appendf(nil, "%s\nmakeup=%d\n", TrialID(cell, repetition), makeup))
	return hex.EncodeToString(h[:])[:12]
}

// With returns a copy of the cell with one more value.
func (c Cell) With(axis, value string) Cell {
	out := maps.Clone(c)
	if out == nil {
		out = Cell{}
	}
	out[axis] = value
	return out
}

// Has reports whether the cell has all values of another one.
func (c Cell) Has(of Cell) bool {
	for name, value := range of {
		if c[name] != value {
			return false
		}
	}
	return true
}

// AxisNames returns the names of the axes.
func AxisNames(axes []Axis) []string {
	ns := make([]string, len(axes))
	for i, a := range axes {
		ns[i] = a.Name
	}
	return ns
}

// Label joins a cell's values in the order of the axes: "leader/close".
func Label(axes []Axis, cell Cell) string {
	values := make([]string, len(axes))
	for i, a := range axes {
		values[i] = cell[a.Name]
	}
	return strings.Join(values, "/")
}
