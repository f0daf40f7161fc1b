package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"lflab/experiments/figure"
	"lflab/experiments/lab"
)

func newReportCommand(stdout, stderr io.Writer) *cobra.Command {
	var pack, unpack bool
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "make figures, tables and report.html again, from the data alone",
		Long: `report reads a results directory and writes its figures/ (SVG, PDF and PNG) and
report.html anew. It runs nothing: equal data give equal files. A directory
whose run was interrupted gives a report of the trials that are complete.

With --pack it puts the files of the trials into one archive, trials.zip, and
removes them once the archive has been read back and found equal; --unpack is
the reverse. Every command reads either; run --resume unpacks first.`,
		Example: `  lflab report results/quick-20260102T150405Z
  lflab report --pack results/quick-20260102T150405Z`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case pack && unpack:
				return usageError{errors.New("--pack cannot go with --unpack")}
			case pack:
				return lab.Pack(args[0])
			case unpack:
				return lab.Unpack(args[0])
			}
			path, err := figure.Report(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(stdout, path)
			return err
		},
	}
	cmd.Flags().BoolVar(&pack, "pack", false, "put the trials into trials.zip, and report nothing")
	cmd.Flags().BoolVar(&unpack, "unpack", false, "put the trials back into files, and report nothing")
	return cmd
}
