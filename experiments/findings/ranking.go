package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// answerRanking names the first and the last subject of each panel by the cost
// that the suite measures. The data choose the first, so it is compared with
// every other subject, and the correction covers all these comparisons. Subjects
// with fewer than stats.Fewest trials that count are named, but not ranked.
func (v *View) answerRanking() []Paragraph {
	for _, key := range []string{KeyCPU, KeyHMean, KeyHP50, KeyLatP50} {
		for _, ph := range v.PhasesByLoad() {
			if ps := v.rankBy(MetricOf(key), ph); len(ps) > 0 {
				return ps
			}
		}
	}
	return nil
}

func (v *View) rankBy(m record.Metric, ph record.Phase) []Paragraph {
	type ranking struct {
		panel      Panel
		names, few []string
		others     []Comparison // of the first against names[1:]
	}
	var rs []ranking
	for _, p := range v.Panels {
		r := ranking{panel: p}
		r.names, r.few = v.ranked(ph.Name, p, m)
		if len(r.names)+len(r.few) < 2 {
			continue
		}
		if len(r.names) > 0 {
			for _, other := range r.names[1:] {
				r.others = append(r.others, v.compare(ph.Name, p, m.Name, r.names[0], other))
			}
		}
		Correct(Pointers(r.others))
		rs = append(rs, r)
	}
	var ps []Paragraph
	for _, r := range rs {
		where := "Of all"
		if r.panel.Title != "" {
			where = "With " + r.panel.Title
		}
		if len(r.names) < 2 {
			ps = append(ps, Paragraph{Head: words.Capital(r.panel.Title), Findings: remarks(fmt.Sprintf("%s, too few trials count to compare subjects by %s.", strings.Replace(where, "Of all", "Here", 1), m.Heading()))})
			continue
		}
		last := len(r.names) - 1
		s := fmt.Sprintf("%s, %s had the lowest %s, %s %s, and %s the highest, %s: %s.", where, r.names[0], m.Heading(),
			words.Interval(r.others[0].A), m.Unit, r.names[last], words.Interval(r.others[last-1].B), outcome(r.others[last-1], "lower", "higher"))
		var alike []string
		for i, w := range r.others[:last-1] {
			if w.Enough() && !w.Differs() {
				alike = append(alike, r.names[i+1])
			}
		}
		if len(alike) > 0 {
			s += fmt.Sprintf(" No difference from %s could be shown for %s.", r.names[0], words.List(alike))
		}
		s += " In the order of medians: " + strings.Join(r.names, ", ") + "."
		if len(r.few) > 0 {
			s += fmt.Sprintf(" Too few trials count of %s.", words.List(r.few))
		}
		ps = append(ps, Paragraph{Head: words.Capital(r.panel.Title), Findings: remarks(s)})
	}
	return ps
}

// ranked returns the subjects that measured m, the lowest median first, and
// apart from them those with too few trials for an interval.
func (v *View) ranked(phase string, p Panel, m record.Metric) (names, few []string) {
	medians := map[string]float64{}
	for _, s := range v.Subjects {
		switch iv := stats.Summarise(v.Sample(phase, p, s, m).Valid); {
		case iv.Enough():
			medians[s] = iv.Center
			names = append(names, s)
		case iv.N > 0:
			few = append(few, s)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(medians[a], medians[b]) })
	return names, few
}
