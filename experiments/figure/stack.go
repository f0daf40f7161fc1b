package figure

import (
	"slices"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/stats"
)

// barText says what a bar is.
const barText = "A bar is the median over processes of their means, split in proportion to the means of its stages."

// pieces returns the stack's pieces as they are drawn: they end at the median
// of the totals. The last merges the stages in small and the time in no stage.
func pieces(s *findings.Stack, small []string) []plot.Piece {
	var ps []plot.Piece
	left := max(0, s.Missing())
	scale := 1.0
	if total := stats.Summarise(s.Totals.Valid); total.N > 0 && s.Total > 0 {
		scale = total.Center / s.Total
	}
	for _, p := range s.Parts {
		switch {
		case p.Mean <= 0:
		case slices.Contains(small, p.Name):
			left += p.Mean
		default:
			ps = append(ps, plot.Piece{Fill: FillOf(p), Width: scale * p.Mean})
		}
	}
	if left > 0 {
		ps = append(ps, plot.Piece{Fill: restFill, Width: scale * left})
	}
	return ps
}

// FillOf returns the fill of a stage's kind, a plain one if the stage is
// unknown.
func FillOf(p findings.Part) plot.Fill {
	if k := kindOf(p.Name); k != nil {
		return k.fill
	}
	return restFill
}
