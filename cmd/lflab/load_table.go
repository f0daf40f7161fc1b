package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lflab/experiments/load"
)

// Beyond these a load's figures say more about the generator than the server.
const (
	generatorSaturated = 0.95 // share of the time its threads ran
	rateMissed         = 0.01
)

// printLoad writes a result for people.
func printLoad(w io.Writer, cfg load.Config, r *load.Result) {
	loop, connection := "closed loop", "kept"
	if cfg.Rate > 0 {
		loop = fmt.Sprintf("open loop of %g requests/s (%s)", cfg.Rate, cfg.Arrivals)
	}
	if cfg.Close {
		connection = "new for each request"
	}
	fmt.Fprintf(w, "%s\n%s, %d connections (%s), %d threads, %.3g s\n\n",
		cfg.URL, loop, cfg.Connections, connection, max(1, cfg.Threads), r.Duration.Seconds())

	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-14s "+format+"\n", append([]any{name}, args...)...)
	}
	row("requests", "%d answered, %.1f per second", r.Requests, r.Achieved)
	if cfg.Rate > 0 {
		row("planned", "%d, %.1f per second", r.Planned, float64(r.Planned)/r.Duration.Seconds())
	}
	row("received", "%.4g MB", float64(r.Bytes)/1e6)
	row("errors", "%s", errorList(r.Errors))
	fmt.Fprintf(w, "\n  %-14s %12s %14s\n", "", "latency", "service time")
	latency, service := load.NewDist(r.Latency), load.NewDist(r.Service)
	for _, line := range []struct {
		name             string
		latency, service float64
	}{
		{"mean", latency.Mean, service.Mean},
		{"p50", latency.P50, service.P50},
		{"p90", latency.P90, service.P90},
		{"p99", latency.P99, service.P99},
		{"p99.9", latency.P999, service.P999},
		{"max", latency.Max, service.Max},
	} {
		fmt.Fprintf(w, "  %-14s %12s %14s\n", line.name, formatNs(line.latency), formatNs(line.service))
	}
	lag := load.NewDist(r.SendLag)
	fmt.Fprintln(w)
	row("send lag", "p50 %s, p99 %s, max %s", formatNs(lag.P50), formatNs(lag.P99), formatNs(lag.Max))
	row("generator", "%.3g us of CPU per request, its threads ran %.0f %% of the time", r.CPUPerRequest(), 100*r.CPUShare)
	for _, warning := range loadWarnings(r) {
		fmt.Fprintf(w, "\nwarning: %s\n", warning)
	}
}

// loadWarnings says why the figures may not be what they seem.
func loadWarnings(r *load.Result) []string {
	var warnings []string
	if r.CPUShare > generatorSaturated {
		warnings = append(warnings, fmt.Sprintf("the generator was saturated: its threads ran %.0f %% of the time, so these figures may be its limit and not the server's [more --threads, if there are CPUs for them]", 100*r.CPUShare))
	}
	if missed := r.RateMissed(); missed > rateMissed {
		warnings = append(warnings, fmt.Sprintf("the rate was missed by %.1f %%: the server, or the connections, could not keep up, and the latency grows with the time measured [a lower --rate, or more --connections]", 100*missed))
	}
	return warnings
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

// formatNs writes a time with three digits, in the unit that suits it.
func formatNs(ns float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}} {
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
