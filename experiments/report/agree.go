package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// Agreement says whether two runs of a suite come to the same rules and ratios.
// Both are taken within blocks, so they hold on machines of different speed,
// where absolute values differ.
type Agreement struct {
	First, Second verdict.Outcome // of the claim; empty if a suite states no rule
	Rules         []AgreedRule
	Ratios        []AgreedRatio
	Few           int // ratios that one run has too few blocks for
}

// AgreedRule is a rule that both runs have.
type AgreedRule struct {
	Title         string
	First, Second verdict.Outcome
}

// AgreedRatio is a ratio of one metric between two cells that both runs have.
type AgreedRatio struct {
	Name          string
	First, Second stats.Interval
}

// Agree compares the rules and the ratios of two runs. Ratios are those of the
// rules' pairs and those that the suite asks for.
func Agree(a, b *record.Run) *Agreement {
	g := &Agreement{}
	if len(a.Manifest.Rules) > 0 && len(b.Manifest.Rules) > 0 {
		again := *a // both by the second's rules
		again.Manifest.Rules, again.Manifest.Claim = b.Manifest.Rules, b.Manifest.Claim
		first, second := verdict.Judge(&again), verdict.Judge(b)
		g.First, g.Second = first.Outcome, second.Outcome
		for i := range second.Rules {
			x, y := &first.Rules[i], &second.Rules[i]
			g.Rules = append(g.Rules, AgreedRule{y.Rule.Title, x.Outcome, y.Outcome})
			for k := range y.Pairs {
				q := &y.Pairs[k]
				same := func(p verdict.Pair) bool { return p.Same(q) }
				if i := slices.IndexFunc(x.Pairs, same); i >= 0 && y.Rule.Kind != suite.RuleGain {
					g.add(y.Rule.Title+": "+q.Label(y.Rule), x.Pairs[i].Effect.Interval, q.Effect.Interval)
				}
			}
		}
	}
	before := a.Ratios()
	for _, row := range b.Ratios() {
		i := slices.IndexFunc(before, func(r record.RatioRow) bool {
			return findings.SameRatio(r.Ratio, row.Ratio) && r.To == row.To && record.TrialID(r.Cell, 0) == record.TrialID(row.Cell, 0)
		})
		if i >= 0 {
			g.add(row.Title+": "+record.Label(b.Manifest.Axes, row.Cell), before[i].Of, row.Of)
		}
	}
	return g
}

func (g *Agreement) add(name string, a, b stats.Interval) {
	if !a.Enough() || !b.Enough() {
		g.Few++
		return
	}
	g.Ratios = append(g.Ratios, AgreedRatio{name, a, b})
}

func (r AgreedRatio) overlaps() bool { return r.First.Overlaps(r.Second) }

// Summary counts the rules that agree and the ratios that overlap.
func (g *Agreement) Summary() string {
	var parts []string
	if n := len(g.Rules); n > 0 {
		differ := slices.DeleteFunc(slices.Clone(g.Rules), func(r AgreedRule) bool { return r.First == r.Second })
		parts = append(parts, fmt.Sprintf("%d of %s", n-len(differ), words.Count(n, "rule agrees", "rules agree")))
	}
	if n := len(g.Ratios); n > 0 {
		apart := slices.DeleteFunc(slices.Clone(g.Ratios), AgreedRatio.overlaps)
		parts = append(parts, fmt.Sprintf("%d of %s", n-len(apart), words.Count(n, "ratio overlaps", "ratios overlap")))
	}
	if g.Few > 0 {
		parts = append(parts, fmt.Sprintf("%s fewer than %d blocks in a run", words.Count(g.Few, "ratio has", "ratios have"), stats.Fewest))
	}
	if len(parts) == 0 {
		return "the runs share no rule and no ratio"
	}
	return strings.Join(parts, ", ")
}

// Write writes rules, then the ratios whose intervals do not overlap, then a
// line that counts both.
func (g *Agreement) Write(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(g.Rules) > 0 {
		fmt.Fprintf(t, "rule\tfirst\tsecond\t\n")
	}
	for _, r := range g.Rules {
		mark := ""
		if r.First != r.Second {
			mark = "differs"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Title, r.First, r.Second, mark)
	}
	apart := slices.DeleteFunc(slices.Clone(g.Ratios), AgreedRatio.overlaps)
	if len(apart) > 0 {
		fmt.Fprintf(t, "\nratio whose intervals do not overlap\tfirst\tsecond\t\n")
	}
	for _, r := range apart {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", r.Name, words.Ratio(r.First), words.Ratio(r.Second))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(&b, g.Summary())
	switch {
	case g.First == "":
	case g.First == g.Second:
		fmt.Fprintf(&b, "the verdicts agree: %s\n", g.First)
	default:
		fmt.Fprintf(&b, "the verdicts differ: %s, then %s\n", g.First, g.Second)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Speed says how fast the second run's machine was beside the first's, by the
// calibration that each run measured, or that it cannot be told.
func Speed(a, b *record.Run) string {
	x, y := a.Manifest.Calibration, b.Manifest.Calibration
	if x == nil || y == nil {
		return "how fast the machines were cannot be told: a run measured no calibration"
	}
	var parts []string
	for _, f := range []struct {
		what     string
		was, now float64
	}{
		{"an empty system call", x.SyscallNs, y.SyscallNs}, {"a hand-off on one CPU", x.SameNs, y.SameNs},
		{"one between CPUs", x.CrossNs, y.CrossNs}, {"copying memory", y.CopyGBPerS, x.CopyGBPerS}, {"the lateness of a sleep", x.SleepLateNs, y.SleepLateNs},
	} {
		if f.was > 0 && f.now > 0 {
			parts = append(parts, fmt.Sprintf("%s %.2f", f.what, f.now/f.was))
		}
	}
	return "time on the second machine, times that on the first: " + words.List(parts)
}
