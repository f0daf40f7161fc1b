package verdict

import (
	"slices"

	"lflab/experiments/suite"
)

// Outcome is the result for a pair, a series, a rule or a whole claim.
type Outcome string

// Outcomes. Each but the last two is shown by an interval, never by the lack of
// a difference.
const (
	Confirmed    Outcome = "confirmed"
	Smaller      Outcome = "smaller than claimed" // the effect does not reach the bound, and is not shown to have the other sign
	Equivalent   Outcome = "equivalent"           // the ratio lies within the margin of 1
	Contradicted Outcome = "contradicted"         // the effect has the other sign
	Undecided    Outcome = "undecided"            // the data are too few, or spread too much
	NotTestable  Outcome = "not testable here"    // the machine lacks what the rule needs
)

// Outcomes lists all outcomes, in the order of reports.
var Outcomes = []Outcome{Confirmed, Smaller, Equivalent, Contradicted, Undecided, NotTestable}

// all combines outcomes that must all be confirmed.
func all(outcomes []Outcome) Outcome {
	if len(outcomes) == 0 {
		return Undecided
	}
	for _, worst := range []Outcome{Contradicted, Undecided, NotTestable} {
		if slices.Contains(outcomes, worst) {
			return worst
		}
	}
	if first := outcomes[0]; !slices.ContainsFunc(outcomes, func(o Outcome) bool { return o != first }) {
		return first
	}
	return Smaller // the claim holds in a part only
}

// anyOf combines outcomes of which one must be confirmed.
func anyOf(outcomes []Outcome) Outcome {
	if len(outcomes) == 0 {
		return Undecided
	}
	for _, best := range []Outcome{Confirmed, Undecided, NotTestable, Smaller} {
		if slices.Contains(outcomes, best) {
			return best
		}
	}
	if slices.Contains(outcomes, Contradicted) {
		return Contradicted
	}
	return Equivalent
}

// combine combines the outcomes of a rule's pairs or series.
func combine(outcomes []Outcome, each string) Outcome {
	if each == suite.EachAny {
		return anyOf(outcomes)
	}
	return all(outcomes)
}
