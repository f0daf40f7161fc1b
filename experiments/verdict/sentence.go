package verdict

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// Sentence states the verdict and its reason.
func (v *Verdict) Sentence() string {
	who := cmp.Or(v.Hypothesis, "the claim")
	return sentence(fmt.Sprintf("%s is %s: %s", who, v.Outcome, v.Reason))
}

// Sensitivity says what the outcome is if no trial is left out for its gates,
// "" if none is.
func (v *Verdict) Sensitivity() string {
	switch v.Unfiltered {
	case "":
		return ""
	case v.Outcome:
		return fmt.Sprintf("With no trial left out for its gates it is %s, too.", v.Unfiltered)
	}
	return fmt.Sprintf("With no trial left out for its gates it would be %s.", v.Unfiltered)
}

// Sentence states the rule's outcome and its reason.
func (r *RuleResult) Sentence() string {
	return sentence(fmt.Sprintf("%s (claimed %s) is %s: %s", r.Rule.Title, Claimed(r.Rule), r.Outcome, r.Reason))
}

// named returns the rule's title with its reason.
func (r *RuleResult) named() string {
	return fmt.Sprintf("%s (claimed %s): %s", r.Rule.Title, Claimed(r.Rule), r.Reason)
}

// Claimed describes what a rule claims: "below 1".
func Claimed(q suite.Rule) string {
	switch {
	case q.Kind == suite.RuleGain && q.Unit == "":
		of := quantityOf(q.Metric)
		return strings.TrimSpace(fmt.Sprintf("more by over %s %s", number(q.Above/of.Per), of.Unit))
	case q.Kind == suite.RuleGain:
		return fmt.Sprintf("more by over %s times the %s", number(q.Above), quantityOf(q.Unit).Words)
	case q.Kind == suite.RuleTrend:
		return fmt.Sprintf("to approach %s as %s rises", number(q.Towards), q.Along)
	case q.Kind == suite.RuleCrossing && q.Below > 0:
		return fmt.Sprintf("to begin below 1 and end above it as %s rises", q.Along)
	case q.Kind == suite.RuleCrossing:
		return fmt.Sprintf("to begin above 1 and end below it as %s rises", q.Along)
	case q.Kind == suite.RuleRanking:
		return "to rank otherwise under other conditions"
	case q.Within > 0:
		return fmt.Sprintf("to be within %s %% of 1", number(math.Round(q.Within*1e4)/1e2))
	case q.Differs > 0:
		return fmt.Sprintf("to differ by more than %s %%", number(math.Round(q.Differs*1e4)/1e2))
	case q.Below > 0:
		return "below " + number(q.Below)
	}
	return "above " + number(q.Above)
}

// Sentence states both medians, the ratio or the gain, and why the pair is
// undecided.
func (p *Pair) Sentence() string {
	return sentence(p.openText())
}

// text returns the sentence without its first capital and its full stop.
func (p *Pair) text() string {
	text := p.sides()
	if p.Interval.N > 0 {
		text += " (" + p.evidence() + ")"
	}
	if p.Shared != "" {
		text = "with " + p.Shared + ", " + text
	}
	return text
}

// openText is text, with the reason if the pair is undecided or not testable.
func (p *Pair) openText() string {
	switch {
	case p.Why == "":
		return p.text()
	case p.Interval.N == 0:
		return p.Why
	}
	return p.text() + ", but " + p.Why
}

// sides describes the two medians: "leader's median D is 22.1 µs [21.0, 23.0]
// against worker's 30.2 µs [29.0, 31.1]".
func (p *Pair) sides() string {
	of, to := quantityOf(p.Of.Metric), quantityOf(p.To.Metric)
	inOf, inTo := "", ""
	if p.Of.Phase != p.To.Phase {
		inOf, inTo = " in phase "+p.Of.Phase, " in phase "+p.To.Phase
	}
	what, against := "the "+of.Words, ""
	if p.Of.Name != "" {
		what, against = p.Of.Name+"'s "+of.Words, p.To.Name+"'s "
	}
	if p.Of.Metric != p.To.Metric {
		if against == "" {
			against = "the "
		}
		against += to.Words + " of "
	}
	return fmt.Sprintf("%s %s %s%s against %s%s%s", what, of.are(), of.amount(p.Of.Median), inOf, against, to.amount(p.To.Median), inTo)
}

// evidence describes the ratio or the gain, the blocks and p.
func (p *Pair) evidence() string {
	what := "ratio " + p.Interval.String()
	switch {
	case p.gain && p.unit == "":
		what = "a difference of " + quantityOf(p.Of.Metric).amount(p.Interval)
	case p.gain:
		what = "a gain of " + p.Interval.String() + " times the " + quantityOf(p.unit).Words
	}
	text := what + ", " + count(p.Interval.N, "block")
	if !p.Interval.Enough() {
		return text
	}
	if p.Interval.Confidence > p.Effect.Confidence {
		text += fmt.Sprintf(", interval at %.4g %%", 100*p.Interval.Confidence)
	}
	return text + ", " + stats.PText(p.Effect.P)
}

// text says where a series begins and ends, and what it does in between.
func (s *Series) text(q suite.Rule) string {
	first, last := &s.Levels[0], &s.Levels[len(s.Levels)-1]
	text := fmt.Sprintf("the ratio of %s goes from %s at %s = %s to %s at %s", first.subject(), first.Effect.Interval, q.Along, first.Along, last.Effect.Interval, last.Along)
	switch {
	case s.Why != "":
		text += ", but " + s.Why
	case q.Kind == suite.RuleTrend:
		text += " and approaches " + number(q.Towards) + ", " + stats.PText(s.Falling)
	case !math.IsNaN(s.Place.Center):
		text += fmt.Sprintf(" and passes 1 at %s = %s", q.Along, s.Place)
	}
	text += fmt.Sprintf(" (%s, %s)", count(len(s.Levels), "level"), blocks(s.Levels))
	if first.Shared != "" {
		text = "with " + first.Shared + ", " + text
	}
	return text
}

// subject names the two quantities of a series' ratio.
func (p *Pair) subject() string {
	of, to := quantityOf(p.Of.Metric).Words, quantityOf(p.To.Metric).Words
	if p.Of.Phase != p.To.Phase {
		of, to = of+" in phase "+p.Of.Phase, to+" in phase "+p.To.Phase
	}
	switch {
	case p.Of.Name == "":
		return "the " + of + " to the " + to
	case of == to:
		return p.Of.Name + "'s " + of + " to " + p.To.Name + "'s"
	}
	return p.Of.Name + "'s " + of + " to " + p.To.Name + "'s " + to
}

// blocks says how many values the levels have, "6 blocks" or "5 to 6 blocks".
func blocks(ps []Pair) string {
	lo, hi := ps[0].Interval.N, ps[0].Interval.N
	for _, p := range ps {
		lo, hi = min(lo, p.Interval.N), max(hi, p.Interval.N)
	}
	if lo == hi {
		return count(hi, "block")
	}
	return fmt.Sprintf("%d to %s", lo, count(hi, "block"))
}
