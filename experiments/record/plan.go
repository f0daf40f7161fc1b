package record

import (
	"math/rand/v2"
)

// NewPlan orders the trials in blocks. Each block holds every cell once and is
// shuffled on its own, so that drift during the run affects all cells alike.
// The order within a block depends only on the seed, the cells and the block's
// number: more repetitions extend a plan and do not change it.
func NewPlan(cells []Cell, repeat int, seed uint64) []Planned {
	plan := make([]Planned, 0, len(cells)*repeat)
	for block := range repeat {
		plan = append(plan, PlanBlock(cells, block, seed)...)
	}
	return plan
}

func PlanBlock(cells []Cell, block int, seed uint64) []Planned {
	rng := rand.New(rand.NewPCG(seed, uint64(block)))
	plan := make([]Planned, 0, len(cells))
	for _, i := range rng.Perm(len(cells)) {
		plan = append(plan, Planned{ID: TrialID(cells[i], block), Cell: cells[i], Repetition: block})
	}
	return plan
}
