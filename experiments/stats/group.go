package stats

import (
	"math"
	"math/rand/v2"
)

// group is processes with the values of each in the order of time, ready to be
// drawn from.
type group struct {
	processes [][]float64
	width     int // values each process gives to a draw: the longest one's number
	drawn     []float64
}

// newGroup leaves out values that are no numbers and processes without others.
func newGroup(processes [][]float64) *group {
	g := &group{}
	for _, p := range processes {
		if vs := ordered(p); len(vs) > 0 {
			g.processes = append(g.processes, vs)
			g.width = max(g.width, len(vs))
		}
	}
	g.drawn = make([]float64, 0, len(g.processes)*g.width)
	return g
}

func (g *group) len() int { return len(g.processes) }

// all gives the values of all processes; a process that has fewer gives some of
// them twice, so that each weighs the same. Valid until the next draw.
func (g *group) all() []float64 {
	g.drawn = g.drawn[:0]
	for _, p := range g.processes {
		for j := range g.width {
			g.drawn = append(g.drawn, p[j*len(p)/g.width])
		}
	}
	return g.drawn
}

// each gives the statistic of each process alone.
func (g *group) each(statistic func([]float64) float64) []float64 {
	xs := make([]float64, len(g.processes))
	for i, p := range g.processes {
		xs[i] = statistic(p)
	}
	return xs
}

// redraw gives, for each process picked, as many values as the longest has, in
// circular blocks. Valid until the next draw.
func (g *group) redraw(rng *rand.Rand, picks []int) []float64 {
	g.drawn = g.drawn[:0]
	for i, k := range picks {
		p := g.processes[k]
		length := blockLength(len(p))
		for end := (i + 1) * g.width; len(g.drawn) < end; {
			at := rng.IntN(len(p))
			for range min(length, end-len(g.drawn)) {
				g.drawn = append(g.drawn, p[at])
				if at++; at == len(p) {
					at = 0
				}
			}
		}
	}
	return g.drawn
}

// blockLength grows with the cube root of the number of values, the order that
// is best for a variance (Künsch 1989).
func blockLength(n int) int { return int(math.Round(math.Cbrt(float64(n)))) }

// pick draws a number of a process for each place, with replacement.
func pick(rng *rand.Rand, picks []int) {
	for i := range picks {
		picks[i] = rng.IntN(len(picks))
	}
}

// ordered is a copy of xs without NaN and infinities, in the same order.
func ordered(xs []float64) []float64 {
	vs := make([]float64, 0, len(xs))
	for _, x := range xs {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			vs = append(vs, x)
		}
	}
	return vs
}
