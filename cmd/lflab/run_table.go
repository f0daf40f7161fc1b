package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/report"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// present writes the report of a run and prints its summary: at most 20 lines,
// with the report and the commands to go on with. If verbose, the details come
// first.
func present(w io.Writer, r *record.Run, verbose bool) error {
	path, _, err := report.WriteReport(r.Dir) // before the first output, whose reader may go away
	if err != nil {
		return err
	}
	if verbose {
		if err := details(fitted(w), r); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return summary(w, r, path)
}

// summary prints the summary of a run whose report is at path.
func summary(w io.Writer, r *record.Run, path string) error {
	next := []report.Next{{Name: "report", Text: path}, {Name: "open", Text: "lflab report --open " + r.Dir}}
	if more := blocksOf(verdict.Judge(r), r.Manifest.Repeat); more != nil && r.Manifest.BudgetS == 0 {
		next = append(next, report.Next{Name: "decide", Text: "lflab run --resume " + r.Dir,
			Note: fmt.Sprintf("up to %s of %s", words.Count(min(more.Blocks, r.Manifest.Repeat), "more block", "more blocks"), words.Count(len(more.Cells), "cell", "cells"))})
	}
	to := screenOf(w)
	return report.WriteSummary(w, r, to.or(80), to.bold, next)
}

// details prints all cells, the trials that do not count, the verdict with the
// pairs of its rules, the answer, and the command that repeats the run.
func details(w io.Writer, r *record.Run) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if err := r.WriteTable(t, columns(r)); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	covers := ""
	if r.Manifest.HasFlight() && !r.Manifest.FlightWindow() {
		covers = ", " + r.Manifest.FlightCovers()
	}
	fmt.Fprintf(w, "medians over server processes with 95 %% intervals in brackets; H: hand-off, D: dispatch latency%s\n", covers)
	if slices.ContainsFunc(r.Trials, probed) {
		fmt.Fprintln(w, "kernel H, kernel D: p50 as the kernel probe saw it; it ends where user code begins")
	}
	if err := r.WriteRatios(t); err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	printInvalid(w, r)
	for _, grown := range []string{r.Manifest.MadeUp(), r.Manifest.Grown()} {
		if grown != "" {
			fmt.Fprintf(w, "\n%s\n", grown)
		}
	}
	if len(r.Manifest.Rules) > 0 {
		fmt.Fprintln(w)
		if err := verdict.Judge(r).Write(w); err != nil {
			return err
		}
	}
	if m := r.Manifest; m.BudgetS > 0 {
		fmt.Fprintf(w, "\nbudget of %v: %s; the number of processes was not fixed beforehand\n", time.Duration(m.BudgetS*float64(time.Second)), m.Stopped)
	}
	_, err := fmt.Fprintf(w, "\n%s\n\nagain: %s\n", findings.Answer(r), r.Manifest.Command)
	return err
}

// columns returns the columns of the table, without metrics that no row has.
func columns(r *record.Run) []record.Column {
	rows := r.Rows()
	return slices.DeleteFunc([]record.Column{
		{Title: "requests/s", Metric: "requests_per_second", Scale: 1},
		{Title: "CPU us/req", Metric: "cpu_us_per_request", Scale: 1},
		{Title: "switches/req", Metric: "switches_per_request", Scale: 1},
		{Title: "p50 us", Metric: "latency_p50_ns", Scale: 1e-3},
		{Title: "p99 us", Metric: "latency_p99_ns", Scale: 1e-3},
		{Title: "H mean us", Metric: "H_mean_ns", Scale: 1e-3},
		{Title: "H p50 us", Metric: "H_p50_ns", Scale: 1e-3},
		{Title: "D p50 us", Metric: "D_p50_ns", Scale: 1e-3},
		{Title: "kernel H us", Metric: "probe_H_p50_ns", Scale: 1e-3},
		{Title: "kernel D us", Metric: "probe_D_p50_ns", Scale: 1e-3},
		{Title: "handoffs/conn", Metric: "handoffs_per_connection", Scale: 1},
	}, func(c record.Column) bool {
		return !slices.ContainsFunc(rows, func(row record.Row) bool { _, ok := row.Measured[c.Metric]; return ok })
	})
}

// probed reports whether the kernel probe was on in a trial.
func probed(t record.Trial) bool {
	return slices.ContainsFunc(t.Phases, func(p record.PhaseResult) bool { return p.Probe != nil })
}

// printInvalid lists the trials that do not count, each with its reason, the
// damaged data, and the phases that were not steady in all trials.
func printInvalid(w io.Writer, r *record.Run) {
	var lines []string
	for i := range r.Trials {
		t := &r.Trials[i]
		at := fmt.Sprintf("%s, repetition %d: ", record.Label(r.Manifest.Axes, t.Cell), t.Repetition+1)
		if t.Failed {
			lines = append(lines, at+t.Failure)
			continue
		}
		for _, g := range t.Gates {
			if !g.OK {
				lines = append(lines, at+g.Name+" "+g.Phase+": "+g.Detail)
			}
		}
	}
	printSome(w, fmt.Sprintf("do not count (all in %s):", r.Dir), lines)
	printDamaged(w, r)
	printSome(w, "not steady:", r.Unsteady())
}

// printDamaged lists the data that cannot be read.
func printDamaged(w io.Writer, runs ...*record.Run) {
	var lines []string
	for _, r := range runs {
		for _, d := range r.Damaged {
			lines = append(lines, d.String())
		}
	}
	printSome(w, "damaged:", lines)
}

// printAside lists the trials that the last resumption has set aside.
func printAside(w io.Writer, m *record.Manifest) {
	if len(m.Resumed) == 0 {
		return
	}
	var lines []string
	for _, a := range m.SetAside {
		if !a.When.Before(m.Resumed[len(m.Resumed)-1]) {
			lines = append(lines, fmt.Sprintf("trial %s, in %s: %s", a.Trial, a.Where, a.Why))
		}
	}
	printSome(w, "set aside, and measured again:", lines)
}

// printSome prints the first lines under a title. It prints nothing if there
// are none.
func printSome(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	const most = 8
	for _, l := range lines[:min(most, len(lines))] {
		fmt.Fprintf(w, "  %s\n", l)
	}
	if more := len(lines) - most; more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

// failedGates names the gates that a trial did not pass, each once.
func failedGates(t *record.Trial) []string {
	var names []string
	for _, g := range t.Gates {
		if !g.OK && !slices.Contains(names, g.Name) {
			names = append(names, g.Name)
		}
	}
	return names
}
