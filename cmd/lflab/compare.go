package main

import (
	"io"

	"github.com/spf13/cobra"

	"lflab/experiments/figure"
	"lflab/experiments/lab"
)

func newCompareCommand(stdout, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "compare A B",
		Short: "hold two results directories against each other",
		Long: `compare prints, cell by cell and metric by metric, the medians of two results
directories with their intervals, the ratio of the second to the first, and the
p-value of a Mann-Whitney test, corrected after Holm over the metrics of the
cell. The last line says how many cells agree: those in which no metric
differs. About one in twenty differs by chance. Trials that did not pass their
validity gates are left out. A difference is a finding, not a failure:
the exit status is 0.`,
		Example: "  lflab compare results/quick-20260102T150405Z results/quick-20260103T150405Z",
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			a, err := lab.Open(args[0])
			if err != nil {
				return err
			}
			b, err := lab.Open(args[1])
			if err != nil {
				return err
			}
			return figure.Compare(a, b).Write(stdout)
		},
	}
}
