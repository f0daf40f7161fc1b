package probe

// Samples are durations in nanoseconds, in ascending order.
type Samples []uint64

// Histogram puts the samples into buckets, as the kernel programs do.
func (s Samples) Histogram() *Histogram {
	var h Histogram
	for _, ns := range s {
		h.Observe(ns)
	}
	return &h
}
