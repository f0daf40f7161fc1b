package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// table is a table of the report: a row for each cell, a column for each
// metric, and a median above its interval in each field.
type table struct {
	Title   string
	Columns []column
	Groups  []tableGroup
	Span    int  // number of columns of a row
	Few     bool // some row has fewer than six processes
}

type column struct{ Head, Unit string }

type tableGroup struct {
	Title string
	Rows  []tableRow
}

type tableRow struct {
	Subject string
	Cell    string // as record.Label writes it; the page's filter looks in it
	Swatch  template.HTML
	N       int
	Few     bool
	Cells   []tableCell
}

type tableCell struct{ Median, Range string }

// tables returns up to three tables for each phase: how a server followed a
// step of load, what client and process measured, and what was measured inside
// the server. They have only the metrics that the phase measured.
func (v *view) tables() []table {
	var out []table
	for _, ph := range v.PhasesByLoad() {
		title := words.Capital(ph.Title)
		if title == "" {
			title = words.Capital(ph.Name)
		}
		var outside, inside, coming []record.Metric
		for _, m := range findings.Tabled {
			switch {
			case !slices.ContainsFunc(v.Panels, func(p findings.Panel) bool { return v.Has(ph.Name, p, m) }):
			case m.Name == findings.KeyScaleUp, m.Name == findings.KeyScaleDown, m.Name == findings.KeyMostProcesses, m.Name == findings.KeyMostThreads, m.Name == findings.KeyStarted:
				coming = append(coming, m)
			case m.Name == findings.KeyHMean && len(inside) > 0: // the quantiles say more
			case strings.HasPrefix(m.Heading(), "latency"), strings.HasPrefix(m.Heading(), "service"), m.Name == findings.KeyRate, m.Name == findings.KeyCPU, m.Name == findings.KeySwitches, m.Name == findings.KeyUse,
				m.Name == findings.KeyBytes, m.Name == findings.KeyMemory, m.Name == findings.KeyIdle:
				outside = append(outside, m)
			default:
				inside = append(inside, m)
			}
		}
		if len(coming) > 0 {
			out = append(out, v.table(title+": processes and threads", ph.Name, coming))
		}
		if len(outside) > 0 {
			out = append(out, v.table(title, ph.Name, outside))
		}
		if len(inside) > 0 {
			out = append(out, v.table(title+": inside the server", ph.Name, inside))
		}
	}
	return out
}

func (v *view) table(title, phase string, ms []record.Metric) table {
	t := table{Title: title, Span: len(ms) + 2}
	ivs := make([][]stats.Interval, len(ms)) // by metric; panels and subjects in order
	for i, m := range ms {
		t.Columns = append(t.Columns, column{m.Short(), m.Unit})
		for _, p := range v.Panels {
			for _, s := range v.Subjects {
				ivs[i] = append(ivs[i], stats.Summarise(v.Sample(phase, p, s, m).Valid))
			}
		}
	}
	at := 0
	for _, p := range v.Panels {
		g := tableGroup{Title: words.Capital(p.Title)}
		if rate := v.Offered(phase, p); rate > 0 {
			g.Title = strings.TrimPrefix(g.Title+", "+words.Thousands(rate)+" requests/s offered", ", ")
		}
		for _, s := range v.Subjects {
			r := v.tableRow(p, s)
			for i := range ms {
				r.N = max(r.N, ivs[i][at].N)
				r.Cells = append(r.Cells, cellOf(ivs[i][at], decimals(ivs[i])))
			}
			r.Few = r.N > 0 && r.N < stats.Fewest
			t.Few = t.Few || r.Few
			g.Rows = append(g.Rows, r)
			at++
		}
		t.Groups = append(t.Groups, g)
	}
	return t
}

// tableRow returns the row of a cell, without values.
func (v *view) tableRow(p findings.Panel, subject string) tableRow {
	return tableRow{Subject: subject, Cell: v.label(p, subject), Swatch: swatch(v.Style[subject])}
}

// label names the cell of a subject in a panel by its values.
func (v *view) label(p findings.Panel, subject string) string {
	return record.Label(findings.AxesOf(v.Run), p.Cell.With(v.Group, subject))
}

// decimals returns the number of decimals for all rows of a column, so that
// numbers line up: as many as give the smallest median three significant
// digits, at most three, and none if all values are whole.
func decimals(column []stats.Interval) int {
	least, whole := math.Inf(1), true
	for _, iv := range column {
		for _, x := range []float64{iv.Center, iv.Lo, iv.Hi} {
			whole = whole && (iv.N == 0 || x == math.Trunc(x))
		}
		if iv.N > 0 && iv.Center > 0 {
			least = min(least, iv.Center)
		}
	}
	if math.IsInf(least, 1) || whole {
		return 0
	}
	return min(max(0, 2-int(math.Floor(math.Log10(least)))), 3)
}

func cellOf(iv stats.Interval, decimals int) tableCell {
	if iv.N == 0 {
		return tableCell{Median: "–"}
	}
	write := func(x float64) string {
		if decimals == 0 {
			return words.Thousands(x)
		}
		return fmt.Sprintf("%.*f", decimals, x)
	}
	if !iv.Enough() {
		return tableCell{write(iv.Center), fmt.Sprintf("n = %d", iv.N)}
	}
	return tableCell{write(iv.Center), fmt.Sprintf("[%s, %s]", write(iv.Lo), write(iv.Hi))}
}

// swatch returns a small picture of a subject's marker to show before its name.
func swatch(s plot.Style) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="swatch" viewBox="-1.6 -1.6 3.2 3.2" aria-hidden="true">`)
	fill := fmt.Sprintf("#%02x%02x%02x", s.Color.R, s.Color.G, s.Color.B)
	if s.Color == plot.Black {
		fill = "currentColor"
	}
	if s.Marker == nil {
		fmt.Fprintf(&b, `<circle r="1" fill="%s"/>`, fill)
	}
	for _, poly := range s.Marker {
		b.WriteString(`<polygon points="`)
		for _, p := range poly {
			fmt.Fprintf(&b, "%.2f,%.2f ", float64(p.X), -float64(p.Y))
		}
		fmt.Fprintf(&b, `" fill="%s"/>`, fill)
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}
