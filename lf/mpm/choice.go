package mpm

import (
	"fmt"
	"slices"

	"lflab/lf"
)

// Choice is a part of an architecture that can be swapped by name: an option
// of the policy, with the values that the architecture has of it. The first of
// them is the default.
type Choice struct {
	*lf.Option
	Values []lf.Named // of those of the option
}

// choiceOf is the part that an option of the policy chooses. Without values it
// has those of the option.
func choiceOf(option string, values ...lf.Named) Choice {
	all := lf.PolicyOptions()
	at := slices.IndexFunc(all, func(o lf.Option) bool { return o.Name == option })
	c := Choice{&all[at], values} // a name that was written here
	if values == nil {
		c.Values = c.Option.Values
	}
	return c
}

// Choices are all parts that can be chosen of one architecture or another, by
// the names of their flags.
func Choices() []Choice {
	var all []Choice
	for _, k := range Kinds() {
		for _, c := range k.Choices {
			at := slices.IndexFunc(all, func(a Choice) bool { return a.Name == c.Name })
			if at < 0 {
				at = len(all)
				all = append(all, Choice{Option: c.Option})
			}
			for _, v := range c.Values {
				if !slices.ContainsFunc(all[at].Values, func(a lf.Named) bool { return a.Name == v.Name }) {
					all[at].Values = append(all[at].Values, v)
				}
			}
		}
	}
	return all
}

// settle gives p the default where it says nothing.
func (c *Choice) settle(p *lf.Policy) {
	if !c.Given(p) {
		_ = c.Choose(p, c.Values[0].Name) // a name that is known
	}
}

// knows tells whether the architecture has such a part, and of it that value.
func (k Kind) knows(part, value string) error {
	at := slices.IndexFunc(k.Choices, func(c Choice) bool { return c.Name == part })
	if at < 0 {
		return fmt.Errorf("mpm %s has no %s to choose (%q)", k.Name, part, value)
	}
	if _, err := lf.Find(part, value, k.Choices[at].Values); err != nil {
		return fmt.Errorf("mpm %s: %w", k.Name, err)
	}
	return nil
}
