package mpm

import (
	"fmt"
	"slices"

	"lflab/lf"
)

// Choice is an option of the policy that chooses a part of an architecture by
// name. Values are those that the architecture supports, the default first.
type Choice struct {
	*lf.Option
	Values []lf.Named // a subset of the option's values
}

// choiceOf returns the Choice for an option of the policy. Without values, the
// architecture supports all values of the option.
func choiceOf(option string, values ...lf.Named) Choice {
	all := lf.PolicyOptions()
	at := slices.IndexFunc(all, func(o lf.Option) bool { return o.Name == option })
	c := Choice{&all[at], values} // at is not -1: option is a constant of this package
	if values == nil {
		c.Values = c.Option.Values
	}
	return c
}

// Choices returns the choices of all architectures. Choices of the same option
// are merged into one.
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

// settle sets the option in p to its default if p has no value for it.
func (c *Choice) settle(p *lf.Policy) {
	if !c.Given(p) {
		_ = c.Choose(p, c.Values[0].Name) // cannot fail: the name is known
	}
}

// knows returns an error if the architecture lacks that choice or that value.
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
