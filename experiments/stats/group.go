package stats

import (
	"math"
	"math/rand/v2"
)

// group holds the values of each process in order of time, and a statistic of
// values.
type group struct {
	statistic func([]float64) float64
	processes [][]float64
	width     int // number of values that each process contributes: that of the longest one
	drawn     []float64
}

// newGroup skips values that are not finite, and processes without others.
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

// all repeats some values of processes that are shorter than the longest, so
// that each process has the same weight.
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

// blockLength grows with the cube root of the number of values, which is the
// best order for a variance (Künsch 1989).
func blockLength(n int) int { return int(math.Round(math.Cbrt(float64(n)))) }
