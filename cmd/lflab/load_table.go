package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/load"
	"lflab/experiments/stats"
)

// loadWarnings warns beyond these limits, because the figures may then be about
// the generator instead of the server.
const (
	generatorSaturated = 0.95 // share of the time its threads ran
	rateMissed         = 0.01 // share of the rate
	spacingMissed      = 5e3  // ns by which the median exceeds the spacing
)

// printLoad writes a result as text.
func printLoad(w io.Writer, cfg load.Config, r *load.Result) {
	loop, connection := "closed loop", "kept"
	if cfg.Rate > 0 {
		loop = fmt.Sprintf("open loop of %g requests/s (%s)", cfg.Rate, arrivals(cfg))
	}
	if cfg.Close {
		connection = "new for each request"
	}
	bound := ""
	if len(cfg.CPUs) > 0 {
		bound = fmt.Sprintf(" on CPUs %s", strings.Trim(fmt.Sprint(cfg.CPUs), "[]"))
	}
	fmt.Fprintf(w, "%s\n%s, %d connections (%s), %d threads%s, %.3g s\n\n",
		cfg.URL, loop, cfg.Connections, connection, max(1, cfg.Threads), bound, r.Duration.Seconds())

	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-14s "+format+"\n", append([]any{name}, args...)...)
	}
	row("planned", "%d, %.1f per second", r.Planned, float64(r.Planned)/r.Duration.Seconds())
	row("requests", "%d of these succeeded", r.Requests)
	row("throughput", "%d successful answers within the measured time, %.1f per second", r.Within, r.Achieved)
	row("statuses", "%s", statusList(r.Statuses))
	row("received", "%.4g MB", float64(r.Bytes)/1e6)
	if failed := r.Planned - r.Requests; failed > 0 {
		row("errors", "%s: %.3g %% of the requests", errorList(r.Errors), 100*float64(failed)/float64(r.Planned))
	} else if r.Starved.Silent > 0 || r.Held.Hides() {
		row("errors", "none of the requests that were planned in the measured time")
	} else {
		row("errors", "none")
	}
	if s := r.Starved; s.Unanswered > 0 {
		row("starved", "%d of %d connections never had an answer, %d never connected", s.Unanswered, s.Asked, s.Unconnected)
	}
	if s := r.Starved; s.Silent > 0 {
		row("silent", "%d of %d connections had no answer in the measured time", s.Silent, s.Asked)
	}
	if h := r.Held; h.Connections > 0 {
		row("held", "%d of %d connections waited in the measured time for a request of the warm-up: %d to its end, %d until the request failed; the longest wait is %.3g s of %.3g s, all waits are %.3g %% of the connections' time",
			h.Connections, r.Starved.Asked, h.ToEnd, h.Failed, h.LongestS, r.Duration.Seconds(), 100*h.TimeShare)
	}
	fmt.Fprintln(w)
	printTimes(w, cfg, r)
	lag := stats.NewDist(r.SendLag)
	fmt.Fprintln(w)
	row("send lag", "p50 %s, p99 %s, max %s", quantileNs(lag, 0.5), quantileNs(lag, 0.99), formatNs(lag.Max))
	if r.Second != nil {
		apart := stats.NewDist(r.PairSpacing)
		row("pair spacing", "p50 %s, p99 %s, max %s, of %d pairs; the second came first in %d",
			quantileNs(apart, 0.5), quantileNs(apart, 0.99), formatNs(apart.Max), apart.Count, r.Reversed)
	}
	row("generator", "%.3g µs of CPU per request, its threads ran %.0f %% of the time", r.CPUPerRequest(), 100*r.CPUShare)
	for _, warning := range loadWarnings(cfg, r) {
		fmt.Fprintf(w, "\nwarning: %s\n", warning)
	}
}

// arrivals returns the law of an open loop with its parameter.
func arrivals(cfg load.Config) string {
	switch cfg.Arrivals {
	case load.Paired:
		return fmt.Sprintf("paired, %s apart", formatNs(float64(cfg.Spacing)))
	case load.Burst:
		return fmt.Sprintf("bursts of %d", cfg.Burst)
	}
	return string(cfg.Arrivals)
}

// printTimes writes the distributions of latency and service time side by side:
// of all requests, then of the second requests of pairs.
func printTimes(w io.Writer, cfg load.Config, r *load.Result) {
	heads := []string{"latency", "service time"}
	columns := []stats.Dist{stats.NewDist(r.Latency), stats.NewDist(r.Service)}
	if r.Second != nil {
		heads = append(heads, "second's lat.", "second's serv.")
		columns = append(columns, stats.NewDist(r.Second.Latency), stats.NewDist(r.Second.Service))
	}
	line := func(name string, cell func(i int) string) {
		fmt.Fprintf(w, "  %-14s %12s", name, cell(0))
		for i := range columns[1:] {
			fmt.Fprintf(w, " %14s", cell(i+1))
		}
		fmt.Fprintln(w)
	}
	limit := r.UnansweredLeast
	if r.Errors["stopped"] == 0 && cfg.Timeout > 0 { // service times leave out waits before the send
		limit = cfg.Timeout
	}
	line("", func(i int) string { return heads[i] })
	for _, row := range []struct {
		name string
		of   func(stats.Dist) (float64, bool)
	}{
		{"mean", func(d stats.Dist) (float64, bool) { return d.Mean, true }},
		{"p50", func(d stats.Dist) (float64, bool) { return d.Quantile(0.5) }},
		{"p90", func(d stats.Dist) (float64, bool) { return d.Quantile(0.9) }},
		{"p99", func(d stats.Dist) (float64, bool) { return d.Quantile(0.99) }},
		{"p99.9", func(d stats.Dist) (float64, bool) { return d.Quantile(0.999) }},
		{"max", func(d stats.Dist) (float64, bool) { return d.Max, true }},
	} {
		line(row.name, func(i int) string {
			v, ok := row.of(columns[i])
			switch {
			case !ok || columns[i].Count == 0:
				return "-"
			case r.Unanswered > 0 && row.name == "mean", r.Unanswered > 0 && v >= float64(min(r.UnansweredLeast, limit)):
				return "> " + formatNs(v)
			}
			return formatNs(v)
		})
	}
	if r.Unanswered > 0 {
		fmt.Fprintf(w, "  %d requests had no answer: they count as %s or more\n", r.Unanswered, formatNs(float64(r.UnansweredLeast)))
	}
}

// loadWarnings returns reasons to doubt the figures.
func loadWarnings(cfg load.Config, r *load.Result) []string {
	var warnings []string
	if s := r.Starved; s.Unanswered > 0 {
		warnings = append(warnings, fmt.Sprintf("%d of %d connections never had an answer: the server may serve fewer at once, and these figures are for the others [fewer --connections, or more threads in the server]", s.Unanswered, s.Asked))
	}
	if s := r.Starved; s.Silent > s.Unanswered && s.Silent < s.Asked {
		warnings = append(warnings, fmt.Sprintf("%d of %d connections had no answer in the measured time: these figures are for the others [the server's log may say why]", s.Silent, s.Asked))
	}
	if h := r.Held; h.Hides() {
		warnings = append(warnings, fmt.Sprintf("%d of %d connections waited in the measured time for a request of the warm-up, which no figure contains: %d to its end, %d until the request failed, %d longer than twice the longest latency above [a longer --warmup, if the server was still starting; its log, if it hung]",
			h.Connections, r.Starved.Asked, h.ToEnd, h.Failed, h.Outlasting))
	}
	if r.Unasked > 0 {
		warnings = append(warnings, fmt.Sprintf("the server sent data without a request %s", plural(r.Unasked, "time", "times")))
	}
	if r.Beyond > 0 {
		warnings = append(warnings, fmt.Sprintf("%s beyond the histograms' range and counted at its end", plural(r.Beyond, "value is", "values are")))
	}
	if r.CPUShare > generatorSaturated {
		warnings = append(warnings, fmt.Sprintf("the generator was saturated: its threads ran %.0f %% of the time, so these figures may be its limit and not the server's [more --threads, if there are CPUs for them]", 100*r.CPUShare))
	}
	if missed := r.RateMissed(); missed > rateMissed {
		warnings = append(warnings, fmt.Sprintf("the rate was missed by %.1f %%: the server, or the connections, could not keep up, and the latency grows with the time measured [a lower --rate, or more --connections]", 100*missed))
	}
	if apart, ok := stats.NewDist(r.PairSpacing).Quantile(0.5); ok && apart > float64(cfg.Spacing)+spacingMissed {
		why := "one thread needs that long to send the first [--threads 2, if there is a CPU for it, or a longer --spacing]"
		if cfg.Threads > 1 {
			why = "the generator's threads shared their CPUs with other threads, or waited for the kernel [--cpus, and the server on others]"
		}
		warnings = append(warnings, fmt.Sprintf("the pairs were %s apart instead of %s: %s", formatNs(apart), formatNs(float64(cfg.Spacing)), why))
	}
	return warnings
}

func statusList(statuses map[int]uint64) string {
	if len(statuses) == 0 {
		return "no answer"
	}
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(statuses)) {
		parts = append(parts, fmt.Sprintf("%d: %d", code, statuses[code]))
	}
	return strings.Join(parts, ", ")
}

func errorList(errors map[string]uint64) string {
	if len(errors) == 0 {
		return "none"
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(errors)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, errors[kind]))
	}
	return strings.Join(parts, ", ")
}

// quantileNs formats a quantile of times, "-" if too few values support it.
func quantileNs(d stats.Dist, p float64) string {
	if v, ok := d.Quantile(p); ok {
		return formatNs(v)
	}
	return "-"
}

// formatNs formats a time with three digits, in ns, µs, ms or s.
func formatNs(ns float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= unit.size {
			v := ns / unit.size
			switch {
			case v >= 99.95:
				return fmt.Sprintf("%.0f %s", v, unit.name)
			case v >= 9.995:
				return fmt.Sprintf("%.1f %s", v, unit.name)
			}
			return fmt.Sprintf("%.2f %s", v, unit.name)
		}
	}
	return fmt.Sprintf("%.0f ns", ns)
}
