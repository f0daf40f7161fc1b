package report

import (
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// costSection is the report's section on the probe's own cost, cell by cell.
type costSection struct {
	Text   string
	Tables []table
}

func (v *view) costSection() costSection {
	s := costSection{Text: v.CostBeside()}
	for _, x := range v.OnOffs() {
		if t := v.costTable(x); len(t.Columns) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	return s
}

// costTable returns the table of a pair of measurements, with a column for each
// cost that both measured.
func (v *view) costTable(x findings.OnOff) table {
	ratio, difference := findings.Change.Ratio, findings.Change.Difference
	t := table{Title: x.Title()}
	var ivs [][]stats.Interval // by column; cells in order
	for _, c := range []struct {
		key string
		column
		of func(findings.Change) stats.Interval
	}{
		{findings.KeyRate, column{"throughput", "on / off"}, ratio},
		{findings.KeyCPU, column{"CPU per request", "on / off"}, ratio},
		{findings.KeyLatP50, column{"latency p50", "on − off, µs"}, difference},
		{findings.KeyDP50, column{"D p50, recorder's", "on / off"}, ratio},
		{findings.KeyDP50, column{"D p50, recorder's", "on − off, µs"}, difference},
		{findings.KeyHMean, column{"H mean", "on / off"}, ratio},
		{findings.KeyHMean, column{"H mean", "on − off, µs"}, difference},
	} {
		if c.key == findings.KeyHMean && x.On.Connections > 0 { // servers have medians, which say more
			continue
		}
		var col []stats.Interval
		for _, change := range v.Changes(x, findings.MetricOf(c.key)) {
			col = append(col, c.of(change))
		}
		if slices.ContainsFunc(col, func(iv stats.Interval) bool { return iv.N > 0 }) {
			t.Columns = append(t.Columns, c.column)
			ivs = append(ivs, col)
		}
	}
	t.Span = len(t.Columns) + 2
	for at, c := range v.CellsOf(x) {
		g := tableGroup{Title: words.Capital(c.Panel.Title)}
		if rate := v.Offered(x.On.Name, c.Panel); rate > 0 {
			g.Title = strings.TrimPrefix(g.Title+", "+words.Thousands(rate)+" requests/s offered", ", ")
		}
		if len(t.Groups) == 0 || t.Groups[len(t.Groups)-1].Title != g.Title {
			t.Groups = append(t.Groups, g)
		}
		r := v.tableRow(c.Panel, c.Subject)
		for i := range ivs {
			r.N = max(r.N, ivs[i][at].N)
			r.Cells = append(r.Cells, cellOf(ivs[i][at], 2))
		}
		r.Few = r.N > 0 && r.N < stats.Fewest
		t.Few = t.Few || r.Few
		rows := &t.Groups[len(t.Groups)-1].Rows
		*rows = append(*rows, r)
	}
	return t
}
