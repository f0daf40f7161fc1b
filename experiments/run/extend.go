package run

import (
	"slices"
	"time"

	"lflab/experiments/record"
)

// More says what a finished run should measure besides: so many more blocks of
// these cells.
type More struct {
	Cells  []record.Cell
	Blocks int
	Why    string // a sentence
}

// extension plans the blocks that Options.More asks for, when a finished run is
// resumed. It adds no more blocks than the suite has, because a forecast from
// few blocks is rough. The manifest says that they were added after a look at
// the data.
func (x *Experiment) extension(r *record.Run) []record.Planned {
	if x.opts.More == nil {
		return nil
	}
	more := x.opts.More(r)
	if more == nil || more.Blocks < 1 || len(more.Cells) == 0 {
		return nil
	}
	m := &x.Manifest
	block := 0
	for _, p := range m.Plan {
		block = max(block, p.Repetition+1)
	}
	blocks := min(more.Blocks, m.Repeat)
	var plan []record.Planned
	for i := range blocks {
		plan = append(plan, record.PlanBlock(more.Cells, block+i, m.Seed)...)
	}
	m.Extended = append(m.Extended, record.Extension{When: time.Now(), Blocks: blocks, Asked: more.Blocks, Why: more.Why})
	return plan
}

// splitAdded divides a plan into the trials that the suite plans, and those
// that were added later: make-ups and extensions.
func splitAdded(plan []record.Planned, repeat int) (planned, added []record.Planned) {
	isAdded := func(p record.Planned) bool { return p.Makeup > 0 || p.Repetition >= repeat }
	return slices.DeleteFunc(slices.Clone(plan), isAdded), slices.DeleteFunc(slices.Clone(plan), func(p record.Planned) bool { return !isAdded(p) })
}
