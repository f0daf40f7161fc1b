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
// the run has no step. Of servers with fewer than stats.Fewest trials that count
// it says nothing else; how often a server came to a state is told with the
// number of trials.
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
		var up, never, most, down, stay, few []string
		for _, s := range v.Subjects {
			switch n := of(s, KeyMostThreads).N; {
			case n == 0:
				continue
			case n < stats.Fewest:
				few = append(few, s)
				continue
			default:
				if iv := of(s, KeyScaleUp); iv.N > 0 {
					up = append(up, took(s, iv, n))
				} else {
					never = append(never, s)
				}
				if iv := of(s, KeyScaleDown); iv.N > 0 {
					down = append(down, took(s, iv, n))
				} else {
					stay = append(stay, s)
				}
			}
			most = append(most, fmt.Sprintf("%s %s and %s", s, words.Interval(of(s, KeyMostProcesses)), words.Interval(of(s, KeyMostThreads))))
		}
		if len(most)+len(few) == 0 {
			continue
		}
		var ss []string
		if len(up) > 0 {
			ss = append(ss, fmt.Sprintf("From the coming of %s until 95 %% of them were served at a time it took %s.", words.Count(ph.Connections, "client", "clients"), strings.Join(up, ", ")))
		}
		if len(never) > 0 {
			ss = append(ss, fmt.Sprintf("%s did not come there while the clients were there.", words.Capital(words.List(never))))
		}
		if len(most) > 0 {
			ss = append(ss, fmt.Sprintf("At most there were, in processes and threads: %s.", strings.Join(most, "; ")))
		}
		if len(down) > 0 {
			ss = append(ss, fmt.Sprintf("After the clients had gone it took until no more than %d threads were idle, and no process was left that was too many, %s.", ph.Step.IdleMost, strings.Join(down, ", ")))
		}
		if len(stay) > 0 {
			ss = append(ss, fmt.Sprintf("%s did not come back so far in the %g s that were watched.", words.Capital(words.List(stay)), ph.Step.AfterS))
		}
		if len(few) > 0 {
			ss = append(ss, fmt.Sprintf("Too few trials count of %s.", words.List(few)))
		}
		ps = append(ps, Paragraph{Head: words.Capital(p.Title), Findings: remarks(ss...), Lead: len(v.Panels) == 1})
		if len(v.Panels) == 1 {
			ps[0].Head = ""
		}
	}
	return ps
}

// took says how long a subject took to come to a state, of n trials. If it came
// there in too few of them for an interval, it says only in how many.
func took(subject string, iv stats.Interval, n int) string {
	switch {
	case !iv.Enough():
		return fmt.Sprintf("an unknown time in %s (it came there in %d of %d trials)", subject, iv.N, n)
	case iv.N < n:
		return fmt.Sprintf("%s s in %s (in %d of %d trials)", words.Interval(iv), subject, iv.N, n)
	}
	return fmt.Sprintf("%s s in %s", words.Interval(iv), subject)
}
