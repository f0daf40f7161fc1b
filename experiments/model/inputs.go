package model

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// The axes that the model knows. Other axes of a suite form groups, each with
// its own prediction.
const (
	mpmAxis     = "mpm"
	rateAxis    = "rate"    // connections per second
	spacingAxis = "spacing" // between the two connections of a pair, µs
)

// mpms lists the architectures that the model covers.
var mpms = []string{"leader", "worker"}

// End says where a dispatch latency ends.
type End string

// The ends, named by their stamps.
const (
	AtRead    End = "r4" // the data has been read: the kernel probe's D
	AtHandler End = "h0" // the handler begins: the flight recorder's D
)

// Inputs are the model's times for one server, in ns. Each is the median over
// processes of the processes' means.
type Inputs struct {
	MPM       string
	Group     string  // values of the axes that the model does not know, as "close/2"; may be empty
	Rate      float64 // rate at which they were measured, connections per second; 0 in a closed loop
	Spacing   float64 // spacing of the pairs at which they were measured, µs; 0 if there are none
	Processes int

	Wake    stats.Interval // V
	Gap     stats.Interval // G, including Accept
	Accept  stats.Interval
	HandOff stats.Interval // X_pre, or c_q + V_q
	Read    stats.Interval
	Handler stats.Interval // from the read to the handler; N = 0 unless recorder and probe were on together
	Spread  stats.Interval // of the gap, without unit; N = 0 without histograms
	Nobody  stats.Interval // share of the gaps that no waiting thread ended, which the model leaves out

	each []sample
}

// Server returns the model's server, without the gap's spread. D ends at end.
func (in *Inputs) Server(end End) Server {
	s := Server{Wake: in.Wake.Center, Gap: in.Gap.Center, Rest: in.HandOff.Center + in.Read.Center, Accept: in.Accept.Center}
	if end == AtHandler {
		s.Rest += in.Handler.Center
	}
	return s
}

// Spreading is Server with the gap's spread, if it was measured.
func (in *Inputs) Spreading(end End) Server {
	s := in.Server(end)
	if in.Spread.N > 0 {
		s.Spread = in.Spread.Center
	}
	return s
}

// servers returns one server for each process, to compute the band of their
// differences.
func (in *Inputs) servers(end End) []Server {
	all := make([]Server, len(in.each))
	for i, p := range in.each {
		all[i] = p.server
		if end == AtHandler {
			all[i].Rest += p.handler
		}
	}
	return all
}

// FromRun takes the model's inputs from a phase in which the kernel probe was
// on, for leader and worker and for each group of the other axes, in the order
// of the cells. It uses only the cells with the lowest rate and, for pairs, the
// widest spacing. There V and G are clearest, and the measurements in all other
// cells can contradict the prediction.
//
// It leaves out trials that do not count and trials whose requests came over
// kept connections. If nothing is left, the error says why.
func FromRun(run *record.Run, phase string) ([]Inputs, error) {
	samples, err := collect(run, phase)
	if err != nil {
		return nil, err
	}
	return inputsOf(run, phase, samples)
}

func inputsOf(run *record.Run, phase string, samples []sample) ([]Inputs, error) {
	var usable []sample
	for _, s := range samples {
		if s.lacking == "" {
			usable = append(usable, s)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("take the model's inputs from phase %s of suite %s: no trial of leader or worker can be used (%s)",
			phase, run.Manifest.Suite, reasons(samples))
	}
	var all []Inputs
	for _, of := range split(usable, func(s sample) [2]string { return [2]string{s.group, s.mpm} }) {
		all = append(all, summarise(quietest(of)))
	}
	return all, nil
}

// reasons counts the reasons why samples cannot be used.
func reasons(samples []sample) string {
	if len(samples) == 0 {
		return "there are none"
	}
	var each []string
	for _, of := range split(samples, func(s sample) string { return s.lacking }) {
		each = append(each, fmt.Sprintf("%d %s", len(of), of[0].lacking))
	}
	return strings.Join(each, ", ")
}

// quietest returns the samples with the lowest rate and, among these, the
// widest spacing.
func quietest(samples []sample) []sample {
	first := slices.MinFunc(samples, func(a, b sample) int {
		switch {
		case a.rate < b.rate || a.rate == b.rate && a.spacing > b.spacing:
			return -1
		case a.rate == b.rate && a.spacing == b.spacing:
			return 0
		}
		return 1
	})
	return slices.DeleteFunc(slices.Clone(samples), func(s sample) bool { return s.rate != first.rate || s.spacing != first.spacing })
}

func summarise(of []sample) Inputs {
	over := func(value func(sample) float64) stats.Interval {
		values := make([]float64, len(of))
		for i, s := range of {
			values[i] = value(s)
		}
		return stats.Summarise(values)
	}
	return Inputs{
		MPM: of[0].mpm, Group: of[0].group, Rate: of[0].rate, Spacing: of[0].spacing, Processes: len(of),
		Wake:    over(func(s sample) float64 { return s.server.Wake }),
		Gap:     over(func(s sample) float64 { return s.server.Gap }),
		Accept:  over(func(s sample) float64 { return s.server.Accept }),
		HandOff: over(func(s sample) float64 { return s.handOff }),
		Read:    over(func(s sample) float64 { return s.read }),
		Handler: over(func(s sample) float64 { return s.handler }),
		Spread:  over(func(s sample) float64 { return s.spread }),
		Nobody:  over(func(s sample) float64 { return s.nobody }),
		each:    of,
	}
}

// split groups list by key, in the order of first appearance.
func split[T any, K comparable](list []T, key func(T) K) [][]T {
	var all [][]T
	place := map[K]int{}
	for _, x := range list {
		i, seen := place[key(x)]
		if !seen {
			i = len(all)
			place[key(x)] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], x)
	}
	return all
}

// String describes the inputs for a caption, in µs.
func (in *Inputs) String() string {
	after := "X"
	if in.MPM == "worker" {
		after = "c+Vq"
	}
	return fmt.Sprintf("%s: V %s, G %s, %s %s, read %s µs (n = %d)", in.MPM, micro(in.Wake), micro(in.Gap), after, micro(in.HandOff), micro(in.Read), in.Processes)
}
