package probe

import "lflab/experiments/probe/stage"

// Since returns what r holds beyond an earlier Result of the same measurement:
// counts, histograms and time in between. Threads, processes, targets and the
// shape are those of r, which may rest on all that was seen so far. before may
// be nil, as at the beginning.
func (r *Result) Since(before *Result) *Result {
	d := *r
	if before == nil {
		return &d
	}
	d.DurationS -= before.DurationS
	d.missed -= before.missed
	d.lost -= before.lost
	subtractCounts(&d.counts, &before.counts)
	d.counts.Threads = r.counts.Threads
	d.byStage = make([][stage.Placements]Histogram, len(r.byStage))
	for i := range r.byStage {
		for place := range r.byStage[i] {
			d.byStage[i][place] = r.byStage[i][place].since(&before.byStage[i][place])
		}
	}
	return &d
}

// since returns the values that h holds beyond an earlier state of itself. Its
// minimum and maximum are exact to a bucket, because the kernel keeps only
// those of the whole measurement.
func (h *Histogram) since(before *Histogram) Histogram {
	d := Histogram{Count: h.Count - before.Count, Sum: h.Sum - before.Sum}
	first, last := -1, 0
	for b := range h.Buckets {
		if d.Buckets[b] = h.Buckets[b] - before.Buckets[b]; d.Buckets[b] > 0 {
			if first < 0 {
				first = b
			}
			last = b
		}
	}
	if first < 0 {
		return d
	}
	d.Min, d.Max = max(h.Min, lower(first)), h.Max
	if last < buckets-1 {
		d.Max = min(h.Max, lower(last+1)-1)
	}
	return d
}

// intervals gives out the intervals of a measurement.
type intervals struct {
	each func(*Result) error
	last *Result
}

func (i *intervals) give(now *Result) error {
	interval := now.Since(i.last)
	i.last = now
	return i.each(interval)
}

// Totals returns the histograms of a group's total, by placement. They count
// from the beginning of the measurement and so never decrease.
func (r *Result) Totals(g stage.Group) [stage.Placements]Histogram { return r.sum("total", g) }
