package stats

import (
	"math"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func histogram(t *testing.T, values ...int64) *hdrhistogram.Histogram {
	t.Helper()
	h := hdrhistogram.New(1, 60e9, 3)
	for _, v := range values {
		if err := h.RecordValue(v); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func TestCDF(t *testing.T) {
	xs, ps := CDF(histogram(t, 10, 10, 20, 1000))
	wantX, wantP := []float64{10, 20, 1000}, []float64{0.5, 0.75, 1}
	if len(xs) != 3 {
		t.Fatalf("points at %v", xs)
	}
	for i := range xs {
		if xs[i] != wantX[i] || ps[i] != wantP[i] {
			t.Errorf("point %d: (%v, %v), want (%v, %v)", i, xs[i], ps[i], wantX[i], wantP[i])
		}
	}
	if xs, _ := CDF(histogram(t)); xs != nil {
		t.Errorf("empty histogram has points %v", xs)
	}
	if xs, _ := CDF(nil); xs != nil {
		t.Errorf("no histogram has points %v", xs)
	}
}

func TestCDFAgreesWithTheHistogramsQuantiles(t *testing.T) {
	h := hdrhistogram.New(1, 60e9, 3)
	for i := int64(1); i <= 10_000; i++ {
		if err := h.RecordValue(i * i); err != nil {
			t.Fatal(err)
		}
	}
	xs, ps := CDF(h)
	for _, p := range []float64{0.1, 0.5, 0.9, 0.99, 0.999} {
		i := 0
		for ps[i] < p-1e-12 {
			i++
		}
		if q := float64(h.ValueAtPercentile(100 * p)); math.Abs(xs[i]-q)/q > 2e-3 {
			t.Errorf("curve crosses %v at %v, the histogram's quantile is %v", p, xs[i], q)
		}
	}
}

// A process with a thousand times as many requests counts no more than another.
func TestBandCountsProcesses(t *testing.T) {
	var hs []*hdrhistogram.Histogram
	for i := int64(1); i <= 6; i++ {
		hs = append(hs, histogram(t, slices.Repeat([]int64{100 * i}, 20)...))
	}
	for range 20_000 {
		if err := hs[5].RecordValue(600); err != nil {
			t.Fatal(err)
		}
	}
	band := Band(append(hs, nil, histogram(t)), []float64{0.5})
	if iv := band[0]; iv.Lo != 100 || iv.Hi != 600 || iv.Center != 350 || iv.N != 6 {
		t.Errorf("band at the median %+v, want 350 [100, 600] of 6", iv)
	}
	// Nineteen values have no median with ten values beyond it.
	if iv := Band(append(hs, histogram(t, slices.Repeat([]int64{5}, 19)...)), []float64{0.5})[0]; iv.N != 6 {
		t.Errorf("a process with too few values counts: %+v", iv)
	}
}
