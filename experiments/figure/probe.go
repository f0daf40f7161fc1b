package figure

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"lflab/experiments/plot"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// probeCounts are for each connection; with connections that are kept they are
// few, and what stands there is large. Moves are hand-offs to threads that
// needed no wake-up as well.
var probeCounts = metricsOf(keyHandoffs, keyMoves, "wakes_per_connection", "wakes_wasted_per_connection", "wakes_elided_per_connection",
	"switches_per_connection", "migrations_per_connection")

// probeLosses are what the measurement lacks and what the programs themselves
// ran for.
var probeLosses = metricsOf("probe_lost_records", "probe_lost_missed", "probe_lost_dropped", "probe_events_per_second", "probe_event_ns", "probe_cpu_percent")

// probeSection is what the report says about the kernel's view.
type probeSection struct {
	Stages []stageTable
	Tables []table
	Cost   costSection
}

// probeSection is nil when the probe saw nothing.
func (v *view) probeSection() *probeSection {
	if v.unprobed() != "" {
		return nil
	}
	s := &probeSection{Cost: v.costSection()}
	for _, ph := range v.phasesByLoad() {
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
		}{{"medians in the kernel, and counts per connection", slices.Concat(probeTimes, probeCounts)}, {"what was lost, and what the programs ran for", probeLosses}} {
			var ms []record.Metric
			for _, m := range group.ms {
				if slices.ContainsFunc(v.panels, func(p panel) bool { return v.has(ph.Name, p, m) }) {
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

// stageTable is one phase: stages by subjects, means in µs.
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
	for _, s := range v.subjects {
		if slices.ContainsFunc(v.panels, func(p panel) bool {
			return slices.ContainsFunc(sums, func(of sum) bool { return len(v.stack(of, phase, p, s).totals.Valid) > 0 })
		}) {
			columns = append(columns, s)
			t.Subjects = append(t.Subjects, term{Word: s, Swatch: swatch(v.style[s])})
		}
	}
	t.Span = len(columns) + 1
	for _, p := range v.panels {
		for _, of := range sums {
			var stacks []stack
			for _, s := range columns {
				stacks = append(stacks, v.stack(of, phase, p, s))
			}
			if g := v.stageGroup(of, p, stacks); len(g.Rows) > 0 {
				t.Groups = append(t.Groups, g)
			}
		}
	}
	return t
}

func (v *view) stageGroup(of sum, p panel, stacks []stack) stageGroup {
	g := stageGroup{Title: words.Capital(joinTitle(p.title, strings.TrimPrefix(of.label, "mean ")))}
	total := stageRow{Name: of.tag + " mean", Total: true}
	var names []part
	for _, s := range stacks {
		c := tableCell{Median: "–"}
		if len(s.totals.Valid) > 0 {
			c.Median = fmt.Sprintf("%.2f", s.total)
			if iv := stats.Summarise(s.totals.Valid); iv.N > 1 {
				c.Range = fmt.Sprintf("[%.2f, %.2f]", iv.Lo, iv.Hi)
			}
		}
		total.Cells = append(total.Cells, c)
		names = addParts(names, s.parts)
	}
	names = slices.DeleteFunc(names, func(name part) bool { // less is written 0.00
		return !slices.ContainsFunc(stacks, func(s stack) bool {
			return slices.ContainsFunc(s.parts, func(p part) bool { return p.name == name.name && p.mean >= 0.005 })
		})
	})
	if len(names) == 0 {
		return g
	}
	g.Rows = append(g.Rows, total)
	for _, name := range names {
		r := stageRow{Name: name.name, Text: v.stageText(of.tag, name.name), Patch: patch(fillOf(name))}
		for _, s := range stacks {
			c := tableCell{Median: "–"}
			if i := slices.IndexFunc(s.parts, same(name)); i >= 0 && s.parts[i].mean > 0 {
				c.Median = fmt.Sprintf("%.2f", s.parts[i].mean)
				c.Range = fmt.Sprintf("%.0f %%", 100*s.parts[i].mean/s.total)
			}
			r.Cells = append(r.Cells, c)
		}
		g.Rows = append(g.Rows, r)
	}
	return g
}

// stageText says what happens in a stage, as the probe does.
func (v *view) stageText(tag, name string) string {
	for i := range v.run.Trials {
		for _, r := range v.run.Trials[i].Phases {
			var all []map[string]stage.Times
			if r.Probe != nil {
				all = append(all, r.Probe.Stages)
			}
			if r.User != nil {
				all = append(all, r.User.Stages)
			}
			for _, stages := range all {
				for key, s := range stages {
					if s.Of != "" && s.Of[:1] == tag && stageName(tag, key) == name {
						return s.Text
					}
				}
			}
		}
	}
	return ""
}

// patch is a stage's fill, to stand before its name. Hatches are told by the
// direction of two lines.
func patch(f plot.Fill) template.HTML {
	hex := func(r, g, b uint8) string { return fmt.Sprintf("#%02x%02x%02x", r, g, b) }
	lines := map[plot.Hatch]string{
		plot.Level: "M0 3.3H12M0 6.7H12", plot.Upright: "M4 0V10M8 0V10", plot.Rising: "M0 10L10 0M5 12L14 3M-2 5L5 -2", plot.Falling: "M0 0L10 10M5 -2L14 7M-2 5L5 12",
	}[f.Hatch]
	return template.HTML(fmt.Sprintf(`<svg class="patch" viewBox="0 0 12 10" aria-hidden="true"><rect width="12" height="10" fill="%s"/><path d="%s" stroke="%s" stroke-width="1.2"/></svg>`,
		hex(f.Color.R, f.Color.G, f.Color.B), lines, hex(f.Lines.R, f.Lines.G, f.Lines.B)))
}
