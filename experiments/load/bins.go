package load

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/stats"
)

// bins count answers in equal parts of the measured time. All their memory,
// about 20 KB for each, is allocated at the start.
type bins struct {
	width int64 // ns
	parts []bin
}

type bin struct {
	count   uint64
	sum     int64 // of the latencies, ns
	latency *hdrhistogram.Histogram
}

const mostBins = 100

func newBins(duration, reach int64) bins {
	b := bins{width: binWidth(duration)}
	b.parts = make([]bin, duration/b.width)
	for i := range b.parts {
		b.parts[i].latency = hdrhistogram.New(1e3, reach, 2)
	}
	return b
}

// binWidth returns the smallest of 1, 2, 5, 10, 20, ... ns that divides
// duration into at most mostBins bins.
func binWidth(duration int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, width := range []int64{unit, 2 * unit, 5 * unit} {
			if duration/width <= mostBins {
				return width
			}
		}
	}
}

// add counts a successful answer that came at ns after the start of the
// measured time.
func (b *bins) add(at, latency int64) {
	i := at / b.width
	if i >= int64(len(b.parts)) {
		return
	}
	part := &b.parts[i]
	part.count++
	part.sum += latency
	clamp(part.latency, latency)
}

func (b *bins) merge(o bins) {
	for i := range b.parts {
		part, other := &b.parts[i], &o.parts[i]
		part.count += other.count
		part.sum += other.sum
		part.latency.Merge(other.latency)
	}
}

// upTo returns the bins that lie completely within the measured time.
func (b *bins) upTo(measured int64) Bins {
	parts := b.parts[:measured/b.width]
	out := Bins{
		Width:    time.Duration(b.width),
		Requests: make([]uint64, len(parts)), Mean: make([]float64, len(parts)), P50: make([]float64, len(parts)),
	}
	for i, part := range parts {
		if out.Requests[i] = part.count; part.count > 0 {
			out.Mean[i] = float64(part.sum) / float64(part.count)
			if stats.Supports(part.latency.TotalCount(), 0.5) {
				out.P50[i] = float64(part.latency.ValueAtQuantile(50))
			}
		}
	}
	return out
}

// series converts b for a Report.
func (b Bins) series() Series {
	whole := func(ns []float64) []int64 {
		out := make([]int64, len(ns))
		for i, v := range ns {
			out[i] = int64(math.Round(v))
		}
		return out
	}
	return Series{WidthS: b.Width.Seconds(), Requests: b.Requests, Mean: whole(b.Mean), P50: whole(b.P50)}
}
