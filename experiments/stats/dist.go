package stats

import "github.com/HdrHistogram/hdrhistogram-go"

// Dist is the written form of every distribution. Its unit is in the name of
// the field that holds it.
type Dist struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// NewDist summarises h in h's own unit. Quantiles and the maximum are the upper
// ends of their buckets, as HdrHistogram returns them. It returns the zero Dist
// for a nil or empty histogram.
func NewDist(h *hdrhistogram.Histogram) Dist {
	if h == nil || h.TotalCount() == 0 {
		return Dist{}
	}
	return Dist{
		Count: h.TotalCount(),
		Mean:  h.Mean(),
		P50:   float64(h.ValueAtQuantile(50)),
		P90:   float64(h.ValueAtQuantile(90)),
		P99:   float64(h.ValueAtQuantile(99)),
		P999:  float64(h.ValueAtQuantile(99.9)),
		Max:   float64(h.Max()),
	}
}
