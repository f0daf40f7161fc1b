package stats

import (
	"slices"

	"gonum.org/v1/gonum/stat/combin"
)

// tableLimit is the largest number of cells of the table of an exact trend
// test. Four samples of six values stay below it and take some milliseconds.
// Beyond it there are enough values for the normal distribution.
const tableLimit = 2_000_000

// dealt determines the distribution of the trend's J if there is no trend, so
// that values are dealt to the samples at random.
type dealt struct {
	sizes []int // of the samples, in the order of the axis
	ties  []int // how often each distinct value occurs, in ascending order of the values
	n     int   // number of values
}

func deal(groups [][]float64) dealt {
	var d dealt
	var pool []float64
	for _, g := range groups {
		d.sizes = append(d.sizes, len(g))
		pool = append(pool, g...)
	}
	slices.Sort(pool)
	d.n = len(pool)
	for len(pool) > 0 {
		equal := run(pool, pool[0])
		d.ties = append(d.ties, equal)
		pool = pool[equal:]
	}
	return d
}

// expected returns the mean of J: half the number of pairs of values of two
// samples.
func (d dealt) expected() float64 {
	pairs := d.n * d.n
	for _, n := range d.sizes {
		pairs -= n * n
	}
	return float64(pairs) / 4
}

// variance returns the variance of J, corrected for ties (Hollander and Wolfe
// 1999, equation 6.19).
func (d dealt) variance() float64 {
	sum := func(xs []int, f func(x float64) float64) (s float64) {
		for _, x := range xs {
			s += f(float64(x))
		}
		return s
	}
	spread := func(x float64) float64 { return x * (x - 1) * (2*x + 5) }
	twos := func(x float64) float64 { return x * (x - 1) }
	threes := func(x float64) float64 { return x * (x - 1) * (x - 2) }
	n := float64(d.n)
	return (spread(n)-sum(d.sizes, spread)-sum(d.ties, spread))/72 +
		sum(d.sizes, threes)*sum(d.ties, threes)/(36*threes(n)) +
		sum(d.sizes, twos)*sum(d.ties, twos)/(8*twos(n))
}

// cells returns the size of the table that count fills: one cell for each way
// to fill the samples and each value of twice J.
func (d dealt) cells() float64 {
	cells := 4*d.expected() + 1
	for _, n := range d.sizes {
		cells *= float64(n + 1)
	}
	return cells
}

// count returns the shares of all deals whose J is at least and at most the
// observed one. It deals the values in ascending order, equal ones together.
func (d dealt) count(observed float64) (atLeast, atMost float64) {
	t := table{sizes: d.sizes, strides: make([]int, len(d.sizes)), width: int(4*d.expected()) + 1}
	states := 1
	for g, n := range d.sizes {
		t.strides[g] = states
		states *= n + 1
	}
	t.ways = make([][]float64, states)
	t.ways[0] = make([]float64, t.width)
	t.ways[0][0] = 1
	for _, equal := range d.ties {
		from := t.ways
		t.ways = make([][]float64, states)
		for state, row := range from {
			if row != nil {
				t.give(row, state, 0, equal, 0, 0, 0, 1)
			}
		}
	}
	var total float64
	for twice, w := range t.ways[states-1] {
		total += w
		if twice >= int(2*observed) {
			atLeast += w
		}
		if twice <= int(2*observed) {
			atMost += w
		}
	}
	return atLeast / total, atMost / total
}

// table counts deals: ways[state][u] of them have filled the samples as state
// says, in digits of strides, with twice J equal to u.
type table struct {
	sizes, strides []int
	width          int
	ways           [][]float64
}

// give deals the remaining equal values to sample g and those after it, and
// adds row to each resulting state. seen counts the smaller values, and given
// the equal ones, in the samples before g.
func (t *table) give(row []float64, state, g, remaining, seen, given, gain int, ways float64) {
	if g == len(t.sizes) {
		if remaining > 0 {
			return
		}
		if t.ways[state] == nil {
			t.ways[state] = make([]float64, t.width)
		}
		to := t.ways[state][gain:]
		for u := range to {
			to[u] += row[u] * ways
		}
		return
	}
	held := state / t.strides[g] % (t.sizes[g] + 1)
	for n := range min(remaining, t.sizes[g]-held) + 1 {
		t.give(row, state+n*t.strides[g], g+1, remaining-n, seen+held, given+n,
			gain+n*(2*seen+given), ways*float64(combin.Binomial(remaining, n)))
	}
}

// run returns how many of the first values of a sorted slice equal x.
func run(xs []float64, x float64) int {
	n := 0
	for n < len(xs) && xs[n] == x {
		n++
	}
	return n
}
