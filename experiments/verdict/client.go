package verdict

import (
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Felt is the ratio of one statistic of the latency that the client measured,
// in the cells and blocks of a rule's deciding pair.
type Felt struct {
	Of    string // "p50", "mean", "p50 of the second"
	Ratio stats.Interval
}

// felt lists what a client feels of a dispatch latency, by the beginning of its
// name.
var felt = map[string][]struct{ metric, words string }{
	"D_":        {{"latency_p50_ns", "p50"}, {"latency_mean_ns", "mean"}, {"latency_p99_ns", "p99"}},
	"second_D_": {{"second_latency_p50_ns", "p50 of the second"}},
}

// client returns, for a pair of dispatch latencies, what the client felt in the
// same blocks: a dispatch is a small part of a latency, and quantiles of a part
// do not add up to those of the whole. It returns nil for other pairs, and
// where there are too few blocks.
func (t *trials) client(p *Pair) []Felt {
	var all []Felt
	for prefix, fs := range felt {
		if !strings.HasPrefix(strings.TrimPrefix(p.Of.Metric, "probe_"), prefix) {
			continue
		}
		for _, f := range fs {
			if e := t.beside(p, f.metric); e.Enough() {
				all = append(all, Felt{f.words, e})
			}
		}
	}
	return all
}

// beside returns the ratio of another metric in the cells, the phase and the
// blocks of a pair.
func (t *trials) beside(p *Pair, metric string) stats.Interval {
	of, to := t.end(p.Of.Cell, metric, p.Of.Phase), t.end(p.To.Cell, metric, p.To.Phase)
	for block := range of.byBlock {
		if _, ok := p.byBlock[block]; !ok {
			delete(of.byBlock, block)
		}
	}
	return stats.RatioPaired(of.byBlock, to.byBlock).Interval
}

// mean returns the ratio of the means for a pair of medians: means divide into
// stages and medians do not, so figures of stages draw means. It is the zero
// value for other pairs, and where there are too few blocks.
func (t *trials) mean(p *Pair) stats.Interval {
	metric, ok := strings.CutSuffix(p.Of.Metric, "_p50_ns")
	if !ok || p.To.Metric != p.Of.Metric || record.MetricOf(metric+"_mean_ns") == nil {
		return stats.Interval{}
	}
	if e := t.beside(p, metric+"_mean_ns"); e.Enough() {
		return e
	}
	return stats.Interval{}
}

// meanText writes the part of a reason that says what the means do, "" if that
// is unknown.
func meanText(mean stats.Interval) string {
	if mean.N == 0 {
		return ""
	}
	return "; the ratio of the means: " + mean.String()
}

// feltText writes the end of a reason: what the client felt, "" if nothing is
// known of that.
func feltText(all []Felt) string {
	var parts []string
	for _, f := range all {
		parts = append(parts, f.Of+" "+f.Ratio.String())
	}
	if len(parts) == 0 {
		return ""
	}
	return "; the ratio of latencies that the client felt: " + strings.Join(parts, ", ")
}
