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
		Short: "hold two results directories against each other",
		Long: `compare prints, cell by cell and metric by metric, the medians of two results
directories with their intervals, the ratio of the second to the first (Hodges
and Lehmann's estimate with the interval of Mann and Whitney's test, because two
runs share no blocks), and that test's p-value, corrected after Holm over the
metrics of the cell. A line says how many cells agree: those in which no metric differs. About
one in twenty differs by chance. The next one says how many of all intervals
overlap, of those that both have with six processes or more, and the last one,
where the suite claims something, whether both come to the same verdict. Trials
that did not pass their validity gates are left out, and those that cannot be
read are named. A difference is a finding, not a failure: the exit status is 0.
Runs with other loads are refused, with what differs; --unlike compares them
all the same.`,
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
				return fmt.Errorf("the loads are not the same (--unlike compares them all the same):\n  %s", strings.Join(differences, "\n  "))
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
	cmd.Flags().BoolVar(&unlike, "unlike", false, "compare runs with other loads, too: then a difference may be the load's")
	return cmd
}

// printAgreement writes how many intervals of two runs overlap, and whether
// their verdicts agree.
func printAgreement(w io.Writer, a, b *record.Run) error {
	n, both := 0, 0
	for _, m := range record.Agree(a, b) {
		n, both = n+m.Overlapping, both+m.Cells
	}
	text := "no interval is in both: that takes six processes of a cell in each"
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
