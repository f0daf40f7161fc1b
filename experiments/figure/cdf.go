package figure

import (
	"strings"

	"lflab/experiments/record"
)

var (
	_ = enter(60, one(func(v *View) Figure {
		return v.cdfFigure(Figure{Name: "handoff", Headline: "F2", Title: "Hand-off latency"}, "H", "hand-off latency H", "hand-offs",
			"H runs from “I pass it” to “another running thread owns it”, for receivers that were asleep: leadership in leader, a connection or an event in worker and event.")
	}))
	_ = enter(70, one(func(v *View) Figure {
		return v.cdfFigure(Figure{Name: "dispatch", Title: "Dispatch latency"}, "D", "dispatch latency D", "requests",
			"D runs from the moment the kernel received the request's data to the first instruction of the handler, defined alike for every MPM.")
	}))
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
