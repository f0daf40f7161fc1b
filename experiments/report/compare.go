package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/words"
)

// Comparison compares two runs, cell by cell and metric by metric.
type Comparison struct {
	Notes []string // circumstances that differ, and cells that only one run has
	Cells []ComparedCell
}

// ComparedCell is a cell that both runs have.
type ComparedCell struct {
	Name string // "leader/close"
	rows []comparedRow
}

type comparedRow struct {
	phase string
	findings.Comparison
}

// Differs reports whether any metric of the cell differs.
func (c *ComparedCell) Differs() bool {
	return slices.ContainsFunc(c.rows, func(r comparedRow) bool { return r.Differs() })
}

// tooFew reports whether no metric could have shown a difference.
func (c *ComparedCell) tooFew() bool {
	return !slices.ContainsFunc(c.rows, func(r comparedRow) bool { return r.Enough() })
}

// redundant lists metrics that follow from others. They are left out, because
// each would make the correction of the others stricter.
var redundant = []string{findings.KeyUse, findings.KeyHMean, findings.KeyServiceP99, findings.KeyGNone}

// comparedMetrics returns the metrics of client and process, of the flight
// recorder and of the kernel probe. A phase without recorder or probe has
// fewer.
func comparedMetrics() []record.Metric {
	return append(append(slices.Clone(findings.Tabled), findings.ProbeTimes...), findings.MetricOf(findings.KeyHandoffs))
}

// Compare compares run b with run a. p-values are Mann and Whitney's, because
// two runs share no blocks, corrected after Holm over the metrics of a cell's phase, so about one phase in twenty
// differs by chance. A correction over all cells would hide everything, because
// six processes against six reach p = 0.002 at best. Trials that do not count
// are left out.
func Compare(a, b *record.Run) *Comparison {
	c := &Comparison{Notes: circumstances(a, b)}
	va, vb := newView(a), newView(b)
	axes := findings.AxesOf(a)
	seen := map[string]bool{}
	for _, cell := range cellsOf(a) {
		name := record.Label(axes, cell)
		seen[name] = true
		if !slices.ContainsFunc(b.Trials, func(t record.Trial) bool { return maps.Equal(t.Cell, cell) }) {
			c.Notes = append(c.Notes, "only the first has cell "+name)
			continue
		}
		cc := ComparedCell{Name: name}
		for _, ph := range va.Phases {
			var vs []findings.Comparison
			for _, m := range comparedMetrics() {
				if slices.Contains(redundant, m.Name) {
					continue
				}
				if w := findings.CompareRuns(m, vb.ofCell(ph.Name, cell, m), va.ofCell(ph.Name, cell, m)); w.Known() {
					vs = append(vs, w)
				}
			}
			if len(vs) == 0 { // a command that prints only a mean
				m := findings.MetricOf(findings.KeyHMean)
				if w := findings.CompareRuns(m, vb.ofCell(ph.Name, cell, m), va.ofCell(ph.Name, cell, m)); w.Known() {
					vs = append(vs, w)
				}
			}
			findings.Correct(findings.Pointers(vs))
			for _, w := range vs {
				cc.rows = append(cc.rows, comparedRow{ph.Name, w})
			}
		}
		if len(cc.rows) > 0 {
			c.Cells = append(c.Cells, cc)
		} else {
			c.Notes = append(c.Notes, "no trial that counts in both runs for cell "+name)
		}
	}
	for _, cell := range cellsOf(b) {
		if name := record.Label(axes, cell); !seen[name] {
			c.Notes = append(c.Notes, "only the second has cell "+name)
		}
	}
	return c
}

// ofCell returns a metric's values of one cell.
func (v *view) ofCell(phase string, cell record.Cell, m record.Metric) stats.Sample {
	return v.Sample(phase, findings.Panel{Cell: cell}, cell[v.Group], m)
}

// cellsOf returns the cells that have trials, in the order of the axes' values.
func cellsOf(run *record.Run) []record.Cell {
	var cells []record.Cell
	for _, t := range run.Trials {
		if !slices.ContainsFunc(cells, func(c record.Cell) bool { return maps.Equal(c, t.Cell) }) {
			cells = append(cells, t.Cell)
		}
	}
	axes := findings.AxesOf(run)
	slices.SortStableFunc(cells, func(a, b record.Cell) int {
		for _, ax := range axes {
			if d := slices.Index(ax.Values, a[ax.Name]) - slices.Index(ax.Values, b[ax.Name]); d != 0 {
				return d
			}
		}
		return 0
	})
	return cells
}

// circumstances lists the facts that differ between the runs, and how many
// trials of each do not count.
func circumstances(a, b *record.Run) []string {
	var notes []string
	for _, f := range []struct{ what, a, b string }{
		{"suite", suite.FullName(a.Manifest.Suite), suite.FullName(b.Manifest.Suite)},
		{"revision", revision(a.Manifest.Git), revision(b.Manifest.Git)},
		{"binary", brief(a.Manifest.Binary), brief(b.Manifest.Binary)},
		{"Go", a.Manifest.GoVersion, b.Manifest.GoVersion},
		{"kernel", a.Manifest.Before.Kernel, b.Manifest.Before.Kernel},
		{"CPU", a.Manifest.Before.CPU, b.Manifest.Before.CPU},
		{"CPUs", fmt.Sprint(a.Manifest.Before.CPUs), fmt.Sprint(b.Manifest.Before.CPUs)},
		{"host", a.Manifest.Before.Hostname, b.Manifest.Before.Hostname},
	} {
		if f.a != f.b {
			notes = append(notes, fmt.Sprintf("%s: %s, then %s", f.what, dash(f.a), dash(f.b)))
		}
	}
	for i, run := range []*record.Run{a, b} {
		if n := len(newView(run).Invalid()); n > 0 {
			notes = append(notes, fmt.Sprintf("the %s leaves %d of %d trials out: they failed or did not pass their gates",
				[]string{"first", "second"}[i], n, len(run.Trials)))
		}
	}
	return notes
}

func revision(g record.Git) string {
	s := brief(g.Revision)
	if g.Dirty {
		s += " with changes"
	}
	return s
}

func brief(hash string) string { return hash[:min(len(hash), 12)] }

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// WriteNotes writes a line for each circumstance.
func (c *Comparison) WriteNotes(w io.Writer) error {
	for _, n := range c.Notes {
		if _, err := fmt.Fprintf(w, "note: %s\n", n); err != nil {
			return err
		}
	}
	return nil
}

// WriteCells writes a table of the cells' absolute values. The last line says
// how many cells agree.
func (c *Comparison) WriteCells(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "cell\tphase\tmetric\tfirst\tsecond\tsecond/first\tp\t\n")
	differ, few := 0, 0
	for i := range c.Cells {
		cell := &c.Cells[i]
		switch {
		case cell.Differs():
			differ++
		case cell.tooFew():
			few++
		}
		name, phase := cell.Name, ""
		for _, r := range cell.rows {
			shown := r.phase
			if shown == phase {
				shown = ""
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, shown, r.Metric.Label(), words.Interval(r.B), words.Interval(r.A),
				words.Ratio(r.Ratio), stats.PCell(r.P), r.Word())
			name, phase = "", r.phase
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "medians [95 %% intervals] over processes; the ratio is Hodges and Lehmann's estimate with the interval of Mann and Whitney's test, whose p is corrected after Holm over the metrics of a phase\n")
	s := fmt.Sprintf("%d of %d cells agree, %d differ", len(c.Cells)-differ-few, len(c.Cells), differ)
	if few > 0 {
		s += fmt.Sprintf(", %d have too few processes to tell", few)
	}
	_, err := fmt.Fprintln(w, s)
	return err
}
