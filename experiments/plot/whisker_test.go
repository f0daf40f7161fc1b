package plot

import (
	"slices"
	"testing"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"

	"lflab/experiments/stats"
)

// An end of an interval within the panel has a cap, one beyond it an arrow
// whose tip is the panel's edge, and one beyond the other end has neither.
func TestWhiskersEndInCapsOrArrows(t *testing.T) {
	axis := &gonum.Axis{Min: 10, Max: 20}
	for _, c := range []struct {
		lo, hi float64
		want   []int // points of each line: 2 for the whisker and for a cap, 3 for an arrow
	}{
		{12, 18, []int{2, 2, 2}},
		{12, 25, []int{2, 2, 3}},
		{5, 18, []int{2, 3, 2}},
		{5, 25, []int{2, 3, 3}},
		{22, 25, []int{2, 3}},
	} {
		for _, upright := range []bool{false, true} {
			var rec recorder.Canvas
			at := func(v float64) vg.Point {
				if upright {
					return vg.Point{X: 3, Y: vg.Length(v)}
				}
				return vg.Point{X: vg.Length(v), Y: 3}
			}
			iv := stats.Interval{Center: 15, Lo: c.lo, Hi: c.hi, N: 9}
			whisker{Color: Ink, Width: 1, Cap: 1, Upright: upright}.draw(draw.NewCanvas(&rec, 100, 100), iv, axis, at)
			var lines []int
			for _, a := range rec.Actions {
				stroke, ok := a.(*recorder.Stroke)
				if !ok {
					continue
				}
				lines = append(lines, len(stroke.Path))
				for _, p := range stroke.Path {
					along := p.Pos.X
					if upright {
						along = p.Pos.Y
					}
					if along < 10 || along > 20 {
						t.Errorf("%v to %v: a line reaches %v, outside the panel", c.lo, c.hi, p.Pos)
					}
				}
			}
			if !slices.Equal(lines, c.want) {
				t.Errorf("%v to %v: lines of %v points, want %v", c.lo, c.hi, lines, c.want)
			}
		}
	}
}
