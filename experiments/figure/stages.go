package figure

import (
	"fmt"
	"math"
	"slices"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

var _ = enter(90, func(v *View) (figs []Figure, err error) {
	for _, of := range findings.Sums {
		figs = append(figs, v.stagesFigure(of))
	}
	return figs, nil
})

// stagesFigure draws one of the sums in every phase and panel that has it.
func (v *View) stagesFigure(of findings.Sum) Figure {
	f := Figure{Name: of.Name, Title: of.Title}
	if why := v.Unprobed(); why != "" {
		f.Missing, f.Silent = why, true
		return f
	}
	stacks := map[[2]int][]findings.Stack{}
	var all []findings.Stack
	var phases []record.Phase
	var subjects []string // those with stages
	for _, ph := range v.PhasesByLoad() {
		j, any := v.IndexOf(ph), false
		for i, p := range v.Panels {
			for _, name := range v.Subjects {
				s := v.Stack(of, ph.Name, p, name)
				stacks[[2]int{j, i}] = append(stacks[[2]int{j, i}], s)
				if len(s.Totals.Valid)+len(s.Totals.Invalid) > 0 {
					all, any = append(all, s), true
					if !slices.Contains(subjects, name) {
						subjects = append(subjects, name)
					}
				}
			}
		}
		if any {
			phases = append(phases, ph)
		}
	}
	if len(all) == 0 {
		f.Missing = "no trial holds stages of " + of.Tag
		f.Silent = of.User // only servers with a flight recorder have them
		return f
	}
	small := findings.Merged(all)
	f.Sheet = v.grid(phases, func(ph record.Phase, i int) *gonum.Plot {
		var names []string
		var rows []plot.BarRow
		for _, s := range stacks[[2]int{v.IndexOf(ph), i}] {
			if slices.Contains(subjects, s.Subject) {
				names = append(names, s.Subject)
				rows = append(rows, plot.BarRow{Style: v.Style[s.Subject], Pieces: pieces(&s, small), Totals: s.Totals, Note: s.Placement()})
			}
		}
		return plot.BarPlot(of.Label+" (µs)", "same/cross/none", names, rows)
	})
	for _, row := range f.Sheet.Rows { // only the first panel of a row has names
		for _, t := range row[1:] {
			if t.Plot != nil {
				plot.Nameless(t.Plot)
			}
		}
	}
	f.Sheet.Row = vg.Length(plot.BarRowHeight*len(subjects)) + 34
	f.Sheet.Legend = wordLegend(all, small)
	f.Caption = v.stagesCaption(of, phases, all, small, subjects)
	return f
}

// stagesCaption writes how to read the figure, its conditions, and the probe's
// own cost.
func (v *View) stagesCaption(of findings.Sum, phases []record.Phase, all []findings.Stack, small, subjects []string) string {
	var none, unsound []string
	for _, s := range v.Subjects {
		if !slices.Contains(subjects, s) && (v.Group != findings.ProbeAxis || s != findings.ProbeOff) {
			none = append(none, s)
		}
	}
	absent, other, off := "", "", ""
	if len(none) > 0 {
		absent = "The kernel saw nothing of the kind in " + words.List(none) + "."
		if of.User {
			absent = "There are no such records of " + words.List(none) + "."
		}
	}
	if len(small) > 0 {
		other = fmt.Sprintf("Stages that are below %.1f %% of every bar are merged as “other”: %s.", 100*findings.Negligible, words.List(stagesInWords(small)))
	}
	least, most := math.Inf(1), 0.0
	user := false
	for _, s := range all {
		if s.Count > 0 {
			least, most = min(least, s.Count), max(most, s.Count)
		}
		if x := s.Missing(); x != 0 && s.Total > 0 && len(unsound) < 3 {
			unsound = append(unsound, fmt.Sprintf("%s %+.1f %%", s.Subject, 100*x/s.Total))
		}
		user = user || slices.ContainsFunc(s.Parts, func(p findings.Part) bool { k := kindOf(p.Name); return p.Mean > 0 && k != nil && k.family == userSide })
	}
	if len(unsound) > 0 {
		off = "Total less stages is not zero: " + words.List(unsound) + "."
	}
	read := of.Read
	if user && !of.User {
		read += " Where the flight recorder was on as well, the bar reaches into the server's own code."
	}
	counts := ""
	if most > 0 {
		counts = fmt.Sprintf("Behind a bar stand %s to %s %s.", words.Thousands(least), words.Thousands(most), of.Events)
	}
	return words.Sentences(read, barText+" Stages are drawn in the order of time.",
		"Above it processes as small points, their median and its "+v.intervalName()+", cut at the panel's edge.",
		"At the right, same/cross/none: the shares of "+of.Events+" whose woken thread ran on its waker's CPU, on another one, and that woke nobody; times compare only at like shares.",
		v.loads(phases), v.replicates(), counts, absent, other, off, v.residue(of, phases), v.CostBeside(), v.leftOut("drawn hollow where they left values"))
}

// residue says how many records of the kernel and the server were joined, and
// how many found no partner. It returns "" for sums without the server's side.
func (v *View) residue(of findings.Sum, phases []record.Phase) string {
	if !of.User {
		return ""
	}
	var joined, left uint64
	for _, ph := range phases {
		for _, t := range v.Counting(ph.Name) {
			if r := t.Phase(ph.Name); r != nil && r.User != nil && r.User.D != nil {
				joined += r.User.Joined
				for _, n := range r.User.Unmatched {
					left += n
				}
			}
		}
	}
	return fmt.Sprintf("%s requests and hand-offs were joined; %s records found no partner.", words.Thousands(float64(joined)), words.Thousands(float64(left)))
}
