package stats

import "github.com/HdrHistogram/hdrhistogram-go"

// Dist is the written form of every distribution. Its unit is in the name of
// the field that holds it. A quantile that too few values support is left out:
// it is 0, and absent in JSON (see Supports). Read quantiles by Quantile,
// because files of older formats have them all.
type Dist struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50,omitempty"`
	P90   float64 `json:"p90,omitempty"`
	P99   float64 `json:"p99,omitempty"`
	P999  float64 `json:"p999,omitempty"`
	Max   float64 `json:"max"`
}

// beyond is how many values must lie beyond a quantile. With fewer it tells of
// single values.
const beyond = 10

// Supports reports whether a p-quantile of that many values has ten values
// beyond it.
func Supports(count int64, p float64) bool {
	return float64(count)*(1-p) >= beyond-1e-6 // 1e-6 is for the rounding of 1-p
}

// Quantile returns the p-quantile for p of 0.5, 0.9, 0.99 and 0.999, and whether
// there is one with ten values beyond it. A Count of 0 beside a quantile means
// that the source did not tell its number of values; then the quantile counts.
func (d Dist) Quantile(p float64) (float64, bool) {
	v := 0.0
	switch p {
	case 0.5:
		v = d.P50
	case 0.9:
		v = d.P90
	case 0.99:
		v = d.P99
	case 0.999:
		v = d.P999
	}
	if v == 0 || d.Count > 0 && !Supports(d.Count, p) {
		return 0, false
	}
	return v, true
}

// NewDist summarises h in h's own unit. Quantiles and the maximum are the upper
// ends of their buckets, as HdrHistogram returns them. It returns the zero Dist
// for a nil or empty histogram.
func NewDist(h *hdrhistogram.Histogram) Dist {
	if h == nil || h.TotalCount() == 0 {
		return Dist{}
	}
	return Dist{Count: h.TotalCount(), Mean: h.Mean(), Max: float64(h.Max())}.
		WithQuantiles(func(p float64) float64 { return float64(h.ValueAtQuantile(100 * p)) })
}

// WithQuantiles returns d with those quantiles that its Count supports.
func (d Dist) WithQuantiles(of func(p float64) float64) Dist {
	for _, q := range []struct {
		p  float64
		to *float64
	}{{0.5, &d.P50}, {0.9, &d.P90}, {0.99, &d.P99}, {0.999, &d.P999}} {
		if Supports(d.Count, q.p) {
			*q.to = of(q.p)
		}
	}
	return d
}
