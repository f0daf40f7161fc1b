package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// printProbe writes a measurement as text.
func printProbe(w io.Writer, r *stage.Report, histograms bool) {
	fmt.Fprintf(w, "%s, process %d: shape %s, %s and %s followed for %.3g s\n",
		escaped(r.Comm), r.PID, shapeWords(r), plural(r.Processes, "process", "processes"), plural(r.Threads, "thread", "threads"), r.DurationS)
	for _, t := range r.Targets {
		fmt.Fprintf(w, "  process %d: %s\n", t.PID, escaped(t.Comm))
	}
	for _, missing := range r.Missing {
		fmt.Fprintf(w, "note: %s\n", missing)
	}
	for _, sum := range []struct {
		name, title string
		total       *stats.Dist
	}{
		{"D", "dispatch latency D: readiness of a connection's data - its first read", r.D},
		{"H", "hand-off latency H: the waker's system call - the woken thread's return", r.H},
		{"G", "leaderless gap G: an event's receipt - a thread waits for the next", r.G},
	} {
		if sum.total == nil {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", sum.title)
		printStages(w, r, sum.name, *sum.total)
	}
	if r.GNone != nil {
		fmt.Fprintf(w, "  %-20s %9d %9s %9s %9s %9s   gaps without a follower to end them\n", "G none", r.GNone.Count,
			quantileNs(*r.GNone, 0.5), quantileNs(*r.GNone, 0.9), quantileNs(*r.GNone, 0.99), formatNs(r.GNone.Max))
	}
	printSolitary(w, r)
	printSpread(w, r)
	if histograms {
		printHistograms(w, r)
	}
	printCounts(w, r)
}

// escaped escapes control characters, because a process chooses its name itself.
func escaped(comm string) string { return probe.Target{Comm: comm}.Name() }

// shapeWords names the shape. For an unknown one it says why.
func shapeWords(r *stage.Report) string {
	if r.ShapeWhy != "" {
		return fmt.Sprintf("%s (%s)", r.Shape, r.ShapeWhy)
	}
	return string(r.Shape)
}

const stageHeader = "  %-20s %9s %9s %9s %9s %9s %10s\n"

// printStages writes one sum: its total, its placements, and its stages.
func printStages(w io.Writer, r *stage.Report, name string, total stats.Dist) {
	fmt.Fprintf(w, stageHeader, "", "count", "p50", "p90", "p99", "max", "of mean")
	line := func(label string, d stats.Dist, part, note string) {
		fmt.Fprintf(w, "  %-20s %9d %9s %9s %9s %9s %10s   %s\n", label, d.Count, quantileNs(d, 0.5), quantileNs(d, 0.9), quantileNs(d, 0.99), formatNs(d.Max), part, note)
	}
	line(name, total, formatNs(total.Mean), "the whole")
	for _, place := range []struct{ key, text string }{
		{"same_cpu", "woken on the waker's CPU"}, {"cross_cpu", "woken on another CPU"}, {"no_wake", "no thread was woken"},
	} {
		if d, ok := r.ByPlacement[name][place.key]; ok && len(r.ByPlacement[name]) > 1 {
			line("  "+strings.ReplaceAll(place.key, "_", " "), d, "", place.text)
		} else if ok {
			fmt.Fprintf(w, "    all of them: %s\n", place.text)
		}
	}
	for _, key := range stage.Keys(name) {
		if s, ok := r.Stages[key]; ok && s.Of == name {
			_, short, _ := strings.Cut("."+key, ".")
			if name != "H" {
				_, short, _ = strings.Cut(key, ".")
			}
			line(short, s.Dist, formatNs(s.PartOfMean), s.Text)
		}
	}
}

// printSolitary writes the stages that belong to no sum.
func printSolitary(w io.Writer, r *stage.Report) {
	var keys []string
	for key, s := range r.Stages {
		if s.Of == "" {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return
	}
	slices.Sort(keys)
	fmt.Fprintf(w, "\nin no sum\n")
	fmt.Fprintf(w, stageHeader, "", "count", "p50", "p90", "p99", "max", "mean")
	for _, key := range keys {
		s := r.Stages[key]
		fmt.Fprintf(w, "  %-20s %9d %9s %9s %9s %9s %10s   %s\n", key, s.Count, quantileNs(s.Dist, 0.5), quantileNs(s.Dist, 0.9), quantileNs(s.Dist, 0.99), formatNs(s.Max), formatNs(s.Mean), s.Text)
	}
}

// printUser writes the stages that the server's own stamps add.
func printUser(w io.Writer, u *record.UserStages) {
	if u == nil {
		return
	}
	fmt.Fprintf(w, "\nwith the server's own stamps: %s joined\n", plural(u.Joined, "request or hand-off", "requests and hand-offs"))
	fmt.Fprintf(w, stageHeader, "", "count", "p50", "p90", "p99", "max", "of mean")
	line := func(label string, d stats.Dist, part float64, note string) {
		fmt.Fprintf(w, "  %-20s %9d %9s %9s %9s %9s %10s   %s\n", label, d.Count, quantileNs(d, 0.5), quantileNs(d, 0.9), quantileNs(d, 0.99), formatNs(d.Max), formatNs(part), note)
	}
	for _, total := range []struct {
		name string
		of   byte
		d    *stats.Dist
		text string
	}{
		{"D in user code", 'D', u.D, "readiness - the handler begins"},
		{"H in user code", 'H', u.H, "passing begins - the receiver knows"},
	} {
		if total.d == nil {
			continue
		}
		line(total.name, *total.d, total.d.Mean, total.text)
		for _, stage := range stage.User {
			key := strings.TrimPrefix(string(stage.Group[:1])+"."+stage.Name, "H.")
			if s, ok := u.Stages[key]; ok && stage.Name != "total" && stage.Group[0] == total.of {
				line("  "+stage.Name, s.Dist, s.PartOfMean, s.Text)
			}
		}
	}
	var rest []string
	for _, kind := range slices.Sorted(maps.Keys(u.Unmatched)) {
		rest = append(rest, fmt.Sprintf("%s %d", strings.ReplaceAll(kind, "_", " "), u.Unmatched[kind]))
	}
	fmt.Fprintf(w, "  without their other half: %s\n", strings.Join(rest, ", "))
}

// stageKeys returns the keys of all stages of a report, in the order of the
// tables.
func stageKeys(r *stage.Report) []string {
	var keys []string
	for _, name := range []string{"D", "H", "G"} {
		for _, key := range stage.Keys(name) {
			if _, ok := r.Stages[key]; ok {
				keys = append(keys, key)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(r.Stages)) {
		if r.Stages[key].Of == "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// printSpread draws columns from 2^first ns to 2^last ns. Durations outside
// count in the first or last column.
const first, last = 7, 23

// printSpread draws the log2 histogram of each stage in one line.
func printSpread(w io.Writer, r *stage.Report) {
	fmt.Fprintf(w, "\nlog2 histograms: each column covers twice the time of the one before; its height is its share of the stage\n")
	var scale strings.Builder
	for i := first; i <= last; i += 3 {
		fmt.Fprintf(&scale, "%-6s", formatLog2(i))
	}
	fmt.Fprintf(w, "  %-24s %s\n", "", strings.TrimRight(scale.String(), " "))
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	for _, key := range stageKeys(r) {
		counts := r.Stages[key].Log2
		total, columns := uint64(0), make([]uint64, last-first+1)
		for i, n := range counts {
			columns[min(max(i, first), last)-first] += n
			total += n
		}
		var line strings.Builder
		for _, n := range columns {
			height := 0
			if n > 0 {
				height = max(1, int(8*float64(n)/float64(total)+0.5))
			}
			line.WriteRune(blocks[height])
			line.WriteRune(blocks[height])
		}
		fmt.Fprintf(w, "  %-24s %s\n", key, strings.TrimRight(line.String(), " "))
	}
}

// printHistograms writes each stage's log2 histogram with its counts.
func printHistograms(w io.Writer, r *stage.Report) {
	for _, key := range stageKeys(r) {
		s := r.Stages[key]
		fmt.Fprintf(w, "\n%s: %s\n", key, s.Text)
		most := slices.Max(append([]uint64{1}, s.Log2...))
		begin := 0
		for begin < len(s.Log2) && s.Log2[begin] == 0 {
			begin++
		}
		for i := begin; i < len(s.Log2); i++ {
			fmt.Fprintf(w, "  %8s - %-8s %9d |%-40s|\n", formatLog2(i), formatLog2(i+1), s.Log2[i], strings.Repeat("#", int(40*s.Log2[i]/most)))
		}
	}
}

// formatLog2 formats 2^i ns in a unit that keeps it short.
func formatLog2(i int) string {
	switch {
	case i < 10:
		return fmt.Sprintf("%dns", 1<<i)
	case i < 20:
		return fmt.Sprintf("%dus", 1<<(i-10))
	case i < 30:
		return fmt.Sprintf("%dms", 1<<(i-20))
	}
	return fmt.Sprintf("%ds", 1<<(i-30))
}

func printCounts(w io.Writer, r *stage.Report) {
	c := r.Counts
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-12s "+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintln(w)
	row("connections", "%d accepted (%d without sleeping), %d requests read: %d by a thread woken for them, %d by another thread that had not slept, %d by one that had slept for something else",
		c["connections"], c["accepts_at_once"], c["requests"], c["requests_passed"], c["requests_queued"], c["requests_slept"])
	if p := r.PerConnection; p != nil {
		row("each", "%.2f hand-offs, %.2f moves between threads, %.2f wake-ups, %.2f switches", p["handoffs"], p["moves"], p["wakes"], p["switches"])
	}
	if r.OnPath != "" {
		row("path", "%s", r.OnPath)
	}
	row("hand-offs", "%d of a connection, %d of the leadership, %d between threads that have no part in serving", c["handoffs_item"], c["handoffs_lead"], c["handoffs_bare"])
	row("wakes", "%s by another thread of these, %d for nothing (wasted); %d futex calls to wake, of which %d found nobody asleep (elided)",
		plural(c["wakes_issued"], "thread woken", "threads woken"), c["wakes_wasted"], c["wake_calls"], c["wakes_elided"])
	row("", "kept apart: %d raced (woken before asleep), %d futex sleeps ended by something else, %d sleeps ended by interrupts while a thread of these ran",
		c["wakes_raced"], c["wakes_other"], c["wakes_interrupt"])
	for _, m := range r.Mechanisms {
		row("", "%6d by %s: %s wakes %s", m.Count, m.Kind, m.By, m.In)
	}
	row("switches", "%d voluntary, %d involuntary, %d migrations; %d that the kernel did not announce", c["switches_voluntary"], c["switches_involuntary"], c["migrations"], c["switches_unseen"])
	row("lost", "%d records, %d missed runs of programs, %d dropped states", r.Lost.Records, r.Lost.Missed, r.Lost.Dropped)
	if k := r.Cost; k != nil {
		if k.Note != "" {
			row("probe", "%s", k.Note)
		} else if k.WindowS > 0 {
			row("probe", "%.0f ns per event (%.0f ns of each program's run is the meter), %.1f %% of one CPU, %.0f events/s; over %.2g s after the measurement",
				k.NsPerEvent, k.MeterNs, k.CPUPercent, float64(k.Events)/max(k.WindowS, 1e-9), k.WindowS)
		}
	}
}

func plural(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
