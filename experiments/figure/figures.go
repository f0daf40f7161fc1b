package figure

import (
	"fmt"
	"math"
	"strings"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// View is a run with the styles of its subjects.
type View struct {
	*findings.View
	Style map[string]plot.Style
}

// New arranges a run and chooses the styles of its subjects.
func New(run *record.Run) *View {
	v := findings.Arrange(run)
	return &View{v, stylesFor(v.Subjects)}
}

// Figure is one figure of a report: drawn (Sheet), or left out for a reason
// (Missing).
type Figure struct {
	Name     string // of its files, without extension
	Headline string // the number by which suites ask for it, as "F4"; "" if they cannot
	Title    string
	Caption  string // how to read it, the load, n, the trials left out, the machine
	Missing  string // why it could not be drawn; "" if it was

	Silent bool        // pages do not mention that it is missing
	Sheet  *plot.Sheet // nil if it could not be drawn
}

func (v *View) dotFigure(name, title string, m record.Metric, phases []record.Phase, what string) Figure {
	f := Figure{Name: name, Title: title}
	s, with := v.dotPlot(m, phases)
	if s == nil {
		f.Missing = "no trial measured " + m.Heading()
		return f
	}
	f.Sheet = s
	f.Caption = words.Sentences(what, v.loads(with), v.replicates(),
		"Small points are processes, the large one is their median, the bar its "+v.intervalName()+".", v.leftOut("drawn hollow where they left values"))
	return f
}

// cdfFigure draws the distributions of tag, "H" or "D", of every phase and panel
// that has some.
func (v *View) cdfFigure(f Figure, tag, label, of, read string) Figure {
	source := v.source(tag)
	passed := tag != "D" // not every request has one
	cs := newCurves()
	for _, ph := range v.recording(source) {
		for i := range v.Panels {
			for _, s := range v.Subjects {
				cs.add(v, ph, i, s, source, passed, false)
			}
		}
		cs.took(v, ph)
	}
	if len(cs.drawn) == 0 {
		f.Missing = cs.missing(tag, of)
		return f
	}
	cs.makeRoom(cs.mostNotes())
	f.Sheet = v.grid(cs.with, func(ph record.Phase, i int) *gonum.Plot {
		return cs.panel([2]int{v.IndexOf(ph), i}, label, "share of "+of, of, nil)
	})
	f.Sheet.Legend = cs.legend(v)
	noted := map[string]bool{}
	for _, lines := range cs.notes {
		for _, l := range lines {
			subject, _, _ := strings.Cut(l, "  ")
			noted[subject] = true
		}
	}
	var none []string
	for _, subject := range v.Subjects {
		if !cs.present[subject] && !noted[subject] {
			none = append(none, subject)
		}
	}
	absent := ""
	if len(none) > 0 {
		absent = "Nothing of the kind was recorded for " + words.List(none) + "."
	}
	counts := fmt.Sprintf("Behind a curve stand %s to %s %s.", words.Thousands(float64(cs.fewest)), words.Thousands(float64(cs.most)), of)
	f.Caption = words.Sentences(read, v.sourceText(source), v.curvesText(), cs.fewText(passed), v.loads(cs.with), v.replicates(), counts, absent, v.leftOut("and not drawn"))
	return f
}

// curvesText explains how distributions are drawn.
func (v *View) curvesText() string {
	return "Lines are medians over processes of each quantile, markers stand at p50, p90 and p99, and the band is the " +
		strings.Replace(v.intervalName(), "dotted: ", "", 1) + "."
}

// loads names the loads that a figure shows.
func (v *View) loads(phases []record.Phase) string {
	var parts []string
	for _, ph := range phases {
		var rates []string
		for _, p := range v.Panels {
			if r := v.Offered(ph.Name, p); r > 0 {
				s := words.Thousands(r)
				if p.Title != "" && len(v.Panels) > 1 {
					s += " (" + p.Title + ")"
				}
				rates = append(rates, s)
			}
		}
		switch {
		case len(rates) > 0:
			law := ph.Arrivals
			if law == "" {
				law = "planned"
			}
			parts = append(parts, fmt.Sprintf("open loop with %s arrivals at %s requests/s", poisson(law), v.rates(ph, rates)))
		case ph.Connections > 0:
			parts = append(parts, "closed loop with "+words.Count(ph.Connections, "connection", "connections"))
		case ph.Title != "":
			parts = append(parts, ph.Title)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Load: " + strings.Join(parts, "; ") + "."
}

// rates writes a phase's offered rates in all panels: one if all are equal, the
// least and the greatest if there are many, and otherwise each, as in each.
func (v *View) rates(ph record.Phase, each []string) string {
	lo, hi := math.Inf(1), 0.0
	for _, p := range v.Panels {
		if r := v.Offered(ph.Name, p); r > 0 {
			lo, hi = min(lo, r), max(hi, r)
		}
	}
	switch {
	case lo == hi:
		return words.Thousands(lo)
	case len(each) > maxColumns:
		return words.Thousands(lo) + " to " + words.Thousands(hi)
	}
	return strings.Join(each, " or ")
}

// replicates says how many processes of a cell count.
func (v *View) replicates() string {
	lo, hi := v.Processes()
	if lo == hi {
		return fmt.Sprintf("n = %s per cell.", words.Count(hi, "process", "processes"))
	}
	return fmt.Sprintf("n = %d to %d processes per cell.", lo, hi)
}

// leftOut names the trials that do not count. how says how the figure treats
// them.
func (v *View) leftOut(how string) string {
	bad := v.Invalid()
	if len(bad) == 0 {
		return "No trial was left out."
	}
	if len(bad) > 3 {
		return fmt.Sprintf("%d trials do not count, %s (they are listed under validity).", len(bad), how)
	}
	var names []string
	for _, t := range bad {
		why := "invalid"
		if t.Failed {
			why = "failed"
		}
		names = append(names, fmt.Sprintf("%s (%s)", v.Name(t), why))
	}
	return "Not counted, " + how + ": " + strings.Join(names, "; ") + "."
}

// intervalName names the interval that bars and bands show. It mentions ranges
// if some cell has too few processes for an interval.
func (v *View) intervalName() string {
	if fewest, _ := v.Processes(); fewest >= stats.Fewest {
		return "95 % order-statistic interval"
	}
	return fmt.Sprintf("95 %% order-statistic interval (dotted: the range, where there are fewer than %d)", stats.Fewest)
}

func poisson(law string) string {
	if law == "poisson" {
		return "Poisson"
	}
	return law
}
