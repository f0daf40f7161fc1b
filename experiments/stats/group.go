package stats

import (
	"math"
	"math/rand/v2"
)

// group is processes with the values of each in the order of time, and a
// statistic of the values.
type group struct {
	statistic func([]float64) float64
	processes [][]float64
	width     int // values each process gives to the statistic: the longest one's number
	drawn     []float64
}

// newGroup leaves out values that are no numbers and processes without others.
func newGroup(processes [][]float64, statistic func([]float64) float64) *group {
	g := &group{statistic: statistic}
	for _, p := range processes {
		if vs, _ := numbered(p); len(vs) > 0 {
			g.processes = append(g.processes, vs)
			g.width = max(g.width, len(vs))
		}
	}
	g.drawn = make([]float64, 0, len(g.processes)*g.width)
	return g
}

func (g *group) len() int { return len(g.processes) }

// all has a process that is shorter than the longest give some of its values
// twice, so that each process weighs the same.
func (g *group) all() float64 {
	g.drawn = g.drawn[:0]
	for _, p := range g.processes {
		for j := range g.width {
			g.drawn = append(g.drawn, p[j*len(p)/g.width])
		}
	}
	return g.statistic(g.drawn)
}

func (g *group) each() []float64 {
	xs := make([]float64, len(g.processes))
	for i, p := range g.processes {
		xs[i] = g.statistic(p)
	}
	return xs
}

// draw takes the values of a process in circular blocks, as many as the longest
// process has.
func (g *group) draw(rng *rand.Rand, picks []int) float64 {
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
	return g.statistic(g.drawn)
}

// blockLength grows with the cube root of the number of values, the order that
// is best for a variance (Künsch 1989).
func blockLength(n int) int { return int(math.Round(math.Cbrt(float64(n)))) }
