package lab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// newPlan puts the trials in order: blocks that hold every cell once, each
// shuffled on its own, so that what drifts during the run falls on all cells
// alike. The order within a block depends on the seed, the cells and the
// block's number only: more repetitions continue a plan, they do not change it.
func newPlan(cells []Cell, repeat int, seed uint64) []Planned {
	plan := make([]Planned, 0, len(cells)*repeat)
	for block := range repeat {
		plan = append(plan, planBlock(cells, block, seed)...)
	}
	return plan
}

func planBlock(cells []Cell, block int, seed uint64) []Planned {
	rng := rand.New(rand.NewPCG(seed, uint64(block)))
	plan := make([]Planned, 0, len(cells))
	for _, i := range rng.Perm(len(cells)) {
		plan = append(plan, Planned{ID: trialID(cells[i], block), Cell: cells[i], Repetition: block})
	}
	return plan
}

// choose keeps the cells that only asks for: "key=value" terms, where terms of
// one key are alternatives and different keys must all hold. No term keeps all.
func choose(axes []Axis, cells []Cell, only []string) ([]Cell, error) {
	wanted := map[string][]string{}
	for _, term := range only {
		key, value, ok := strings.Cut(term, "=")
		if !ok {
			return nil, fmt.Errorf("choose cells: %q is not of the form key=value (as in mpm=leader)", term)
		}
		i := slices.IndexFunc(axes, func(a Axis) bool { return a.Name == key })
		if i < 0 {
			return nil, fmt.Errorf("choose cells: unknown axis %q in %q (known: %s)", key, term, strings.Join(names(axes), ", "))
		}
		if !slices.Contains(axes[i].Values, value) {
			return nil, fmt.Errorf("choose cells: axis %s has no value %q (it has: %s)", key, value, strings.Join(axes[i].Values, ", "))
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

// narrow drops the values of axes that no cell has.
func narrow(axes []Axis, cells []Cell) []Axis {
	out := make([]Axis, 0, len(axes))
	for _, a := range axes {
		values := slices.DeleteFunc(slices.Clone(a.Values), func(v string) bool {
			return !slices.ContainsFunc(cells, func(c Cell) bool { return c[a.Name] == v })
		})
		out = append(out, Axis{a.Name, values})
	}
	return out
}
