package figure

import (
	"slices"

	"lflab/experiments/plot"
)

// pieces are the stack as it is drawn, the small stages and what is in no stage
// at its end.
func pieces(s *stack, small []string) []plot.Piece {
	var ps []plot.Piece
	left := max(0, s.missing())
	for _, p := range s.parts {
		switch {
		case p.mean <= 0:
		case slices.Contains(small, p.name):
			left += p.mean
		default:
			ps = append(ps, plot.Piece{Fill: fillOf(p), Width: p.mean})
		}
	}
	if left > 0 {
		ps = append(ps, plot.Piece{Fill: restFill, Width: left})
	}
	return ps
}

func fillOf(p part) plot.Fill {
	if k := kindOf(p.name); k != nil {
		return k.fill
	}
	return restFill
}
