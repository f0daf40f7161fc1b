package record

import (
	"cmp"
	"iter"
	"slices"

	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
)

// Metric is one number of a phase, with the words to present it.
type Metric struct {
	Name   string // includes the unit, as in latency_p50_ns
	Bench  string // unit in bench.txt, where times are in ns; empty: figures show the metric, but summary.csv and bench.txt have no column for it
	Higher bool   // higher is better

	Unit  string  // unit for readers; empty: a count or a share
	Per   float64 // how many of the name's unit make one Unit: 1e3 for ns in µs
	Words string  // name in a sentence: "median latency"
	Title string  // name on an axis and above a table, without the unit; empty: Words
	Head  string  // name above a narrow column; empty: Title

	of func(*PhaseResult) (float64, bool)
}

// Of returns the value in the unit of its name, and whether the phase has it.
func (m Metric) Of(p *PhaseResult) (float64, bool) { return m.of(p) }

// Shown returns the value in Unit, and whether the phase has it.
func (m Metric) Shown(p *PhaseResult) (float64, bool) {
	x, ok := m.of(p)
	return x / m.Per, ok
}

// Heading returns the title, for an axis or a table.
func (m Metric) Heading() string { return cmp.Or(m.Title, m.Words) }

// Short returns the heading of a narrow column.
func (m Metric) Short() string { return cmp.Or(m.Head, m.Heading()) }

// Label returns the heading with the unit.
func (m Metric) Label() string {
	if m.Unit == "" {
		return m.Heading()
	}
	return m.Heading() + " (" + m.Unit + ")"
}

// MetricOf returns the metric of that name, or nil.
func MetricOf(name string) *Metric {
	i := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &Metrics[i]
}

// columns yields the metrics of summary.csv and bench.txt.
func columns() iter.Seq[Metric] {
	return func(yield func(Metric) bool) {
		for _, m := range Metrics {
			if m.Bench != "" && !yield(m) {
				return
			}
		}
	}
}

// Metrics lists all numbers that a phase may have, in the order of the tables.
var Metrics = []Metric{
	{"requests_per_second", "req/s", true, "requests/s", 1, "throughput", "", "", loaded(func(p *PhaseResult) float64 { return p.RequestsPerSecond })},
	{"latency_mean_ns", "ns/op", false, "µs", 1e3, "mean latency", "", "", figure(func(p *PhaseResult) *stats.Dist { return &p.Latency }, mean)},
	{"latency_p50_ns", "p50-latency-ns", false, "µs", 1e3, "median latency", "latency p50", "", quantile(func(p *PhaseResult) *stats.Dist { return &p.Latency }, 0.5)},
	{"latency_p99_ns", "p99-latency-ns", false, "µs", 1e3, "p99 of latency", "latency p99", "", quantile(func(p *PhaseResult) *stats.Dist { return &p.Latency }, 0.99)},
	{"latency_p999_ns", "p999-latency-ns", false, "µs", 1e3, "p99.9 of latency", "", "", quantile(func(p *PhaseResult) *stats.Dist { return &p.Latency }, 0.999)},
	{"service_time_p50_ns", "p50-service-ns", false, "µs", 1e3, "median service time", "", "", quantile(func(p *PhaseResult) *stats.Dist { return &p.Service }, 0.5)},
	{"service_time_p99_ns", "", false, "µs", 1e3, "p99 of service time", "service time p99", "service p99", quantile(func(p *PhaseResult) *stats.Dist { return &p.Service }, 0.99)},
	{"cpu_us_per_request", "cpu-us/req", false, "µs", 1, "CPU time per request", "", "CPU per request", accounted(func(p *PhaseResult) float64 { return p.CPUPerRequest })},
	{"switches_per_request", "csw/req", false, "", 1, "switches per request", "context switches per request", "switches per request", accounted(func(p *PhaseResult) float64 { return p.VoluntaryPerRequest + p.InvoluntaryPerRequest })},
	{"switches_voluntary_per_request", "voluntary-csw/req", false, "", 1, "voluntary switches per request", "", "", accounted(func(p *PhaseResult) float64 { return p.VoluntaryPerRequest })},
	{"utilisation", "utilisation", false, "%", 0.01, "utilisation", "", "", accounted(func(p *PhaseResult) float64 { return p.Utilisation })},
	{"steady_requests_per_second", "steady-req/s", true, "", 1, "steady requests per second", "", "", steady(steadyRate)},
	{"steady_latency_mean_ns", "steady-latency-ns", false, "µs", 1e3, "mean steady latency", "", "", steady(steadyLatency)},
	{"bytes_per_second", "B/s", true, "MB/s", 1e6, "transfer rate", "", "transferred", func(p *PhaseResult) (float64, bool) { return p.BytesPerSecond, p.BytesPerSecond > 0 }},
	{"rss_bytes", "rss-B", false, "MiB", 1 << 20, "resident memory", "", "memory", func(p *PhaseResult) (float64, bool) { return float64(p.RSS), p.RSS > 0 }},
	{"rss_bytes_per_idle_connection", "rss-B/idle", false, "KiB", 1 << 10, "resident memory per idle connection", "memory per idle connection", "per idle connection", perIdle},
	{"scale_up_s", "scale-up-s", false, "s", 1, "time to scale up", "time until 95 % of the clients are served at a time", "95 % served after", stepped((*Series).ScaleUp)},
	{"scale_down_s", "scale-down-s", false, "s", 1, "time to scale down", "time until no more threads are idle than may be", "back after", stepped((*Series).ScaleDown)},
	{"processes_most", "processes-most", false, "", 1, "largest number of processes", "processes at most", "most processes", stepped(whole((*Series).MostProcesses))},
	{"threads_most", "threads-most", false, "", 1, "largest number of threads", "threads at most", "most threads", stepped(whole((*Series).MostThreads))},
	{"processes_started", "processes-started", false, "", 1, "number of processes started", "processes started", "started", stepped(whole(func(s *Series) int { return s.Started }))},
	{"H_mean_ns", "H-mean-ns", false, "µs", 1e3, "mean hand-off latency H", "hand-off latency H mean", "H mean", figure(func(p *PhaseResult) *stats.Dist { return p.H }, mean)},
	{"H_p50_ns", "H-p50-ns", false, "µs", 1e3, "median hand-off latency H", "hand-off latency H p50", "H p50", passed(func(p *PhaseResult) *stats.Dist { return p.H }, 0.5)},
	{"H_p99_ns", "H-p99-ns", false, "µs", 1e3, "p99 of hand-off latency H", "hand-off latency H p99", "H p99", passed(func(p *PhaseResult) *stats.Dist { return p.H }, 0.99)},
	{"G_p50_ns", "G-p50-ns", false, "µs", 1e3, "median leaderless gap G", "leaderless gap G p50", "G p50", passed(func(p *PhaseResult) *stats.Dist { return p.G }, 0.5)},
	{"G_none_p50_ns", "G-none-p50-ns", false, "µs", 1e3, "median leaderless gap G without a follower", "leaderless gap without a follower p50", "G none p50", passed(func(p *PhaseResult) *stats.Dist { return p.GNone }, 0.5)},
	{"D_mean_ns", "D-mean-ns", false, "µs", 1e3, "mean dispatch latency D", "", "", figure(func(p *PhaseResult) *stats.Dist { return p.D }, mean)},
	{"D_p50_ns", "D-p50-ns", false, "µs", 1e3, "median dispatch latency D", "dispatch latency D p50", "D p50", quantile(func(p *PhaseResult) *stats.Dist { return p.D }, 0.5)},
	{"D_p99_ns", "D-p99-ns", false, "µs", 1e3, "p99 of dispatch latency D", "dispatch latency D p99", "D p99", quantile(func(p *PhaseResult) *stats.Dist { return p.D }, 0.99)},
	{"probe_H_p50_ns", "probe-H-p50-ns", false, "µs", 1e3, "median hand-off latency H by the probe", "hand-off latency H in the kernel p50", "kernel H p50", passed(probed(func(r *stage.Report) *stats.Dist { return r.H }), 0.5)},
	{"probe_G_p50_ns", "probe-G-p50-ns", false, "µs", 1e3, "median leaderless gap G by the probe", "leaderless gap G in the kernel p50", "kernel G p50", passed(probed(func(r *stage.Report) *stats.Dist { return r.G }), 0.5)},
	{"probe_D_p50_ns", "probe-D-p50-ns", false, "µs", 1e3, "median dispatch latency D by the probe", "dispatch latency D in the kernel p50", "kernel D p50", quantile(probed(func(r *stage.Report) *stats.Dist { return r.D }), 0.5)},
	{"probe_H_mean_ns", "probe-H-mean-ns", false, "µs", 1e3, "mean hand-off latency H by the probe", "", "", figure(probed(func(r *stage.Report) *stats.Dist { return r.H }), mean)},
	{"probe_G_mean_ns", "probe-G-mean-ns", false, "µs", 1e3, "mean leaderless gap G by the probe", "", "", figure(probed(func(r *stage.Report) *stats.Dist { return r.G }), mean)},
	{"probe_D_mean_ns", "probe-D-mean-ns", false, "µs", 1e3, "mean dispatch latency D by the probe", "mean dispatch latency D", "", figure(probed(func(r *stage.Report) *stats.Dist { return r.D }), mean)},
	{"probe_D_p99_ns", "probe-D-p99-ns", false, "µs", 1e3, "p99 of dispatch latency D by the probe", "", "", quantile(probed(func(r *stage.Report) *stats.Dist { return r.D }), 0.99)},
	{"first_D_p50_ns", "first-D-p50-ns", false, "µs", 1e3, "median dispatch latency D of the first", "", "", quantile(func(p *PhaseResult) *stats.Dist { return p.FirstD }, 0.5)},
	{"second_D_p50_ns", "second-D-p50-ns", false, "µs", 1e3, "median dispatch latency D of the second", "", "", quantile(func(p *PhaseResult) *stats.Dist { return p.SecondD }, 0.5)},
	{"second_D_mean_ns", "second-D-mean-ns", false, "µs", 1e3, "mean dispatch latency D of the second", "mean D of the second", "", figure(func(p *PhaseResult) *stats.Dist { return p.SecondD }, mean)},
	{"second_latency_p50_ns", "second-p50-latency-ns", false, "µs", 1e3, "median latency of the second", "", "", quantile(func(p *PhaseResult) *stats.Dist { return p.SecondLatency }, 0.5)},
	{"pair_spacing_p50_ns", "pair-spacing-p50-ns", false, "µs", 1e3, "median pair spacing", "", "", quantile(func(p *PhaseResult) *stats.Dist { return p.PairSpacing }, 0.5)},
	{"leaderless_share", "leaderless", false, "", 1, "share of the time without a leader", "", "", leaderless},
	{"socket_wakes_same_cpu", "socket-wakes-same-cpu", false, "", 1, "share of a socket's wake-ups that stay on their CPU", "", "", onSameCPU("D.ready-waking")},
	{"futex_wakes_same_cpu", "futex-wakes-same-cpu", false, "", 1, "share of a futex's wake-ups that stay on their CPU", "", "", onSameCPU("wake-waking")},
	{"syscalls_per_connection", "syscalls/conn", false, "", 1, "system calls per connection", "", "", countPerConnection("syscalls")},
	{"wakes_wasted_per_connection", "wakes-wasted/conn", false, "", 1, "wasted wake-ups per connection", "wake-ups wasted per connection", "wakes wasted", countPerConnection("wakes_wasted")},
	{"wakes_elided_per_connection", "", false, "", 1, "elided wake-ups per connection", "wake-ups elided per connection", "wakes elided", countPerConnection("wakes_elided")},
	{"migrations_per_connection", "migrations/conn", false, "", 1, "migrations per connection", "", "migrations", countPerConnection("migrations")},
	{"cas_retries_per_request", "cas-retries/req", false, "", 1, "CAS retries per request", "", "", ownPerRequest("cas_retries")},
	{"allocations_per_request", "allocs/req", false, "", 1, "allocations per request", "", "", ownPerRequest(HeapCounter)},
	{"listen_drops_per_second", "listen-drops/s", false, "connections/s", 1, "rate of listen drops", "drops", "", perSecond("listen_drops")},
	{"served_gini", "served-gini", false, "", 1, "Gini coefficient of the requests over the threads", "", "", servedGini},
	{"threads_serving", "threads-serving", false, "", 1, "number of threads that served", "", "", threadsServing},
	{"handoffs_per_connection", "handoffs/conn", false, "", 1, "hand-offs per connection", "", "hand-offs", perConnection("handoffs")},
	{"wakes_per_connection", "wakes/conn", false, "", 1, "wake-ups per connection", "wake-ups issued per connection", "wakes issued", perConnection("wakes")},
	{"switches_per_connection", "", false, "", 1, "switches per connection", "", "switches", perConnection("switches")},
	{"moves_per_connection", "moves/conn", false, "", 1, "moves per connection", "", "moves", perConnection("moves")},
	{"probe_lost_records", "", false, "", 1, "records lost by the probe", "records lost", "", reported(func(r *stage.Report) float64 { return float64(r.Lost.Records) })},
	{"probe_lost_missed", "", false, "", 1, "runs missed by the probe", "runs missed", "", reported(func(r *stage.Report) float64 { return float64(r.Lost.Missed) })},
	{"probe_lost_dropped", "", false, "", 1, "states dropped by the probe", "states dropped", "", reported(func(r *stage.Report) float64 { return float64(r.Lost.Dropped) })},
	{"probe_events_per_second", "", false, "1/s", 1, "events seen by the probe per second", "events", "", probeEvents},
	{"probe_event_ns", "", false, "ns", 1, "time of the probe's programs per event", "programs' time per event", "per event", programs(func(c *stage.Cost) float64 { return c.NsPerEvent })},
	{"probe_cpu_percent", "", false, "%", 1, "share of one CPU that the probe's programs take", "programs' share of one CPU", "of one CPU", programs(func(c *stage.Cost) float64 { return c.CPUPercent })},
}

func mean(d *stats.Dist) float64 { return d.Mean }

// loaded makes a metric that a phase has if it answered requests.
func loaded(of func(*PhaseResult) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) { return of(p), p.Requests > 0 }
}

// figure makes a metric from a field of a distribution that may be absent. 0
// counts as absent, because sources leave unknown fields 0 and no measured time
// is 0.
func figure(of func(*PhaseResult) *stats.Dist, field func(*stats.Dist) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		d := of(p)
		if d == nil || field(d) == 0 {
			return 0, false
		}
		return field(d), true
	}
}

// quantile makes a metric of a quantile that has ten values beyond it. A phase
// with fewer lacks it.
func quantile(of func(*PhaseResult) *stats.Dist, q float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if d := of(p); d != nil {
			return d.Quantile(q)
		}
		return 0, false
	}
}

// FewestPassed is the least share of the requests that hand-offs or gaps must
// be for their quantiles and curves to be given. Below it they tell of
// exceptions.
const FewestPassed = 0.05

// FewPassed reports whether so many hand-offs or gaps are too few for the
// requests.
func FewPassed(passed, requests float64) bool { return passed < FewestPassed*requests }

// passed makes a metric of a quantile of hand-offs or gaps. A phase lacks it
// where there are few of them for its requests; their count and mean stay. A
// phase without a load measured nothing else, so it has them all.
func passed(of func(*PhaseResult) *stats.Dist, q float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		d := of(p)
		if d == nil || FewPassed(float64(d.Count), float64(p.Latency.Count)) {
			return 0, false
		}
		return d.Quantile(q)
	}
}

// probed selects a distribution of the kernel probe's report.
func probed(of func(*stage.Report) *stats.Dist) func(*PhaseResult) *stats.Dist {
	return func(p *PhaseResult) *stats.Dist {
		if p.Probe == nil {
			return nil
		}
		return of(p.Probe)
	}
}

// perConnection makes a metric of one of the probe's counts per accepted
// connection. A phase that accepted no connection lacks it.
func perConnection(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil {
			return 0, false
		}
		n, ok := p.Probe.PerConnection[name]
		return n, ok
	}
}

// countPerConnection divides a count of the probe by accepted connections.
func countPerConnection(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil || p.Probe.Counts["connections"] == 0 {
			return 0, false
		}
		n, ok := p.Probe.Counts[name]
		return float64(n) / float64(p.Probe.Counts["connections"]), ok
	}
}

// onSameCPU returns the share of the stage's wake-ups that the kernel kept on
// the CPU of the waker, among those whose placement is known.
func onSameCPU(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil {
			return 0, false
		}
		at := p.Probe.Stages[name].ByPlacement
		same, cross := at[stage.SameCPU.String()].Count, at[stage.CrossCPU.String()].Count
		return float64(same) / float64(same+cross), same+cross > 0
	}
}

// leaderless returns the share of the time in which no thread waited on the
// handle set, whether or not a thread was free to.
func leaderless(p *PhaseResult) (float64, bool) {
	if p.Probe == nil || p.Probe.G == nil || p.DurationS == 0 {
		return 0, false
	}
	sum := p.Probe.G.Mean * float64(p.Probe.G.Count)
	if none := p.Probe.GNone; none != nil {
		sum += none.Mean * float64(none.Count)
	}
	return sum / 1e9 / p.DurationS, true
}

// ownPerRequest divides one of the server's own counters by the requests that
// it served while it counted, including those of the warm-up.
func ownPerRequest(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		served := p.Counts["requests"]
		if served == 0 {
			return 0, false
		}
		if _, counts := p.Counts[HeapCounter]; !counts && name == HeapCounter {
			return 0, false
		}
		return float64(p.Counts[name]) / float64(served), true
	}
}

// HeapCounter names the server's counter of heap allocations.
const HeapCounter = "heap_allocations"

// perSecond divides one of the counts by the measured time. A phase that does
// not count it lacks the metric.
func perSecond(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		n, ok := p.Counts[name]
		return float64(n) / p.DurationS, ok && p.DurationS > 0
	}
}

// servedGini returns how unevenly the threads shared the work; 0 means equally.
func servedGini(p *PhaseResult) (float64, bool) {
	var values []float64
	for _, n := range p.ServedBy {
		values = append(values, float64(n))
	}
	return stats.Gini(values), len(values) > 1
}

// threadsServing counts the threads that served a request.
func threadsServing(p *PhaseResult) (float64, bool) {
	n := 0
	for _, served := range p.ServedBy {
		if served > 0 {
			n++
		}
	}
	return float64(n), len(p.ServedBy) > 0
}

// perIdle returns the memory that one idle connection costs the server's
// processes, in bytes. Only a phase without other background clients has it.
func perIdle(p *PhaseResult) (float64, bool) {
	b := p.Background
	if b == nil || b.Idle.Open == 0 || b.SlowSenders.Asked+b.SlowReaders.Asked+b.Blocking.Asked > 0 || b.RSSWith < b.RSSBefore {
		return 0, false
	}
	return float64(b.RSSWith-b.RSSBefore) / float64(b.Idle.Open), true
}

// accounted makes a metric from the accounting of the server's processes. A
// phase has it if requests were answered and their CPU time was seen.
func accounted(of func(*PhaseResult) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) { return of(p), p.Requests > 0 && p.CPUPerRequest > 0 }
}

// reported makes a metric from the probe's report.
func reported(of func(*stage.Report) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil {
			return 0, false
		}
		return of(p.Probe), true
	}
}

// probeEvents returns how often per second the probe's programs ran.
func probeEvents(p *PhaseResult) (float64, bool) {
	if p.Probe == nil || p.Probe.DurationS <= 0 {
		return 0, false
	}
	return float64(p.Probe.Counts["events"]) / p.Probe.DurationS, true
}

// programs makes a metric from the measured cost of the probe's programs.
func programs(of func(*stage.Cost) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil || p.Probe.Cost == nil || p.Probe.Cost.Events == 0 {
			return 0, false
		}
		return of(p.Probe.Cost), true
	}
}
