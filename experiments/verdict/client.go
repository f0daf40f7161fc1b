package verdict

import (
	"strings"

	"lflab/experiments/stats"
)

// felt lists what a client feels of a dispatch latency.
var felt = []struct{ metric, words string }{{"latency_p50_ns", "p50"}, {"latency_mean_ns", "mean"}, {"latency_p99_ns", "p99"}}

// client says, for a pair of dispatch latencies, what the client felt in the
// same trials: a dispatch is a small part of a latency, and quantiles of a part
// do not add up to those of the whole. It returns "" for other pairs, and where
// there are too few blocks.
func (t *trials) client(p *Pair) string {
	if !strings.Contains("_"+p.Of.Metric, "_D_") || !p.Effect.Enough() {
		return ""
	}
	var parts []string
	for _, f := range felt {
		of, to := t.end(p.Of.Cell, f.metric, p.Of.Phase), t.end(p.To.Cell, f.metric, p.To.Phase)
		if e := stats.RatioPaired(of.byBlock, to.byBlock); e.Enough() {
			parts = append(parts, f.words+" "+e.Interval.String())
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; the ratio of latencies that the client felt: " + strings.Join(parts, ", ")
}
