package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

// curves holds the distributions of a figure, by phase and panel.
type curves struct {
	drawn        map[[2]int][]plot.Curve
	names        map[[2]int][]string // of the drawn ones
	notes        map[[2]int][]string // cells whose values are too few for a curve
	few          map[[2]int]bool     // whether a panel lacks a curve for that reason
	present      map[string]bool     // subjects with a curve
	with         []record.Phase      // phases with a curve or a note
	lo, hi       float64             // of all curves, in µs
	fewest, most int64               // values of a curve
}

func newCurves() *curves {
	return &curves{map[[2]int][]plot.Curve{}, map[[2]int][]string{}, map[[2]int][]string{}, map[[2]int]bool{}, map[string]bool{}, nil, math.Inf(1), math.Inf(-1), math.MaxInt64, 0}
}

// add takes one cell's histograms of that name, and returns how many values
// they hold. A cell with less than plot.FewestOfCurve of them has no curve but a
// note, and so has one whose hand-offs or gaps (passed) are few for its requests
// (see record.FewPassed). Thin is for a class beside the main one, which has no
// note.
func (cs *curves) add(v *View, ph record.Phase, panel int, subject, name string, passed, thin bool) int64 {
	at := [2]int{v.IndexOf(ph), panel}
	hs := v.Histograms(ph.Name, v.Panels[panel], subject, name)
	if len(hs) == 0 {
		return 0
	}
	c := plot.NewCurve(hs, v.Style[subject])
	c.Thin = thin
	requests := v.requests(ph.Name, v.Panels[panel], subject)
	if few := passed && record.FewPassed(float64(c.N), float64(requests)); few || len(c.Xs) == 0 {
		cs.few[at] = true
		if !thin { // the shares of the gap's classes say how few these are
			note := subject + "  " + words.Thousands(float64(c.N))
			if requests > 0 {
				note += " / " + words.Thousands(float64(requests))
			}
			cs.notes[at] = append(cs.notes[at], note)
		}
		return c.N
	}
	cs.drawn[at] = append(cs.drawn[at], c)
	told := subject + "'s p50"
	if thin {
		told += " without a follower"
	}
	cs.names[at] = append(cs.names[at], told)
	cs.present[subject] = true
	cs.fewest, cs.most = min(cs.fewest, c.N), max(cs.most, c.N)
	cs.lo, cs.hi = min(cs.lo, c.Xs[0], c.Lo[0]), max(cs.hi, c.Xs[len(c.Xs)-1], c.Hi[len(c.Hi)-1])
	return c.N
}

// took adds the phase to those of the figure if it has a curve or a note.
func (cs *curves) took(v *View, ph record.Phase) {
	for i := range v.Panels {
		if at := [2]int{v.IndexOf(ph), i}; len(cs.drawn[at])+len(cs.notes[at]) > 0 {
			cs.with = append(cs.with, ph)
			return
		}
	}
}

// makeRoom extends the x axis to the right so that so many lines of text in the
// lower right corner lie beside the curves.
func (cs *curves) makeRoom(lines int) {
	const ofHeight, ofWidth = 0.085, 0.44 // what a line takes of a panel's height, and the text of its width
	if lines == 0 {
		return
	}
	reach := 0.0 // of the curves at the height of the text
	for _, drawn := range cs.drawn {
		for _, c := range drawn {
			reach = max(reach, c.Quantile(min(ofHeight*float64(lines), 1)))
		}
	}
	if reach > cs.lo {
		cs.hi = max(cs.hi, cs.lo*math.Pow(reach/cs.lo, 1/(1-ofWidth)))
	}
}

// mostNotes returns the number of lines that notes take at most in a panel.
func (cs *curves) mostNotes() (lines int) {
	for _, notes := range cs.notes {
		lines = max(lines, 1+len(notes))
	}
	return lines
}

// panel returns a panel of curves, with the notes and key in its corner, nil if
// it has neither curves nor notes.
func (cs *curves) panel(at [2]int, label, share, of string, key plot.Key) *gonum.Plot {
	if len(cs.drawn[at])+len(cs.notes[at]) == 0 {
		return nil
	}
	p := plot.NewPanel(label+" (µs)", share)
	plot.LogAxis(&p.X, max(cs.lo/1.15, 1e-3), max(cs.hi*1.15, cs.lo*1.5))
	p.Y.Min, p.Y.Max = 0, 1
	if notes := cs.notes[at]; len(notes) > 0 {
		key = slices.Concat(plot.Key{"no curve: " + of + " / requests"}, notes, key)
	}
	for i := range key {
		key[i] = inMicros(key[i])
	}
	p.Add(key)
	var medians []float64
	for _, c := range cs.drawn[at] {
		p.Add(c)
		medians = append(medians, c.Quantile(0.5))
	}
	plot.Tell(p, &p.X, cs.names[at], medians)
	if notes := cs.notes[at]; len(notes) > 0 {
		p.Title.Text = strings.TrimPrefix(p.Title.Text+", no curve ("+of+" / requests): "+strings.Join(notes, ", "), ", ")
	}
	return p
}

// legend lists the subjects that have a curve.
func (cs *curves) legend(v *View) (es []plot.Entry) {
	for _, name := range v.Subjects {
		if cs.present[name] {
			es = append(es, plot.Entry{Label: name, Style: v.Style[name], Line: true})
		}
	}
	return es
}

// fewText explains the notes, "" if there are none.
func (cs *curves) fewText(passed bool) string {
	switch {
	case len(cs.few) == 0:
		return ""
	case passed:
		return fmt.Sprintf("A server with less than %d values or too few in each process, or with less than %.0f of them for every 100 requests, has no curve; the panel counts them.", plot.FewestOfCurve, 100*record.FewestPassed)
	}
	return fmt.Sprintf("A server with less than %d values or too few in each process has no curve; the panel counts them.", plot.FewestOfCurve)
}

// missing says why there is no curve at all. tag is that of the histograms.
func (cs *curves) missing(tag, of string) string {
	if len(cs.few) == 0 {
		return "no trial that counts holds a histogram of " + tag
	}
	return "too few " + of + " for a distribution in every cell"
}

// requests returns the number of requests of one cell's processes that count.
func (v *View) requests(phase string, p findings.Panel, subject string) (n int64) {
	for _, t := range v.Trials(p, subject) {
		if r := t.Phase(phase); r != nil && t.Counts(phase) {
			n += int64(r.Latency.Count)
		}
	}
	return n
}
