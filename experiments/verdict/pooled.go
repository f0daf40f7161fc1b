package verdict

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// Pooled is the verdict on several runs of one suite, on each and on all
// together. A run (a boot, a day, a machine) is the top unit of replication:
// the interval over all blocks says what these runs show, and the variance
// between runs says how far another one may differ.
type Pooled struct {
	Runs []RunVerdict
	All  *Verdict
	Same []SamePair // the pairs of All's rules, in their order
}

// RunVerdict is the verdict on one run.
type RunVerdict struct {
	Dir string
	*Verdict
}

// SamePair is one pair of a rule in every run.
type SamePair struct {
	Rule, Name string
	PerRun     []stats.Interval // N is 0 where a run lacks the pair
	All        stats.Interval
	stats.Between
	gain bool
}

// JudgeAll judges each run and all of them pooled, by the rules of the run that
// started last. It returns an error if they cannot be pooled.
func JudgeAll(runs []*record.Run) (*Pooled, error) {
	pool, err := record.Pool(runs)
	if err != nil {
		return nil, err
	}
	p := &Pooled{All: Judge(pool)}
	byRun := make([]map[string]stats.Effect, len(runs))
	for i, r := range runs {
		again := *r
		again.Manifest.Rules, again.Manifest.Claim = pool.Manifest.Rules, pool.Manifest.Claim
		v := Judge(&again)
		p.Runs = append(p.Runs, RunVerdict{r.Dir, v})
		byRun[i] = map[string]stats.Effect{}
		for k, q := range v.Rules {
			for _, pair := range q.Pairs {
				byRun[i][pairKey(k, &pair)] = pair.Effect
			}
		}
	}
	for k, q := range p.All.Rules {
		for i := range q.Pairs {
			pair := &q.Pairs[i]
			s := SamePair{Rule: q.Rule.Title, Name: pair.name(q.Rule.Along), All: pair.Effect.Interval, gain: pair.gain}
			var effects []stats.Effect
			for _, of := range byRun {
				e := of[pairKey(k, pair)]
				effects = append(effects, e)
				s.PerRun = append(s.PerRun, e.Interval)
			}
			s.Between = stats.BetweenRuns(effects)
			p.Same = append(p.Same, s)
		}
	}
	return p, nil
}

// pairKey is the same for one pair of a rule in several runs.
func pairKey(rule int, p *Pair) string {
	return fmt.Sprint(rule, "\x01", key(p.Of.Cell), "\x01", key(p.To.Cell))
}

// Agree counts the runs whose verdict is that of all together.
func (p *Pooled) Agree() int {
	n := 0
	for _, r := range p.Runs {
		if r.Outcome == p.All.Outcome {
			n++
		}
	}
	return n
}

// Write writes the verdict on all runs, then a line for each run, and a table
// of the pairs with the standard deviations between and within runs.
func (p *Pooled) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s pooled, %d of them with the same verdict: %s\n", count(len(p.Runs), "run"), p.Agree(), p.All.Sentence())
	for i, r := range p.Runs {
		fmt.Fprintf(&b, "run %d: %s (%s)\n", i+1, r.Outcome, r.Dir)
	}
	rule := ""
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range p.Same {
		if s.Rule != rule {
			rule = s.Rule
			fmt.Fprintf(t, "\n%s\t", rule)
			for i := range p.Runs {
				fmt.Fprintf(t, "run %d\t", i+1)
			}
			fmt.Fprint(t, "pooled\tblocks\tbetween runs\tbetween blocks\t\n")
		}
		fmt.Fprintf(t, "  %s\t", s.Name)
		for _, iv := range s.PerRun {
			fmt.Fprintf(t, "%s\t", iv)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t\n", s.All, s.All.N, s.deviation(s.Between.Between), s.deviation(s.Within))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(p.Same) > 0 {
		b.WriteString("\nStandard deviations: between runs beyond what blocks explain, and from block to block within a run.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// deviation writes a standard deviation, of a ratio in per cent.
func (s *SamePair) deviation(sd float64) string {
	switch {
	case math.IsNaN(sd):
		return "-"
	case s.gain:
		return number(math.Round(sd*1e3) / 1e3)
	}
	return fmt.Sprintf("%.1f %%", 100*math.Expm1(sd))
}
