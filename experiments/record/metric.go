package record

import (
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
)

// Metric is one number of a phase, as the tables name it.
type Metric struct {
	Name   string // column of summary.csv; its unit is part of it
	Unit   string // in bench.txt, where times are in ns
	Higher bool   // is better
	of     func(*PhaseResult) (float64, bool)
}

// Of is the metric's value, and whether the phase has it.
func (m Metric) Of(p *PhaseResult) (float64, bool) { return m.of(p) }

// Metrics are all numbers that a phase may have, in the order of the tables.
var Metrics = []Metric{
	{"requests_per_second", "req/s", true, loaded(func(p *PhaseResult) float64 { return p.RequestsPerSecond })},
	{"latency_mean_ns", "ns/op", false, loaded(func(p *PhaseResult) float64 { return p.Latency.Mean })},
	{"latency_p50_ns", "p50-latency-ns", false, loaded(func(p *PhaseResult) float64 { return p.Latency.P50 })},
	{"latency_p99_ns", "p99-latency-ns", false, loaded(func(p *PhaseResult) float64 { return p.Latency.P99 })},
	{"latency_p999_ns", "p999-latency-ns", false, loaded(func(p *PhaseResult) float64 { return p.Latency.P999 })},
	{"service_time_p50_ns", "p50-service-ns", false, loaded(func(p *PhaseResult) float64 { return p.Service.P50 })},
	{"cpu_us_per_request", "cpu-us/req", false, loaded(func(p *PhaseResult) float64 { return p.CPUPerRequest })},
	{"switches_per_request", "csw/req", false, loaded(func(p *PhaseResult) float64 { return p.VoluntaryPerRequest + p.InvoluntaryPerRequest })},
	{"switches_voluntary_per_request", "voluntary-csw/req", false, loaded(func(p *PhaseResult) float64 { return p.VoluntaryPerRequest })},
	{"utilisation", "utilisation", false, loaded(func(p *PhaseResult) float64 { return p.Utilisation })},
	{"steady_requests_per_second", "steady-req/s", true, steady(steadyRate)},
	{"steady_latency_mean_ns", "steady-latency-ns", false, steady(steadyLatency)},
	{"bytes_per_second", "B/s", true, func(p *PhaseResult) (float64, bool) { return p.BytesPerSecond, p.BytesPerSecond > 0 }},
	{"rss_bytes", "rss-B", false, func(p *PhaseResult) (float64, bool) { return float64(p.RSS), p.RSS > 0 }},
	{"rss_bytes_per_idle_connection", "rss-B/idle", false, perIdle},
	{"scale_up_s", "scale-up-s", false, stepped((*Series).ScaleUp)},
	{"scale_down_s", "scale-down-s", false, stepped((*Series).ScaleDown)},
	{"processes_most", "processes-most", false, stepped(whole((*Series).MostProcesses))},
	{"threads_most", "threads-most", false, stepped(whole((*Series).MostThreads))},
	{"processes_started", "processes-started", false, stepped(whole(func(s *Series) int { return s.Started }))},
	{"H_mean_ns", "H-mean-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.H }, mean)},
	{"H_p50_ns", "H-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.H }, p50)},
	{"H_p99_ns", "H-p99-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.H }, p99)},
	{"G_p50_ns", "G-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.G }, p50)},
	{"G_none_p50_ns", "G-none-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.GNone }, p50)},
	{"D_p50_ns", "D-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.D }, p50)},
	{"D_p99_ns", "D-p99-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.D }, p99)},
	{"probe_H_p50_ns", "probe-H-p50-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.H }), p50)},
	{"probe_G_p50_ns", "probe-G-p50-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.G }), p50)},
	{"probe_D_p50_ns", "probe-D-p50-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.D }), p50)},
	{"probe_H_mean_ns", "probe-H-mean-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.H }), mean)},
	{"probe_G_mean_ns", "probe-G-mean-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.G }), mean)},
	{"probe_D_mean_ns", "probe-D-mean-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.D }), mean)},
	{"probe_D_p99_ns", "probe-D-p99-ns", false, figure(probed(func(r *stage.Report) *stats.Dist { return r.D }), p99)},
	{"first_D_p50_ns", "first-D-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.FirstD }, p50)},
	{"second_D_p50_ns", "second-D-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.SecondD }, p50)},
	{"second_D_mean_ns", "second-D-mean-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.SecondD }, mean)},
	{"second_latency_p50_ns", "second-p50-latency-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.SecondLatency }, p50)},
	{"pair_spacing_p50_ns", "pair-spacing-p50-ns", false, figure(func(p *PhaseResult) *stats.Dist { return p.PairSpacing }, p50)},
	{"leaderless_share", "leaderless", false, leaderless},
	{"socket_wakes_same_cpu", "socket-wakes-same-cpu", false, onSameCPU("D.ready-waking")},
	{"futex_wakes_same_cpu", "futex-wakes-same-cpu", false, onSameCPU("wake-waking")},
	{"syscalls_per_connection", "syscalls/conn", false, countPerConnection("syscalls")},
	{"wakes_wasted_per_connection", "wakes-wasted/conn", false, countPerConnection("wakes_wasted")},
	{"migrations_per_connection", "migrations/conn", false, countPerConnection("migrations")},
	{"cas_retries_per_request", "cas-retries/req", false, ownPerRequest("cas_retries")},
	{"allocations_per_request", "allocs/req", false, ownPerRequest("heap_allocations")},
	{"listen_drops_per_second", "listen-drops/s", false, perSecond("listen_drops")},
	{"served_gini", "served-gini", false, servedGini},
	{"threads_serving", "threads-serving", false, threadsServing},
	{"handoffs_per_connection", "handoffs/conn", false, perConnection("handoffs")},
	{"wakes_per_connection", "wakes/conn", false, perConnection("wakes")},
	{"moves_per_connection", "moves/conn", false, perConnection("moves")},
}

func mean(d *stats.Dist) float64 { return d.Mean }
func p50(d *stats.Dist) float64  { return d.P50 }
func p99(d *stats.Dist) float64  { return d.P99 }

// loaded is a number that a phase has when requests were answered in it.
func loaded(of func(*PhaseResult) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) { return of(p), p.Requests > 0 }
}

// figure is a number of a distribution that may be absent. A field that the
// source does not tell is 0, which no measured time is.
func figure(of func(*PhaseResult) *stats.Dist, field func(*stats.Dist) float64) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		d := of(p)
		if d == nil || field(d) == 0 {
			return 0, false
		}
		return field(d), true
	}
}

// probed is a distribution of the kernel probe's.
func probed(of func(*stage.Report) *stats.Dist) func(*PhaseResult) *stats.Dist {
	return func(p *PhaseResult) *stats.Dist {
		if p.Probe == nil {
			return nil
		}
		return of(p.Probe)
	}
}

// perConnection is one of the probe's counts per accepted connection. A phase
// whose connections were all there before it has none.
func perConnection(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil {
			return 0, false
		}
		n, ok := p.Probe.PerConnection[name]
		return n, ok
	}
}

// countPerConnection is one of the probe's counts per accepted connection.
func countPerConnection(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		if p.Probe == nil || p.Probe.Counts["connections"] == 0 {
			return 0, false
		}
		n, ok := p.Probe.Counts[name]
		return float64(n) / float64(p.Probe.Counts["connections"]), ok
	}
}

// onSameCPU is the share of wake-ups, of those that the stage begins with, that
// the kernel sent to the CPU they were made on.
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

// leaderless is the share of the time that no thread was armed on the handle
// set although one could have been, or none was free.
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

// ownPerRequest is one of the server's own counters over those of its requests
// that were served while it counted, those of the warm-up included.
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

// heapCounter is the server's counter of heap allocations.
const HeapCounter = "heap_allocations"

// perSecond is one of the counts per second of the measured time, of phases that
// count it.
func perSecond(name string) func(*PhaseResult) (float64, bool) {
	return func(p *PhaseResult) (float64, bool) {
		n, ok := p.Counts[name]
		return float64(n) / p.DurationS, ok && p.DurationS > 0
	}
}

// servedGini is how unevenly the threads shared the work: 0 is all alike.
func servedGini(p *PhaseResult) (float64, bool) {
	var values []float64
	for _, n := range p.ServedBy {
		values = append(values, float64(n))
	}
	return stats.Gini(values), len(values) > 1
}

// threadsServing is how many threads served anything.
func threadsServing(p *PhaseResult) (float64, bool) {
	n := 0
	for _, served := range p.ServedBy {
		if served > 0 {
			n++
		}
	}
	return float64(n), len(p.ServedBy) > 0
}

// perIdle is what one idle connection costs the server's processes, in bytes;
// only of a phase that has no other clients in the background.
func perIdle(p *PhaseResult) (float64, bool) {
	b := p.Background
	if b == nil || b.Idle.Open == 0 || b.SlowSenders.Asked+b.SlowReaders.Asked+b.Blocking.Asked > 0 || b.RSSWith < b.RSSBefore {
		return 0, false
	}
	return float64(b.RSSWith-b.RSSBefore) / float64(b.Idle.Open), true
}
