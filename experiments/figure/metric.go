package figure

import (
	"lflab/experiments/record"
)

// The metrics that figures ask for by name.
const (
	keyRate       = "requests_per_second"
	keyLatP50     = "latency_p50_ns"
	keyLatP99     = "latency_p99_ns"
	keyServiceP99 = "service_time_p99_ns"
	keyCPU        = "cpu_us_per_request"
	keySwitches   = "switches_per_request"
	keyUse        = "utilisation"
	keyBytes      = "bytes_per_second"
	keyMemory     = "rss_bytes"
	keyIdle       = "rss_bytes_per_idle_connection"

	keyScaleUp       = "scale_up_s"
	keyScaleDown     = "scale_down_s"
	keyMostProcesses = "processes_most"
	keyMostThreads   = "threads_most"
	keyStarted       = "processes_started"

	keyHP50  = "H_p50_ns"
	keyHMean = "H_mean_ns"
	keyDP50  = "D_p50_ns"
	keyGP50  = "G_p50_ns"
	keyGNone = "G_none_p50_ns"

	keyProbeD   = "probe_D_p50_ns"
	keyProbeH   = "probe_H_p50_ns"
	keyProbeG   = "probe_G_p50_ns"
	keyHandoffs = "handoffs_per_connection"
	keyMoves    = "moves_per_connection"
)

// tabled are the metrics of the tables, in their order.
var tabled = metricsOf(keyRate, keyLatP50, keyLatP99, keyServiceP99, keyCPU, keySwitches, keyUse, keyBytes, keyMemory, keyIdle,
	keyScaleUp, keyMostProcesses, keyMostThreads, keyStarted, keyScaleDown,
	keyHP50, "H_p99_ns", keyHMean, keyDP50, "D_p99_ns", keyGP50, keyGNone)

// metricOf finds a metric by its name.
func metricOf(name string) record.Metric {
	m := record.MetricOf(name)
	if m == nil {
		panic("figure: no metric " + name)
	}
	return *m
}

func metricsOf(names ...string) []record.Metric {
	ms := make([]record.Metric, len(names))
	for i, name := range names {
		ms[i] = metricOf(name)
	}
	return ms
}

// telling is a metric's value, in its Unit, where it tells something: the
// transfer rate of long answers (of short ones the throughput says it), memory
// where there are clients in the background.
func telling(m record.Metric, r *record.PhaseResult) (float64, bool) {
	const long = 1 << 20
	switch m.Name {
	case keyBytes:
		if r.BytesPerSecond*r.DurationS <= long*float64(max(1, r.Requests)) {
			return 0, false
		}
	case keyMemory, keyIdle:
		if r.Background == nil {
			return 0, false
		}
	}
	return m.Shown(r)
}
