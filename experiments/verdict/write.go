package verdict

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lflab/experiments/stats"
)

// shown is the largest number of a rule's pairs that a terminal shows. If there
// are more, it shows the smallest and the largest.
const shown = 12

// Write writes the verdict, then a line for each rule and a table of its pairs.
func (v *Verdict) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, v.Sentence())
	if v.Claim != "" {
		fmt.Fprintf(&b, "claimed: %s\n", v.Claim)
	}
	if s := v.Sensitivity(); s != "" {
		fmt.Fprintln(&b, s)
	}
	for i := range v.Rules {
		fmt.Fprintln(&b)
		if err := v.Rules[i].write(&b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *RuleResult) write(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s  %s (claimed %s)\n", r.Outcome, r.Rule.Title, Claimed(r.Rule)); err != nil {
		return err
	}
	if len(r.Pairs) == 0 || r.Series != nil || r.Ranking != nil || r.Outcome == Undecided || r.Outcome == NotTestable {
		fmt.Fprintf(w, "  %s\n", r.Reason)
	}
	if len(r.Pairs) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	what := "ratio"
	if r.Pairs[0].gain {
		what = "gain"
	}
	fmt.Fprintf(t, "  pair\t%s\t%s\t%s\tblocks\tp\t\n", heading("", r.Rule.Metric), heading("against ", r.Rule.ToMetric), what)
	for _, p := range r.worth() {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%d\t%s\t%s\n", p.name(r.Rule.Along), quantityOf(p.Of.Metric).amount(p.Of.Median),
			quantityOf(p.To.Metric).amount(p.To.Median), p.Interval, p.Interval.N, stats.PCell(p.Effect.P), p.Outcome)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n := len(r.Pairs); n > shown {
		_, err := fmt.Fprintf(w, "  the smallest and the largest %s of %s\n", what, count(n, "pair"))
		return err
	}
	return nil
}

func heading(before, metric string) string {
	q := quantityOf(metric)
	return before + q.Words
}

// worth returns the pairs to show: all, or if there are many, the ones with the
// smallest and the largest value.
func (r *RuleResult) worth() []*Pair {
	var all []*Pair
	var low, high *Pair
	for i := range r.Pairs {
		p := &r.Pairs[i]
		all = append(all, p)
		if p.Interval.N == 0 {
			continue
		}
		if low == nil || p.Interval.Center < low.Interval.Center {
			low = p
		}
		if high == nil || p.Interval.Center > high.Interval.Center {
			high = p
		}
	}
	if len(all) <= shown || low == nil {
		return all[:min(len(all), shown)]
	}
	return []*Pair{low, high}
}

// name returns the name of a table row.
func (p *Pair) name(along string) string {
	name := cmp.Or(p.Of.Name, p.Of.Phase)
	if to := cmp.Or(p.To.Name, p.To.Phase); to != name {
		name += " / " + to
	}
	if p.Shared != "" {
		name += ", " + p.Shared
	}
	if along != "" {
		name += ", " + along + " = " + p.Along
	}
	return name
}
