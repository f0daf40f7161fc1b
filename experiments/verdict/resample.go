package verdict

import (
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// resample returns the ratio of a pair by a hierarchical bootstrap.
func (t *trials) resample(p *Pair) stats.Interval {
	if tag, q, ok := histogramOf(p.Of.Metric); ok {
		if toTag, toQ, ok := histogramOf(p.To.Metric); ok && toQ == q {
			of, to := t.histograms(&p.Of, tag), t.histograms(&p.To, toTag)
			if len(of) > 0 && len(to) > 0 {
				return stats.QuantileRatioPaired(of, to, q)
			}
		}
		return stats.Interval{}
	}
	if p.Of.Metric != p.To.Metric {
		return stats.Interval{}
	}
	if of, to := t.parts(&p.Of), t.parts(&p.To); len(of) > 0 && len(to) > 0 {
		return stats.HierarchicalRatioPaired(of, to, stats.Mean)
	}
	return stats.Interval{}
}

// histogramOf returns the histogram of which a metric is a quantile, as its tag
// in a phase, and the quantile.
func histogramOf(metric string) (tag string, q float64, ok bool) {
	name, ok := strings.CutSuffix(metric, "_ns")
	if !ok {
		return "", 0, false
	}
	for suffix, q := range map[string]float64{"_p50": 0.5, "_p90": 0.9, "_p99": 0.99, "_p999": 0.999} {
		base, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		if base == "service_time" {
			base = "service"
		}
		if probed, ok := strings.CutPrefix(base, "probe_"); ok {
			base = record.ProbePrefix + probed
		}
		return base, q, true
	}
	return "", 0, false
}

// histograms returns the histograms of one end, by block.
func (t *trials) histograms(e *End, tag string) map[int]*hdrhistogram.Histogram {
	all := map[int]*hdrhistogram.Histogram{}
	t.each(e, func(block int, r *record.PhaseResult) {
		if h := r.Histograms[tag]; h != nil && h.TotalCount() > 0 {
			all[block] = h
		}
	})
	return all
}

// parts returns, by block, the values that each process of one end had in equal
// parts of its time, for metrics that have parts.
func (t *trials) parts(e *End) map[int][]float64 {
	all := map[int][]float64{}
	t.each(e, func(block int, r *record.PhaseResult) {
		if r.Bins == nil {
			return
		}
		switch e.Metric {
		case "requests_per_second":
			for _, n := range r.Bins.Requests {
				all[block] = append(all[block], float64(n)/r.Bins.WidthS)
			}
		case "latency_mean_ns":
			for i, ns := range r.Bins.MeanNS {
				if r.Bins.Requests[i] > 0 {
					all[block] = append(all[block], ns)
				}
			}
		}
	})
	return all
}

// each calls f with the end's phase of every trial that counts.
func (t *trials) each(e *End, f func(block int, r *record.PhaseResult)) {
	for _, tr := range t.byCell[key(e.Cell)] {
		if r := tr.Phase(e.Phase); r != nil && tr.Counts(e.Phase) {
			f(tr.Repetition, r)
		}
	}
}
