package stats

import (
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// mixture holds the histograms of processes, each with the same weight, and the
// quantile to compute.
type mixture struct {
	p      float64
	values []float64   // in ascending order: every value in any histogram
	shares [][]float64 // shares[i][j] is the share of process i's requests that took at most values[j]
}

func newMixture(hs []*hdrhistogram.Histogram, p float64) *mixture {
	m := &mixture{p: p}
	var xss, pss [][]float64
	for _, h := range hs {
		if !empty(h) {
			xs, ps := CDF(h)
			m.values = append(m.values, xs...)
			xss, pss = append(xss, xs), append(pss, ps)
		}
	}
	slices.Sort(m.values)
	m.values = slices.Compact(m.values)
	for i, xs := range xss {
		shares := make([]float64, len(m.values))
		next, share := 0, 0.0
		for j, v := range m.values {
			if next < len(xs) && xs[next] == v {
				share = pss[i][next]
				next++
			}
			shares[j] = share
		}
		m.shares = append(m.shares, shares)
	}
	return m
}

func (m *mixture) len() int { return len(m.shares) }

func (m *mixture) all() float64 {
	everyone := make([]int, m.len())
	for i := range everyone {
		everyone[i] = i
	}
	return m.quantile(everyone)
}

func (m *mixture) each() []float64 {
	xs := make([]float64, m.len())
	for i := range xs {
		xs[i] = m.quantile([]int{i})
	}
	return xs
}

func (m *mixture) draw(_ *rand.Rand, picks []int) float64 { return m.quantile(picks) }

// quantile returns the smallest value that at least a share p of the picked
// processes' requests does not exceed.
func (m *mixture) quantile(picks []int) float64 {
	enough := m.p*float64(len(picks)) - 1e-9 // sums of shares are not exact
	j := sort.Search(len(m.values)-1, func(j int) bool {
		var sum float64
		for _, i := range picks {
			sum += m.shares[i][j]
		}
		return sum >= enough
	})
	return m.values[j]
}

func empty(h *hdrhistogram.Histogram) bool { return h == nil || h.TotalCount() == 0 }
