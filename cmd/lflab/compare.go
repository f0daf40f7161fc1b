package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lflab/experiments/record"
	"lflab/experiments/report"
	"lflab/experiments/verdict"
)

func newCompareCommand(stdout, stderr io.Writer) *cobra.Command {
	unlike := false
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "compare two results directories",
		Long: `compare prints, for each cell and metric, the medians of two results directories
with their intervals, the ratio of the second to the first, and the p-value of a
Mann-Whitney test, corrected after Holm over the metrics of the cell. Then it
counts the cells that agree: those in which no metric differs. About one in
twenty differs by chance. The next line counts the intervals that overlap. It
covers cells with six processes or more in both directories. If the suite claims
something, the last line says whether both runs reach the same verdict. Trials
that did not pass their validity gates are left out. Trials that cannot be read
are named. A difference is a finding, not a failure: the exit status is 0.
compare refuses runs with different loads and lists the differences; --unlike
compares them nevertheless.`,
		Example: "  lflab compare results/quick-20260102T150405Z results/quick-20260103T150405Z",
		Args:    arguments("a results directory", "another one"),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := record.Open(args[0])
			if err != nil {
				return err
			}
			b, err := record.Open(args[1])
			if err != nil {
				return err
			}
			printDamaged(stderr, a, b)
			differences := record.Unlike(a, b)
			if len(differences) > 0 && !unlike {
				return fmt.Errorf("the loads differ (--unlike compares them nevertheless):\n  %s", strings.Join(differences, "\n  "))
			}
			for _, d := range differences {
				fmt.Fprintln(stdout, "note:", d)
			}
			if err := report.Compare(a, b).Write(stdout); err != nil {
				return err
			}
			return printAgreement(stdout, a, b)
		},
	}
	cmd.Flags().BoolVar(&unlike, "unlike", false, "compare runs with different loads, too: the load may then cause a difference")
	return cmd
}

// printAgreement writes how many intervals of two runs overlap, and whether
// their verdicts agree.
func printAgreement(w io.Writer, a, b *record.Run) error {
	n, both := 0, 0
	for _, m := range record.Agree(a, b) {
		n, both = n+m.Overlapping, both+m.Cells
	}
	text := "no cell has an interval in both (an interval needs six processes)"
	if both > 0 {
		text = fmt.Sprintf("%d of %d intervals overlap (%.0f %%)", n, both, 100*float64(n)/float64(both))
	}
	if _, err := fmt.Fprintln(w, text); err != nil {
		return err
	}
	if len(a.Manifest.Rules) == 0 || len(b.Manifest.Rules) == 0 {
		return nil
	}
	first, second := verdict.Judge(a).Outcome, verdict.Judge(b).Outcome
	text = fmt.Sprintf("the verdicts agree: %s", first)
	if first != second {
		text = fmt.Sprintf("the verdicts differ: %s, then %s", first, second)
	}
	_, err := fmt.Fprintln(w, text)
	return err
}
