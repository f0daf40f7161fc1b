package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lflab/experiments/figure"
	"lflab/experiments/findings"
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

Of a directory of results directories, as results/ is, it makes each of them, and
two pages on all: overview.html, and README.md with every finding in a sentence.
A README.md that was written by hand is left alone.

With --pack it puts the files of the trials into one archive, trials.zip.zst, and
removes them once the archive has been read back and found equal; --unpack is
the reverse. Every command reads either; run --resume unpacks first.`,
		Example: `  lflab report results/quick-20260102T150405Z
  lflab report results
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
			if runs := runsIn(args[0]); len(runs) > 0 {
				return reportAll(stdout, args[0], runs)
			}
			return reportOne(stdout, args[0])
		},
	}
	cmd.Flags().BoolVar(&pack, "pack", false, "put the trials into trials.zip.zst, and report nothing")
	cmd.Flags().BoolVar(&unpack, "unpack", false, "put the trials back into files, and report nothing")
	return cmd
}

func reportOne(stdout io.Writer, dir string) error {
	path, err := figure.Report(dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, path)
	return err
}

// runsIn are the results directories in a directory that is none itself.
func runsIn(dir string) (runs []string) {
	if _, err := os.Stat(filepath.Join(dir, "manifest.json")); err == nil {
		return nil
	}
	found, _ := filepath.Glob(filepath.Join(dir, "*", "manifest.json")) // a directory's name is no bad pattern for long
	for _, f := range found {
		runs = append(runs, filepath.Dir(f))
	}
	return runs
}

// reportAll makes the report of each run, and the pages on all of them.
func reportAll(stdout io.Writer, dir string, runs []string) error {
	for _, r := range runs {
		if err := reportOne(stdout, r); err != nil {
			return err
		}
	}
	overview, err := figure.Overview(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, overview)
	readme := filepath.Join(dir, "README.md")
	if text, err := os.ReadFile(readme); err == nil && !strings.HasPrefix(string(text), findings.Mark) {
		_, err = fmt.Fprintf(stdout, "%s was written by hand and is left alone (remove it to have the findings there)\n", readme)
		return err
	}
	if readme, err = findings.Write(dir); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, readme)
	return err
}
