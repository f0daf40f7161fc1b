package verdict

import (
	"strings"

	"lflab/experiments/stats"
)

// felt lists what a client feels of a dispatch latency, by the beginning of its
// name.
var felt = map[string][]struct{ metric, words string }{
	"D_":        {{"latency_p50_ns", "p50"}, {"latency_mean_ns", "mean"}, {"latency_p99_ns", "p99"}},
	"second_D_": {{"second_latency_p50_ns", "p50 of the second"}},
}

// client says, for a pair of dispatch latencies, what the client felt in the
// same blocks: a dispatch is a small part of a latency, and quantiles of a part
// do not add up to those of the whole. It returns "" for other pairs, and where
// there are too few blocks.
func (t *trials) client(p *Pair) string {
	var parts []string
	for prefix, all := range felt {
		if !strings.HasPrefix(strings.TrimPrefix(p.Of.Metric, "probe_"), prefix) {
			continue
		}
		for _, f := range all {
			of, to := t.end(p.Of.Cell, f.metric, p.Of.Phase), t.end(p.To.Cell, f.metric, p.To.Phase)
			for block := range of.byBlock {
				if _, ok := p.byBlock[block]; !ok {
					delete(of.byBlock, block)
				}
			}
			if e := stats.RatioPaired(of.byBlock, to.byBlock); e.Enough() {
				parts = append(parts, f.words+" "+e.Interval.String())
			}
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; the ratio of latencies that the client felt: " + strings.Join(parts, ", ")
}
