package figure

import (
	"fmt"
	"math"
	"strings"

	gonum "gonum.org/v1/plot"

	"lflab/experiments/plot"
	"lflab/experiments/record"
	"lflab/experiments/words"
)

var (
	_ = enter(60, func(v *View) ([]Figure, error) {
		f, err := v.cdfFigure(Figure{Name: "handoff", Headline: "F2", Title: "Hand-off latency"}, "H", "hand-off latency H", "hand-offs",
			"H runs from “I pass it” to “another running thread owns it”, for receivers that were asleep: leadership in leader, a connection or an event in worker and event.")
		return []Figure{f}, err
	})
	_ = enter(70, func(v *View) ([]Figure, error) {
		f, err := v.cdfFigure(Figure{Name: "dispatch", Title: "Dispatch latency"}, "D", "dispatch latency D", "requests",
			"D runs from the moment the kernel received the request's data to the first instruction of the handler, defined alike for every MPM.")
		return []Figure{f}, err
	})
)

// source returns the name of a run's histograms of tag, "H", "D" or "G": the
// flight recorder's, whose ends lie in the server's own code, or else the
// kernel probe's.
func (v *View) source(tag string) string {
	if v.records(tag) {
		return tag
	}
	return record.ProbePrefix + tag
}

// records reports whether any trial that counts holds values of a histogram.
func (v *View) records(name string) bool {
	for _, ph := range v.Phases {
		for _, t := range v.Counting(ph.Name) {
			if r := t.Phase(ph.Name); r != nil && r.Histograms[name] != nil && r.Histograms[name].TotalCount() > 0 {
				return true
			}
		}
	}
	return false
}

// sourceText says where a distribution's ends lie, "" if in the server's own
// code.
func (v *View) sourceText(source string) string {
	if !strings.HasPrefix(source, record.ProbePrefix) {
		return ""
	}
	return "Both ends lie in the kernel here, at system calls: the kernel probe measured it."
}

// recording returns the phases from which to take a source's histograms: all
// phases for the kernel probe, and the undisturbed ones for the flight
// recorder.
func (v *View) recording(source string) []record.Phase {
	if strings.HasPrefix(source, record.ProbePrefix) {
		return v.Phases
	}
	return v.Undisturbed(v.Phases, true)
}

// cdf draws the distributions called name ("H", "D", "probe.H") of every phase
// and panel that has some. s is nil if none has. with lists the phases drawn,
// and counts says how many values the curves are made of.
func (v *View) cdf(name, label, of string) (s *plot.Sheet, with []record.Phase, counts string, err error) {
	lo, hi := math.Inf(1), math.Inf(-1)
	present := map[string]bool{}
	curves := map[[2]int][]plot.Curve{}
	fewest, most := int64(math.MaxInt64), int64(0)
	for _, ph := range v.recording(name) {
		j, any := v.IndexOf(ph), false
		for i, p := range v.Panels {
			for _, s := range v.Subjects {
				hs := v.Histograms(ph.Name, p, s, name)
				if len(hs) == 0 {
					continue
				}
				c, err := plot.NewCurve(hs, v.Style[s])
				if err != nil {
					return nil, nil, "", err
				}
				if len(c.Xs) == 0 {
					continue // too few values for any quantile
				}
				curves[[2]int{j, i}] = append(curves[[2]int{j, i}], c)
				present[s], any = true, true
				fewest, most = min(fewest, c.N), max(most, c.N)
				lo, hi = min(lo, c.Xs[0], c.Lo[0]), max(hi, c.Xs[len(c.Xs)-1], c.Hi[len(c.Hi)-1])
			}
		}
		if any {
			with = append(with, ph)
		}
	}
	if len(curves) == 0 {
		return nil, nil, "", nil
	}
	lo, hi = max(lo/1.15, 1e-3), max(hi*1.15, lo*1.5)
	s = v.grid(with, func(ph record.Phase, i int) *gonum.Plot {
		cs := curves[[2]int{v.IndexOf(ph), i}]
		if len(cs) == 0 {
			return nil
		}
		p := plot.NewPanel(label+" (µs)", "share of "+of)
		plot.LogAxis(&p.X, lo, hi)
		p.Y.Min, p.Y.Max = 0, 1
		for _, c := range cs {
			p.Add(c)
		}
		return p
	})
	for _, name := range v.Subjects {
		if present[name] {
			s.Legend = append(s.Legend, plot.Entry{Label: name, Style: v.Style[name], Line: true})
		}
	}
	counts = fmt.Sprintf("Behind a curve stand %s to %s %s.", words.Thousands(float64(fewest)), words.Thousands(float64(most)), of)
	return s, with, counts, nil
}
