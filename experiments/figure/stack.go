package figure

import (
	"slices"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
)

// pieces are the stack as it is drawn, the small stages and what is in no stage
// at its end.
func pieces(s *findings.Stack, small []string) []plot.Piece {
	var ps []plot.Piece
	left := max(0, s.Missing())
	for _, p := range s.Parts {
		switch {
		case p.Mean <= 0:
		case slices.Contains(small, p.Name):
			left += p.Mean
		default:
			ps = append(ps, plot.Piece{Fill: FillOf(p), Width: p.Mean})
		}
	}
	if left > 0 {
		ps = append(ps, plot.Piece{Fill: restFill, Width: left})
	}
	return ps
}

func FillOf(p findings.Part) plot.Fill {
	if k := kindOf(p.Name); k != nil {
		return k.fill
	}
	return restFill
}
