package figure

import (
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// metric is a number that one phase of a trial comes to.
type metric struct {
	key   string
	title string // for axes and tables, without the unit
	unit  string
	head  string // column of a table
	// value reports ok = false where the phase did not measure it.
	value func(*record.PhaseResult) (x float64, ok bool)
	// moreIsBetter; most metrics are costs.
	moreIsBetter bool
}

const (
	keyRate       = "rate"
	keyLatP50     = "latency_p50"
	keyLatP99     = "latency_p99"
	keyCPU        = "cpu"
	keySwitches   = "switches"
	keyServiceP99 = "service_p99"
	keyGNone      = "G_none_p50"
	keyUse        = "utilisation"
	keyHMean      = "H_mean"
	keyBytes      = "bytes"
	keyMemory     = "memory"
	keyIdle       = "memory_idle"
	keyHP50       = "H_p50"

	keyScaleUp       = "scale_up"
	keyScaleDown     = "scale_down"
	keyMostProcesses = "processes_most"
	keyMostThreads   = "threads_most"
	keyStarted       = "processes_started"
)

// metrics in the order of tables.
var metrics = []metric{
	{keyRate, "throughput", "requests/s", "throughput", served(func(r *record.PhaseResult) float64 { return r.RequestsPerSecond }), true},
	{keyLatP50, "latency p50", "µs", "latency p50", served(func(r *record.PhaseResult) float64 { return r.Latency.P50 / 1e3 }), false},
	{keyLatP99, "latency p99", "µs", "latency p99", served(func(r *record.PhaseResult) float64 { return r.Latency.P99 / 1e3 }), false},
	{keyServiceP99, "service time p99", "µs", "service p99", served(func(r *record.PhaseResult) float64 { return r.Service.P99 / 1e3 }), false},
	{keyCPU, "CPU time per request", "µs", "CPU per request", accounted(func(r *record.PhaseResult) float64 { return r.CPUPerRequest }), false},
	{keySwitches, "context switches per request", "", "switches per request", accounted(func(r *record.PhaseResult) float64 {
		return r.VoluntaryPerRequest + r.InvoluntaryPerRequest
	}), false},
	{keyUse, "utilisation", "%", "utilisation", accounted(func(r *record.PhaseResult) float64 { return 100 * r.Utilisation }), false},
	{keyBytes, "bytes per second", "MB/s", "transferred", transferred, true},
	{keyMemory, "resident memory", "MiB", "memory", beside(func(r *record.PhaseResult) (float64, bool) { return float64(r.RSS) / (1 << 20), r.RSS > 0 }), false},
	{keyIdle, "memory per idle connection", "KiB", "per idle connection", beside(func(r *record.PhaseResult) (float64, bool) {
		x, ok := ofLab("rss_bytes_per_idle_connection")(r)
		return x / (1 << 10), ok
	}), false},
	{keyScaleUp, "time until 95 % of the clients are served at a time", "s", "95 % served after", ofLab("scale_up_s"), false},
	{keyMostProcesses, "processes at most", "", "most processes", ofLab("processes_most"), false},
	{keyMostThreads, "threads at most", "", "most threads", ofLab("threads_most"), false},
	{keyStarted, "processes started", "", "started", ofLab("processes_started"), false},
	{keyScaleDown, "time until no more threads are idle than may be", "s", "back after", ofLab("scale_down_s"), false},
	{keyHP50, "hand-off latency H p50", "µs", "H p50", dist(func(r *record.PhaseResult) *stats.Dist { return r.H }, p50), false},
	{"H_p99", "hand-off latency H p99", "µs", "H p99", dist(func(r *record.PhaseResult) *stats.Dist { return r.H }, p99), false},
	{keyHMean, "hand-off latency H mean", "µs", "H mean", dist(func(r *record.PhaseResult) *stats.Dist { return r.H }, mean), false},
	{"D_p50", "dispatch latency D p50", "µs", "D p50", dist(func(r *record.PhaseResult) *stats.Dist { return r.D }, p50), false},
	{"D_p99", "dispatch latency D p99", "µs", "D p99", dist(func(r *record.PhaseResult) *stats.Dist { return r.D }, p99), false},
	{"G_p50", "leaderless gap G p50", "µs", "G p50", dist(func(r *record.PhaseResult) *stats.Dist { return r.G }, p50), false},
	{keyGNone, "leaderless gap without a follower p50", "µs", "G none p50", dist(func(r *record.PhaseResult) *stats.Dist { return r.GNone }, p50), false},
}

// metricOf finds a metric by its key.
func metricOf(key string) metric {
	for _, m := range metrics {
		if m.key == key {
			return m
		}
	}
	panic("figure: no metric " + key)
}

// label is the title with the unit, for an axis.
func (m metric) label() string {
	if m.unit == "" {
		return m.title
	}
	return m.title + " (" + m.unit + ")"
}

// served takes a value of phases that answered requests.
func served(f func(*record.PhaseResult) float64) func(*record.PhaseResult) (float64, bool) {
	return func(r *record.PhaseResult) (float64, bool) {
		if r.Requests == 0 {
			return 0, false
		}
		return f(r), true
	}
}

// transferred is of phases whose answers are long: of short ones the throughput
// says it.
func transferred(r *record.PhaseResult) (float64, bool) {
	const long = 1 << 20
	return r.BytesPerSecond / 1e6, r.BytesPerSecond*r.DurationS > long*float64(max(1, r.Requests))
}

// ofLab is a value that the lab knows by that name.
func ofLab(name string) func(*record.PhaseResult) (float64, bool) {
	i := slices.IndexFunc(record.Metrics, func(m record.Metric) bool { return m.Name == name })
	if i < 0 {
		panic("figure: the lab has no metric " + name)
	}
	return record.Metrics[i].Of
}

// beside takes a value of phases that had clients in the background.
func beside(f func(*record.PhaseResult) (float64, bool)) func(*record.PhaseResult) (float64, bool) {
	return func(r *record.PhaseResult) (float64, bool) {
		if r.Background == nil {
			return 0, false
		}
		return f(r)
	}
}

// accounted takes a value from the process's accounting, which is there when
// it shows any CPU time.
func accounted(f func(*record.PhaseResult) float64) func(*record.PhaseResult) (float64, bool) {
	return func(r *record.PhaseResult) (float64, bool) {
		if r.Requests == 0 || r.CPUPerRequest <= 0 {
			return 0, false
		}
		return f(r), true
	}
}

// dist takes one field, in µs, of a distribution in ns. A field that is 0 was
// not measured: a command that prints a mean only has no quantiles.
func dist(of func(*record.PhaseResult) *stats.Dist, field func(*stats.Dist) float64) func(*record.PhaseResult) (float64, bool) {
	return func(r *record.PhaseResult) (float64, bool) {
		d := of(r)
		if d == nil || field(d) <= 0 {
			return 0, false
		}
		return field(d) / 1e3, true
	}
}

func mean(d *stats.Dist) float64 { return d.Mean }
func p50(d *stats.Dist) float64  { return d.P50 }
func p99(d *stats.Dist) float64  { return d.P99 }

// thousands writes a whole number with commas: 12,345.
func thousands(x float64) string {
	s := strconv.FormatFloat(x, 'f', 0, 64)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, parts...), ",")
}
