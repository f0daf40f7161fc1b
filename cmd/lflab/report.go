package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"lflab/experiments/figure"
)

func newReportCommand(stdout, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "make figures, tables and report.html again, from the data alone",
		Long: `report reads a results directory and writes its figures/ (SVG, PDF and PNG) and
report.html anew. It runs nothing: equal data give equal files. A directory
whose run was interrupted gives a report of the trials that are complete.`,
		Example: "  lflab report results/quick-20260102T150405Z",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := figure.Report(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(stdout, path)
			return err
		},
	}
}
