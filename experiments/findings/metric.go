package findings

import (
	"lflab/experiments/record"
)

// The names of metrics that findings and figures use.
const (
	KeyRate       = "requests_per_second"
	KeyLatP50     = "latency_p50_ns"
	KeyLatP99     = "latency_p99_ns"
	KeyServiceP99 = "service_time_p99_ns"
	KeyCPU        = "cpu_us_per_request"
	KeySwitches   = "switches_per_request"
	KeyUse        = "utilisation"
	KeyBytes      = "bytes_per_second"
	KeyMemory     = "rss_bytes"
	KeyIdle       = "rss_bytes_per_idle_connection"

	KeyScaleUp       = "scale_up_s"
	KeyScaleDown     = "scale_down_s"
	KeyMostProcesses = "processes_most"
	KeyMostThreads   = "threads_most"
	KeyStarted       = "processes_started"

	KeyHP50  = "H_p50_ns"
	KeyHMean = "H_mean_ns"
	KeyDP50  = "D_p50_ns"
	KeyGP50  = "G_p50_ns"
	KeyGNone = "G_none_p50_ns"

	keyProbeD   = "probe_D_p50_ns"
	keyProbeH   = "probe_H_p50_ns"
	keyProbeG   = "probe_G_p50_ns"
	KeyHandoffs = "handoffs_per_connection"
	KeyMoves    = "moves_per_connection"
)

// Tabled lists the metrics of the tables, in the tables' order.
var Tabled = MetricsOf(KeyRate, KeyLatP50, KeyLatP99, KeyServiceP99, KeyCPU, KeySwitches, KeyUse, KeyBytes, KeyMemory, KeyIdle,
	KeyScaleUp, KeyMostProcesses, KeyMostThreads, KeyStarted, KeyScaleDown,
	KeyHP50, "H_p99_ns", KeyHMean, KeyDP50, "D_p99_ns", KeyGP50, KeyGNone)

// MetricOf returns the metric of that name. It panics if there is none.
func MetricOf(name string) record.Metric {
	m := record.MetricOf(name)
	if m == nil {
		panic("figure: no metric " + name)
	}
	return *m
}

// MetricsOf returns the metrics of these names. It panics if one is missing.
func MetricsOf(names ...string) []record.Metric {
	ms := make([]record.Metric, len(names))
	for i, name := range names {
		ms[i] = MetricOf(name)
	}
	return ms
}

// Telling returns a metric's value in its Unit, and whether the phase has one
// that is informative. A transfer rate is informative only if answers are
// longer than 1 MiB on average, because throughput says as much about shorter
// ones. Memory is informative only if there are clients in the background.
func Telling(m record.Metric, r *record.PhaseResult) (float64, bool) {
	const long = 1 << 20
	switch m.Name {
	case KeyBytes:
		if r.BytesPerSecond*r.DurationS <= long*float64(max(1, r.Requests)) {
			return 0, false
		}
	case KeyMemory, KeyIdle:
		if r.Background == nil {
			return 0, false
		}
	}
	return m.Shown(r)
}
