package record

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"lflab/experiments/stats"
)

// Row summarises the valid trials of one cell in one phase.
type Row struct {
	Cell     Cell
	Phase    string
	Trials   int                       // trials of the cell
	Valid    int                       // of them, the valid ones
	Measured map[string]stats.Interval // by Metric.Name; only metrics that some valid trial has
}

// Rows summarises the run: cells in the order of the axes, phases in the order
// of the suite. Invalid trials add to Trials and to nothing else.
func (r *Run) Rows() []Row {
	var rows []Row
	for _, cell := range r.Cells() {
		for _, phase := range r.Manifest.Phases {
			row := Row{Cell: cell, Phase: phase.Name, Measured: map[string]stats.Interval{}}
			values := map[string][]float64{}
			for i := range r.Trials {
				t := &r.Trials[i]
				if TrialID(t.Cell, 0) != TrialID(cell, 0) {
					continue
				}
				row.Trials++
				if !t.Counts(phase.Name) {
					continue
				}
				row.Valid++
				for m := range columns() {
					if v, ok := t.value(phase.Name, m); ok {
						values[m.Name] = append(values[m.Name], v)
					}
				}
			}
			for name, vs := range values {
				row.Measured[name] = stats.Summarise(vs)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Cells returns the cells of the plan, in the order of the axes.
func (r *Run) Cells() []Cell {
	planned := map[string]bool{}
	for _, p := range r.Manifest.Plan {
		planned[TrialID(p.Cell, 0)] = true
	}
	cells := []Cell{{}}
	for _, a := range r.Manifest.Axes {
		var next []Cell
		for _, c := range cells {
			for _, v := range a.Values {
				cell := Cell{a.Name: v}
				for k, w := range c {
					cell[k] = w
				}
				next = append(next, cell)
			}
		}
		cells = next
	}
	kept := cells[:0]
	for _, c := range cells {
		if planned[TrialID(c, 0)] {
			kept = append(kept, c)
		}
	}
	return kept
}

func (t *Trial) value(phase string, m Metric) (float64, bool) {
	if r := t.Phase(phase); r != nil {
		return m.Of(r)
	}
	return 0, false
}

// WriteTables writes bench.txt, summary.csv and, if the suite asks for ratios,
// ratios.csv into the results directory.
func (r *Run) WriteTables() error {
	if err := writeWhole(filepath.Join(r.Dir, "bench.txt"), r.WriteBench); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(r.Dir, "summary.csv"), r.writeSummary); err != nil || len(r.Manifest.Ratios) == 0 {
		return err
	}
	return writeWhole(filepath.Join(r.Dir, "ratios.csv"), r.writeRatios)
}

// WriteBench writes the valid trials in Go's benchmark format, one line for
// each trial and phase. benchstat thus takes each process as one sample.
func (r *Run) WriteBench(w io.Writer) error {
	out := benchfmt.NewWriter(w)
	for m := range columns() {
		if m.Higher {
			key := benchfmt.UnitMetadataKey{Unit: m.Bench, Key: "better"}
			if err := out.Write(&benchfmt.UnitMetadata{UnitMetadataKey: key, OrigUnit: m.Bench, Value: "higher"}); err != nil {
				return err
			}
		}
	}
	m := r.Manifest
	var config []benchfmt.Config
	for _, kv := range [][2]string{
		{"goos", "linux"}, {"pkg", "lflab"}, {"cpu", m.Before.CPU}, {"suite", m.Suite}, {"seed", strconv.FormatUint(m.Seed, 10)},
		{"kernel", m.Before.Kernel}, {"revision", m.Git.Revision},
	} {
		if kv[1] != "" {
			config = append(config, benchfmt.Config{Key: kv[0], Value: []byte(kv[1]), File: true})
		}
	}
	for i := range r.Trials {
		t := &r.Trials[i]
		for _, phase := range m.Phases {
			if !t.Counts(phase.Name) {
				continue
			}
			name := "Trial"
			for _, a := range m.Axes {
				name += "/" + a.Name + "=" + t.Cell[a.Name]
			}
			res := &benchfmt.Result{Config: config, Name: benchfmt.Name(name + "/phase=" + phase.Name), Iters: 1}
			for metric := range columns() {
				if v, ok := t.value(phase.Name, metric); ok {
					res.Values = append(res.Values, benchfmt.Value{Value: v, Unit: m.benchUnit(metric, phase)})
				}
			}
			if len(res.Values) == 0 {
				continue
			}
			if err := out.Write(res); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchUnit returns the unit of a metric of a phase in bench.txt. D, H and G of
// a recorder whose window contains the warm-up have a unit of their own, so that
// benchstat does not compare them with those of the measured time.
func (m *Manifest) benchUnit(of Metric, phase Phase) string {
	if recorded := strings.HasPrefix(of.Name, "D_") || strings.HasPrefix(of.Name, "H_") || strings.HasPrefix(of.Name, "G_"); !recorded || !phase.Flight || m.FlightWindow() {
		return of.Bench
	}
	return strings.TrimSuffix(of.Bench, "-ns") + "-with-warm-up-ns"
}

// writeSummary writes one line for each row, with the median of each metric and
// the ends of its 95 % order-statistic interval (_lo, _hi). The ends are empty
// if fewer than stats.Fewest values count, and the median too if none does.
func (r *Run) writeSummary(w io.Writer) error {
	out := csv.NewWriter(w)
	head := append(AxisNames(r.Manifest.Axes), "phase", "trials", "valid")
	for m := range columns() {
		head = append(head, m.Name, m.Name+"_lo", m.Name+"_hi")
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, row := range r.Rows() {
		var line []string
		for _, a := range r.Manifest.Axes {
			line = append(line, row.Cell[a.Name])
		}
		line = append(line, row.Phase, strconv.Itoa(row.Trials), strconv.Itoa(row.Valid))
		for m := range columns() {
			iv, ok := row.Measured[m.Name]
			if !ok {
				line = append(line, "", "", "")
				continue
			}
			line = append(line, cellsOf(iv)...)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cellsOf returns the centre and both ends of an interval, as cells of a table.
// The ends are empty if there are too few values for an interval.
func cellsOf(iv stats.Interval) []string {
	write := func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }
	if !iv.Enough() {
		return []string{write(iv.Center), "", ""}
	}
	return []string{write(iv.Center), write(iv.Lo), write(iv.Hi)}
}

// WriteTable writes the rows for readers, tab-separated: cell, phase, number of
// valid trials, and the median and interval of each column.
func (r *Run) WriteTable(w io.Writer, columns []Column) error {
	var b strings.Builder
	head := append(AxisNames(r.Manifest.Axes), "phase", "trials")
	for _, c := range columns {
		head = append(head, c.Title)
	}
	fmt.Fprintln(&b, strings.Join(head, "\t")+"\t")
	for _, row := range r.Rows() {
		var line []string
		for _, a := range r.Manifest.Axes {
			line = append(line, row.Cell[a.Name])
		}
		trials := strconv.Itoa(row.Valid)
		if row.Valid < row.Trials {
			trials = fmt.Sprintf("%d of %d", row.Valid, row.Trials)
		}
		line = append(line, row.Phase, trials)
		for _, c := range columns {
			line = append(line, c.text(row))
		}
		fmt.Fprintln(&b, strings.Join(line, "\t")+"\t")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Column is one metric in a table for readers.
type Column struct {
	Title  string
	Metric string  // Metric.Name
	Scale  float64 // factor of the value: 1e-3 shows ns as µs
}

func (c Column) text(row Row) string {
	iv, ok := row.Measured[c.Metric]
	if !ok {
		return "-"
	}
	iv.Center, iv.Lo, iv.Hi = iv.Center*c.Scale, iv.Lo*c.Scale, iv.Hi*c.Scale
	return iv.String()
}
