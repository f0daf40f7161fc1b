package suite

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Claim is the claim that a suite tests.
type Claim struct {
	Hypothesis string   `json:"hypothesis,omitempty"`                   // "H2"; empty if the suite tests none of the listed hypotheses
	Text       string   `toml:"claim" json:"claim,omitempty"`           // a sentence
	RefutedIf  string   `toml:"refuted_if" json:"refuted_if,omitempty"` // what the rules compute, in a sentence
	CPUs       int      `json:"cpus,omitempty"`                         // the fewest CPUs that a verdict needs
	Margin     float64  `json:"margin,omitempty"`                       // of the rules that state none themselves
	Figures    []string `json:"figures,omitempty"`                      // figures that show it, the main one first: F1 to F9
}

// FigureNames are the headline figures.
var FigureNames = []string{"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9"}

// Kinds of rules.
const (
	RuleRatio    = "ratio"
	RuleGain     = "gain"
	RuleTrend    = "trend"
	RuleCrossing = "crossing"
	RuleRanking  = "ranking"
)

// Values of Rule.Each.
const (
	EachAll = "all"
	EachAny = "any"
)

// Rule is one computed part of a verdict. A rule compares pairs of cells, "of"
// and "to". For each cell that Of and Where select, it takes the cells that
// differ from it only in the axes of To and have one of To's values there
// (several values make several pairs). Each block (one pass over all cells)
// gives one value for each pair:
//
//	ratio     metric(of) / metric(to), claimed to be Below or Above a bound, to differ from 1 by more than Differs, or to lie Within that of 1
//	gain      (metric(to) - metric(of)) / metric Unit of "of", claimed to be Above a bound; without Unit, in the metric's own unit
//	trend     ratios approach Towards as Along rises
//	crossing  ratios begin Below 1 and end above it (or begin Above and end below) as Along rises
//	ranking   the order of the values of Axis by the metric is not the same in all combinations of the other axes
type Rule struct {
	Title    string  `json:"title"`
	Kind     string  `json:"kind"`
	Metric   string  `json:"metric"` // a column of summary.csv
	Phase    string  `json:"phase"`
	Of       Match   `json:"of,omitempty"`
	To       Match   `json:"to,omitempty"`
	ToMetric string  `toml:"to_metric" json:"to_metric"` // default: Metric
	ToPhase  string  `toml:"to_phase" json:"to_phase"`   // default: Phase
	Where    Match   `json:"where,omitempty"`
	Each     string  `json:"each,omitempty"`  // all: every pair must agree; any: one suffices
	Below    float64 `json:"below,omitempty"` // bounds; 0 for none
	Above    float64 `json:"above,omitempty"`
	Differs  float64 `json:"differs,omitempty"` // 0.05: by more than 5 %
	Within   float64 `json:"within,omitempty"`  // 0.05: between 1/1.05 and 1.05
	Margin   float64 `json:"margin,omitempty"`  // ratios between 1/(1+Margin) and 1+Margin are equivalent; 0 if no ratio is
	Unit     string  `json:"unit,omitempty"`    // metric that a gain is measured in
	UnitFrom string  `toml:"unit_phase" json:"unit_phase,omitempty"`
	Along    string  `json:"along,omitempty"` // axis of numbers
	Towards  float64 `json:"towards,omitempty"`
	Axis     string  `json:"axis,omitempty"` // the axis that RuleRanking ranks
}

// fileRule is a rule on disk. Its matches are not checked yet.
type fileRule struct {
	Rule
	Of, To, Where map[string]any
}

func (r *reader) claim(s *Suite, f *file, md toml.MetaData) error {
	s.Claim = f.Claim
	switch {
	case len(f.Rule) > 0 && s.Claim.Text == "":
		return r.missing("claim", "the sentence that the rules decide on")
	case len(f.Rule) > 0 && s.Claim.RefutedIf == "":
		return r.missing("refuted_if", "a sentence that says what refutes the claim")
	case len(f.Rule) == 0 && s.Claim.Text != "":
		return r.missing("rule", "at least one [[rule]], where there is a claim")
	case f.CPUs < 0:
		return r.refuse("cpus", f.CPUs, "the fewest CPUs that a verdict needs")
	case !(s.Claim.Margin >= 0 && s.Claim.Margin < 1):
		return r.refuse("margin", s.Claim.Margin, "0 to 1: 0.05 if a ratio within 5 % of 1 is as good as 1")
	}
	for _, name := range f.Figures {
		if !slices.Contains(FigureNames, name) {
			return r.refuse("figures", name, strings.Join(FigureNames, ", "))
		}
	}
	return nil
}

func (r *reader) rules(s *Suite, f *file, md toml.MetaData) error {
	for i, in := range f.Rule {
		rule, err := r.rule(s, in, fmt.Sprintf("rule[%d]", i))
		if err != nil {
			return err
		}
		s.Rules = append(s.Rules, rule)
	}
	return nil
}

func (r *reader) rule(s *Suite, f fileRule, at string) (q Rule, err error) {
	q = f.Rule
	q.Margin = cmp.Or(q.Margin, s.Claim.Margin)
	if q.Title == "" {
		return q, r.missing(at+".title", "what is compared, as in \"switches per connection, leader / worker\"")
	}
	for _, or := range []struct {
		key    *string
		theirs string
	}{{&q.ToMetric, q.Metric}, {&q.ToPhase, q.Phase}, {&q.Each, EachAll}} {
		if *or.key == "" {
			*or.key = or.theirs
		}
	}
	if q.UnitFrom == "" && q.Unit != "" {
		q.UnitFrom = q.Phase
	}
	for _, m := range []struct {
		key   string
		table map[string]any
		to    *Match
	}{{"of", f.Of, &q.Of}, {"to", f.To, &q.To}, {"where", f.Where, &q.Where}} {
		if m.table == nil {
			continue
		}
		if *m.to, err = r.match(s, m.table, at+"."+m.key); err != nil {
			return q, err
		}
	}
	for _, m := range []struct{ key, value string }{{"metric", q.Metric}, {"to_metric", q.ToMetric}} {
		if !column.MatchString(m.value) {
			return q, r.refuse(at+"."+m.key, m.value, "a metric of summary.csv, as in cpu_us_per_request")
		}
	}
	var phases []string
	for _, p := range s.Phases {
		phases = append(phases, p.Name)
	}
	for _, p := range []struct{ key, value string }{{"phase", q.Phase}, {"to_phase", q.ToPhase}, {"unit_phase", q.UnitFrom}} {
		if !slices.Contains(phases, p.value) && (p.key != "unit_phase" || q.Unit != "") {
			return q, r.refuse(at+"."+p.key, p.value, strings.Join(phases, ", "))
		}
	}
	if q.Each != EachAll && q.Each != EachAny {
		return q, r.refuse(at+".each", q.Each, "all, any")
	}
	return q, r.ruleKind(s, &q, at)
}

// ruleKind checks what a rule of its kind needs.
func (r *reader) ruleKind(s *Suite, q *Rule, at string) error {
	pairs := q.To != nil || q.ToMetric != q.Metric || q.ToPhase != q.Phase
	bounds := 0
	for _, b := range []float64{q.Below, q.Above, q.Differs, q.Within} {
		if b != 0 {
			bounds++
		}
		if !(b >= 0 && b <= math.MaxFloat64) { // NaN is also not allowed
			return r.refuse(at, b, "finite bounds above 0")
		}
	}
	if !(q.Margin >= 0 && q.Margin < 1) {
		return r.refuse(at+".margin", q.Margin, "0 to 1: 0.05 if a ratio within 5 % of 1 is as good as 1")
	}
	number := func(key, axis string) error {
		a := s.Axis(axis)
		if a == nil || len(a.Values) < 2 || !a.Numbers() {
			return r.refuse(at+"."+key, axis, "an axis with two numbers or more, rising")
		}
		return nil
	}
	switch q.Kind {
	case RuleRatio:
		switch {
		case !pairs:
			return r.missing(at+".to", "what the metric is compared with: to, to_metric or to_phase")
		case bounds != 1:
			return r.refuse(at, bounds, "exactly one of below, above, differs and within")
		}
	case RuleGain:
		switch {
		case q.To == nil:
			return r.missing(at+".to", "the cells that the metric should be larger in")
		case q.Above == 0 || bounds != 1:
			return r.missing(at+".above", "how many units at least are claimed")
		case q.Unit != "" && !column.MatchString(q.Unit):
			return r.refuse(at+".unit", q.Unit, "a metric of summary.csv that the difference is measured in, or none")
		}
	case RuleTrend, RuleCrossing:
		if q.Kind == RuleTrend && !(q.Towards > 0 && q.Towards <= math.MaxFloat64) {
			return r.refuse(at+".towards", q.Towards, "a ratio above 0, as in 1")
		}
		if q.Kind == RuleCrossing && (bounds != 1 || q.Below == 0 && q.Above == 0) {
			return r.refuse(at, bounds, "below = 1, where ratios begin below 1 and end above it, or above = 1")
		}
		if !pairs {
			return r.missing(at+".to", "what the metric is compared with: to, to_metric or to_phase")
		}
		return number("along", q.Along)
	case RuleRanking:
		if s.Axis(q.Axis) == nil {
			return r.refuse(at+".axis", q.Axis, "the axis whose values are ranked")
		}
		if q.Of != nil || q.To != nil {
			return r.refuse(at, "of or to", "where alone, in a ranking")
		}
	default:
		return r.refuse(at+".kind", q.Kind, "ratio, gain, trend, crossing, ranking")
	}
	return nil
}
