// Package metrics writes what the probe has measured so far in the text format
// of OpenMetrics 1.0, and serves it over HTTP to Prometheus.
//
// Series have few labels of few values each, and none that names a process or a
// thread: such series would grow with every restart of the server. They count
// from the beginning of the measurement, whatever the shape is recognised as,
// so that no series goes back or changes its meaning. All are there from the
// beginning, so that a rate contains their first events.
//
// Histograms have two buckets for each power of two. A value equal to a bound
// counts in the bucket above it.
package metrics

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
)

// ContentType is the media type of what Write writes.
const ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// Source is a measurement; probe.Result is one.
type Source interface {
	Report() *stage.Report
	// Totals returns the histograms of a group's total since the beginning.
	Totals(g stage.Group) [stage.Placements]probe.Histogram
}

// latencies are the histograms, with their groups and the word for each.
var latencies = []struct {
	name, help string
	kinds      []kind
}{
	{"lflab_dispatch_seconds", "Dispatch latency D: readiness of a connection's data to its read, of the first request of a connection and of kept ones.",
		[]kind{{"first", stage.First}, {"kept", stage.Kept}}},
	{"lflab_handoff_seconds", "Hand-off latency H: a wake-up by a followed thread to the woken thread's return, of a connection (item), of the leadership (lead), and between threads that have no part in serving (bare).",
		[]kind{{"item", stage.Item}, {"lead", stage.Lead}, {"bare", stage.Bare}}},
	{"lflab_gap_seconds", "Leaderless gap G: an event's receipt until a thread waits again: one that was woken (passed), the receiver itself (retook), or one that came by itself (joined).",
		[]kind{{"passed", stage.Passed}, {"retook", stage.Retook}, {"joined", stage.Joined}}},
}

type kind struct {
	word  string
	group stage.Group
}

// The bounds of buckets reach from 2^lowest ns, about 1 µs, to 2^highest ns,
// about 4 s.
const lowest, highest = 10, 32

// bounds returns the upper bounds in ns, in ascending order.
func bounds() (ns []uint64) {
	for e := lowest; e < highest; e++ {
		ns = append(ns, 1<<e, 3<<(e-1))
	}
	return append(ns, 1<<highest)
}

// page is the text so far.
type page struct{ strings.Builder }

func (p *page) family(name, kind, help string) {
	fmt.Fprintf(p, "# TYPE %s %s\n", name, kind)
	if strings.HasSuffix(name, "_seconds") {
		fmt.Fprintf(p, "# UNIT %s seconds\n", name)
	}
	fmt.Fprintf(p, "# HELP %s %s\n", name, help)
}

// Write writes r as one page. It writes nothing if it returns an error before the end.
func Write(w io.Writer, r Source) error {
	var p page
	for _, l := range latencies {
		p.family(l.name, "histogram", l.help)
		for _, k := range l.kinds {
			for place, h := range r.Totals(k.group) {
				at := stage.Placement(place)
				if h.Count == 0 && at == stage.NoWake {
					continue // few kinds have such values
				}
				p.histogram(l.name, fmt.Sprintf(`kind="%s",placement="%s"`, k.word, at), &h)
			}
		}
	}
	report := r.Report()
	for _, name := range slices.Sorted(maps.Keys(report.Counts)) {
		p.family("lflab_"+name, "counter", "Count "+name+" of lflab probe --json.")
		fmt.Fprintf(&p, "lflab_%s_total %d\n", name, report.Counts[name])
	}
	p.family("lflab_lost", "counter", "What the measurement does not contain.")
	fmt.Fprintf(&p, "lflab_lost_total{what=\"records\"} %d\nlflab_lost_total{what=\"missed\"} %d\nlflab_lost_total{what=\"dropped\"} %d\n",
		report.Lost.Records, report.Lost.Missed, report.Lost.Dropped)
	p.family("lflab_measured_seconds", "counter", "Time since the measurement began.")
	fmt.Fprintf(&p, "lflab_measured_seconds_total %s\n", number(report.DurationS))
	p.family("lflab_processes", "gauge", "Followed processes.")
	fmt.Fprintf(&p, "lflab_processes %d\n", report.Processes)
	p.family("lflab_threads", "counter", "Threads that were ever followed.")
	fmt.Fprintf(&p, "lflab_threads_total %d\n", report.Threads)
	p.family("lflab_shape", "stateset", "Shape of the followed processes, recognised from all that was seen so far.")
	for _, s := range append(stage.Shapes(), stage.Unknown) {
		is := 0
		if s == report.Shape {
			is = 1
		}
		fmt.Fprintf(&p, "lflab_shape{lflab_shape=\"%s\"} %d\n", s, is)
	}
	p.WriteString("# EOF\n")
	if _, err := io.WriteString(w, p.String()); err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	return nil
}

func (p *page) histogram(name, labels string, h *probe.Histogram) {
	for _, ns := range bounds() {
		fmt.Fprintf(p, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels, number(float64(ns)/1e9), h.Below(ns))
	}
	fmt.Fprintf(p, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, labels, h.Count)
	fmt.Fprintf(p, "%s_count{%s} %d\n%s_sum{%s} %s\n", name, labels, h.Count, name, labels, number(float64(h.Sum)/1e9))
}

// number formats a value as the format asks for floats, in full precision.
func number(v float64) string {
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return text
}
