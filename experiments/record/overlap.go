package record

import "maps"

// Overlap counts the intervals of cells' metrics that both runs have, and those
// of them that overlap: with equal truths nearly all do, for two intervals of
// 95 % miss each other far less often than one of them misses the truth. A metric
// counts where both runs have six values or more of it, which an interval takes.
func Overlap(a, b *Run) (overlapping, both int) {
	others := b.Rows()
	for _, row := range a.Rows() {
		for _, other := range others {
			if row.Phase != other.Phase || !maps.Equal(row.Cell, other.Cell) {
				continue
			}
			for name, x := range row.Measured {
				y, ok := other.Measured[name]
				if !ok || !x.Enough() || !y.Enough() {
					continue
				}
				both++
				if x.Overlaps(y) {
					overlapping++
				}
			}
		}
	}
	return overlapping, both
}
