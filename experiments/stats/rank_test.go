package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// The tuna example of Hollander and Wolfe (1973, p. 187): the manual of R's
// cor.test prints its tau of 0.4444. 26 of the 36 pairs agree.
func TestKendallOnAPublishedExample(t *testing.T) {
	lightness := []float64{44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1}
	quality := []float64{2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8}
	if tau, discordant := Kendall(lightness, quality); math.Abs(tau-16.0/36) > 1e-12 || discordant != 10 {
		t.Errorf("tau %v with %d discordant pairs, want 16/36 and 10", tau, discordant)
	}
}

// With ties, computed by hand: five pairs agree and one is tied, so tau-b is
// 5/sqrt(5*6).
func TestRankCorrelationWithTies(t *testing.T) {
	xs, ys := []float64{1, 2, 2, 9, math.NaN()}, []float64{10, 20, 30, 40, 0}
	if tau, discordant := Kendall(xs, ys); math.Abs(tau-5/math.Sqrt(30)) > 1e-12 || discordant != 0 {
		t.Errorf("tau %v with %d discordant pairs, want %v and 0", tau, discordant, 5/math.Sqrt(30))
	}
}

func TestKendallAgreesWithGonumWithoutTies(t *testing.T) {
	rng := rand.New(rand.NewPCG(61, 61))
	for range 50 {
		xs, ys := make([]float64, 12), make([]float64, 12)
		for i := range xs {
			xs[i], ys[i] = rng.Float64(), rng.Float64()
		}
		tau, discordant := Kendall(xs, ys)
		if want := stat.Kendall(xs, ys, nil); math.Abs(tau-want) > 1e-12 {
			t.Errorf("tau %v, gonum %v", tau, want)
		}
		if pairs := 12 * 11 / 2; math.Abs(tau-1+2*float64(discordant)/float64(pairs)) > 1e-12 {
			t.Errorf("tau %v with %d discordant pairs of %d", tau, discordant, pairs)
		}
	}
}

func TestRankCorrelationOfNothing(t *testing.T) {
	for _, xs := range [][]float64{nil, {1}, {4, 4, 4}} {
		ys := []float64{1, 2, 3}[:len(xs)]
		if tau, discordant := Kendall(xs, ys); !math.IsNaN(tau) || discordant != 0 {
			t.Errorf("tau of %v is %v", xs, tau)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("lists of unequal length passed")
		}
	}()
	Kendall([]float64{1}, nil)
}
