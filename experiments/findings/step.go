package findings

import (
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// answerStep says how servers followed a step of load. It returns nothing if
// the run has no step.
func (v *View) answerStep() []Paragraph {
	i := slices.IndexFunc(v.Phases, func(ph record.Phase) bool { return ph.Step != nil })
	if i < 0 {
		return nil
	}
	ph := v.Phases[i]
	var ps []Paragraph
	for _, p := range v.Panels {
		of := func(subject, key string) stats.Interval {
			return stats.Summarise(v.Sample(ph.Name, p, subject, MetricOf(key)).Valid)
		}
		var up, never, most, down, stay []string
		for _, s := range v.Subjects {
			if of(s, KeyMostThreads).N == 0 {
				continue
			}
			if iv := of(s, KeyScaleUp); iv.N > 0 {
				up = append(up, fmt.Sprintf("%s s in %s", words.Interval(iv), s))
			} else {
				never = append(never, s)
			}
			most = append(most, fmt.Sprintf("%s %s and %s", s, words.Interval(of(s, KeyMostProcesses)), words.Interval(of(s, KeyMostThreads))))
			if iv := of(s, KeyScaleDown); iv.N > 0 {
				down = append(down, fmt.Sprintf("%s s in %s", words.Interval(iv), s))
			} else {
				stay = append(stay, s)
			}
		}
		if len(most) == 0 {
			continue
		}
		var ss []string
		if len(up) > 0 {
			ss = append(ss, fmt.Sprintf("From the coming of %d clients until 95 %% of them were served at a time it took %s.", ph.Connections, strings.Join(up, ", ")))
		}
		if len(never) > 0 {
			ss = append(ss, fmt.Sprintf("%s did not come there while the clients were there.", words.Capital(words.List(never))))
		}
		ss = append(ss, fmt.Sprintf("At most there were, in processes and threads: %s.", strings.Join(most, "; ")))
		if len(down) > 0 {
			ss = append(ss, fmt.Sprintf("After the clients had gone it took until no more than %d threads were idle, and no process was left that was too many, %s.", ph.Step.IdleMost, strings.Join(down, ", ")))
		}
		if len(stay) > 0 {
			ss = append(ss, fmt.Sprintf("%s did not come back so far in the %g s that were watched.", words.Capital(words.List(stay)), ph.Step.AfterS))
		}
		ps = append(ps, Paragraph{Head: words.Capital(p.Title), Findings: remarks(ss...), Lead: len(v.Panels) == 1})
		if len(v.Panels) == 1 {
			ps[0].Head = ""
		}
	}
	return ps
}
