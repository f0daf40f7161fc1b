package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"lflab/experiments/figure"
	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// probeCounts lists the metrics that count events per connection. Kept
// connections are few, so their counts are large. Moves include hand-offs to
// threads that needed no wake-up.
var probeCounts = findings.MetricsOf(findings.KeyHandoffs, findings.KeyMoves, "wakes_per_connection", "wakes_wasted_per_connection", "wakes_elided_per_connection",
	"switches_per_connection", "migrations_per_connection")

// probeLosses lists the metrics of events that the probe lost, and of the time
// that its programs ran.
var probeLosses = findings.MetricsOf("probe_lost_records", "probe_lost_missed", "probe_lost_dropped", "probe_events_per_second", "probe_event_ns", "probe_cpu_percent")

// probeSection is the report's section on what the kernel probe measured.
type probeSection struct {
	Stages []stageTable
	Tables []table
	Cost   costSection
}

// probeSection returns the section, nil if the run has no values of the probe.
func (v *view) probeSection() *probeSection {
	if v.Unprobed() != "" {
		return nil
	}
	s := &probeSection{Cost: v.costSection()}
	for _, ph := range v.PhasesByLoad() {
		title := words.Capital(ph.Title)
		if title == "" {
			title = words.Capital(ph.Name)
		}
		if t := v.stageTable(title, ph.Name); len(t.Groups) > 0 {
			s.Stages = append(s.Stages, t)
		}
		for _, group := range []struct {
			title string
			ms    []record.Metric
		}{{"medians in the kernel, and counts per connection", slices.Concat(findings.ProbeTimes, probeCounts)}, {"what was lost, and what the programs ran for", probeLosses}} {
			var ms []record.Metric
			for _, m := range group.ms {
				if slices.ContainsFunc(v.Panels, func(p findings.Panel) bool { return v.Has(ph.Name, p, m) }) {
					ms = append(ms, m)
				}
			}
			if len(ms) > 0 {
				s.Tables = append(s.Tables, v.table(title+": "+group.title, ph.Name, ms))
			}
		}
	}
	return s
}

// stageTable is the table of one phase: a row for each stage, a column for each
// subject, means in µs.
type stageTable struct {
	Title    string
	Subjects []term
	Span     int
	Groups   []stageGroup
}

type stageGroup struct {
	Title string
	Rows  []stageRow
}

type stageRow struct {
	Name, Text string
	Patch      template.HTML
	Total      bool
	Cells      []tableCell
}

func (v *view) stageTable(title, phase string) stageTable {
	t := stageTable{Title: title + ": means and their stages, µs"}
	var columns []string
	for _, s := range v.Subjects {
		if slices.ContainsFunc(v.Panels, func(p findings.Panel) bool {
			return slices.ContainsFunc(findings.Sums, func(of findings.Sum) bool { return len(v.Stack(of, phase, p, s).Totals.Valid) > 0 })
		}) {
			columns = append(columns, s)
			t.Subjects = append(t.Subjects, term{Word: s, Swatch: swatch(v.Style[s])})
		}
	}
	t.Span = len(columns) + 1
	for _, p := range v.Panels {
		for _, of := range findings.Sums {
			var stacks []findings.Stack
			for _, s := range columns {
				stacks = append(stacks, v.Stack(of, phase, p, s))
			}
			if g := v.stageGroup(of, p, stacks); len(g.Rows) > 0 {
				t.Groups = append(t.Groups, g)
			}
		}
	}
	return t
}

func (v *view) stageGroup(of findings.Sum, p findings.Panel, stacks []findings.Stack) stageGroup {
	g := stageGroup{Title: words.Capital(findings.JoinTitle(p.Title, strings.TrimPrefix(of.Label, "mean ")))}
	total := stageRow{Name: of.Tag + " mean", Total: true}
	var names []findings.Part
	for _, s := range stacks {
		c := tableCell{Median: "–"}
		if len(s.Totals.Valid) > 0 {
			c.Median = fmt.Sprintf("%.2f", s.Total)
			if iv := stats.Summarise(s.Totals.Valid); iv.Enough() {
				c.Range = fmt.Sprintf("[%.2f, %.2f]", iv.Lo, iv.Hi)
			} else {
				c.Range = fmt.Sprintf("n = %d", iv.N)
			}
		}
		total.Cells = append(total.Cells, c)
		names = findings.AddParts(names, s.Parts)
	}
	names = slices.DeleteFunc(names, func(name findings.Part) bool { // these would be written 0.00
		return !slices.ContainsFunc(stacks, func(s findings.Stack) bool {
			return slices.ContainsFunc(s.Parts, func(p findings.Part) bool { return p.Name == name.Name && p.Mean >= 0.005 })
		})
	})
	if len(names) == 0 {
		return g
	}
	g.Rows = append(g.Rows, total)
	for _, name := range names {
		r := stageRow{Name: name.Name, Text: v.stageText(of.Tag, name.Name), Patch: patch(figure.FillOf(name))}
		for _, s := range stacks {
			c := tableCell{Median: "–"}
			if i := slices.IndexFunc(s.Parts, findings.Same(name)); i >= 0 && s.Parts[i].Mean > 0 {
				c.Median = fmt.Sprintf("%.2f", s.Parts[i].Mean)
				c.Range = fmt.Sprintf("%.0f %%", 100*s.Parts[i].Mean/s.Total)
			}
			r.Cells = append(r.Cells, c)
		}
		g.Rows = append(g.Rows, r)
	}
	return g
}

// stageText returns the probe's description of a stage, "" if there is none.
func (v *view) stageText(tag, name string) string {
	for i := range v.Run.Trials {
		for _, r := range v.Run.Trials[i].Phases {
			var all []map[string]stage.Times
			if r.Probe != nil {
				all = append(all, r.Probe.Stages)
			}
			if r.User != nil {
				all = append(all, r.User.Stages)
			}
			for _, stages := range all {
				for key, s := range stages {
					if s.Of != "" && s.Of[:1] == tag && findings.StageName(tag, key) == name {
						return s.Text
					}
				}
			}
		}
	}
	return ""
}

// patch returns a small picture of a stage's fill to show before its name. A
// few lines show the direction of a hatch.
func patch(f plot.Fill) template.HTML {
	hex := func(r, g, b uint8) string { return fmt.Sprintf("#%02x%02x%02x", r, g, b) }
	lines := map[plot.Hatch]string{
		plot.Level: "M0 3.3H12M0 6.7H12", plot.Upright: "M4 0V10M8 0V10", plot.Rising: "M0 10L10 0M5 12L14 3M-2 5L5 -2", plot.Falling: "M0 0L10 10M5 -2L14 7M-2 5L5 12",
	}[f.Hatch]
	return template.HTML(fmt.Sprintf(`<svg class="patch" viewBox="0 0 12 10" aria-hidden="true"><rect width="12" height="10" fill="%s"/><path d="%s" stroke="%s" stroke-width="1.2"/></svg>`,
		hex(f.Color.R, f.Color.G, f.Color.B), lines, hex(f.Lines.R, f.Lines.G, f.Lines.B)))
}
