package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lflab/experiments/record"
	"lflab/experiments/report"
)

func newReportCommand(stdout, stderr io.Writer) *cobra.Command {
	var pack, unpack bool
	cmd := &cobra.Command{
		Use:   "report DIR",
		Short: "make figures, tables and report.html again, from the data alone",
		Long: `report reads a results directory and writes its figures/ (SVG, PDF and PNG) and
report.html anew. It runs nothing: equal data give equal files. A directory
whose run was interrupted gives a report of the trials that are complete.

For a directory of results directories, such as results/, it reports on each of
them and makes two pages about all: overview.html, and README.md with one
sentence for each finding. It leaves a README.md alone that was written by hand.
It writes nothing into any other directory.

With --pack it puts the files of the trials into one archive, trials.zip.zst, and
removes them once the archive has been read back and found equal; --unpack is
the reverse. Every command reads both forms; run --resume unpacks first.`,
		Example: `  lflab report results/quick-20260102T150405Z
  lflab report results
  lflab report --pack results/quick-20260102T150405Z`,
		Args: arguments("a results directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case pack && unpack:
				return usageError{errors.New("--pack cannot go with --unpack")}
			case pack:
				return record.Pack(args[0])
			case unpack:
				return record.Unpack(args[0])
			}
			if record.Is(args[0]) {
				return reportOne(stdout, args[0])
			}
			return reportAll(stdout, args[0])
		},
	}
	cmd.Flags().BoolVar(&pack, "pack", false, "put the trials into trials.zip.zst, and report nothing")
	cmd.Flags().BoolVar(&unpack, "unpack", false, "put the trials back into files, and report nothing")
	return cmd
}

func reportOne(stdout io.Writer, dir string) error {
	path, damaged, err := report.WriteReport(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w (a report is written beside its data: copy the directory to where you may write)", err)
	}
	if err != nil {
		return err
	}
	for _, d := range damaged {
		fmt.Fprintf(stdout, "damaged: %v\n", d)
	}
	_, err = fmt.Fprintln(stdout, path)
	return err
}

// reportAll writes the report of each run in a directory of results, and the
// pages on all of them. It goes on if a run cannot be read, and returns an
// error at the end.
func reportAll(stdout io.Writer, dir string) error {
	runs, others, err := record.In(dir)
	switch {
	case err != nil:
		return fmt.Errorf("report on %s: %w (a results directory of lflab run has a manifest.json)", dir, err)
	case len(runs) == 0:
		return fmt.Errorf("%s is not a results directory of lflab run and contains none: nothing is written there (it has no manifest.json with trials beside it)", dir)
	case others > len(runs):
		return fmt.Errorf("%s contains more other directories than results directories, %d beside %d: nothing is written there (name a results directory, as in lflab report %s)", dir, others, len(runs), filepath.Join(dir, runs[0]))
	}
	var failed []error
	for _, r := range runs {
		if err := reportOne(stdout, filepath.Join(dir, r)); err != nil {
			fmt.Fprintf(stdout, "left out: %v\n", err)
			failed = append(failed, err)
		}
	}
	if err := pagesOnAll(stdout, dir); err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d results directories have no report:\n%w", len(failed), len(runs), errors.Join(failed...))
	}
	return nil
}

func pagesOnAll(stdout io.Writer, dir string) error {
	overview, err := report.WriteOverview(dir)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, overview)
	readme := filepath.Join(dir, "README.md")
	if text, err := os.ReadFile(readme); err == nil && !strings.HasPrefix(string(text), report.ReadmeMark) {
		_, err = fmt.Fprintf(stdout, "%s was written by hand and is left alone (remove it to get the findings there)\n", readme)
		return err
	}
	if readme, err = report.WriteReadme(dir); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, readme)
	return err
}
