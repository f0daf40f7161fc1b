package figure

import (
	"cmp"
	"regexp"
	"slices"

	"lflab/experiments/words"
)

// catalogue holds every figure. Each figure's file enters its own, so that a
// new figure is one new file.
var catalogue []entry

// entry draws a figure, or several of one kind.
type entry struct {
	place int // a report has its figures in ascending order of place
	draw  func(*View) ([]Figure, error)
}

func enter(place int, draw func(*View) ([]Figure, error)) bool {
	catalogue = append(catalogue, entry{place, draw})
	return true
}

// one adapts draw, which draws a single figure and cannot fail, for enter.
func one(draw func(*View) Figure) func(*View) ([]Figure, error) {
	return func(v *View) ([]Figure, error) { return []Figure{draw(v)}, nil }
}

// Figures returns all figures of a run, in the order of its report. Those that
// the run has no data for say why in Missing.
func (v *View) Figures() ([]Figure, error) {
	var figs []Figure
	for _, e := range slices.SortedStableFunc(slices.Values(catalogue), func(a, b entry) int { return cmp.Compare(a.place, b.place) }) {
		drawn, err := e.draw(v)
		if err != nil {
			return nil, err
		}
		figs = append(figs, drawn...)
	}
	for i := range figs {
		if figs[i].Sheet != nil {
			figs[i].writeMicros()
			figs[i].Caption = words.Sentences(figs[i].Caption, figs[i].Sheet.AxesText(), figs[i].Sheet.Few, v.machine())
			figs[i].Sheet.Alt = figs[i].Title + ". " + figs[i].Sheet.Describe()
		}
	}
	return v.ordered(figs), nil
}

// typedMicros matches a duration in µs as suites write it: "20us".
var typedMicros = regexp.MustCompile(`\b([0-9.]+)us\b`)

// inMicros writes durations as text does: "20 µs".
func inMicros(s string) string { return typedMicros.ReplaceAllString(s, "$1 µs") }

// writeMicros rewrites the durations in the figure's titles, legend and
// caption.
func (f *Figure) writeMicros() {
	f.Caption, f.Sheet.Few = inMicros(f.Caption), inMicros(f.Sheet.Few)
	for i := range f.Sheet.Legend {
		f.Sheet.Legend[i].Label = inMicros(f.Sheet.Legend[i].Label)
	}
	for _, row := range f.Sheet.Rows {
		for i := range row {
			row[i].Title = inMicros(row[i].Title)
		}
	}
}
