package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lflab/experiments/record"
	"lflab/experiments/report"
	"lflab/experiments/verdict"
)

func newReportCommand(stdout, stderr io.Writer) *cobra.Command {
	var pack, unpack, open bool
	cmd := &cobra.Command{
		Use:   "report DIR...",
		Short: "make figures, tables and report.html again, from the data alone",
		Long: `report reads a results directory and writes its figures/ (SVG, PDF and PNG) and
report.html anew. It runs nothing: equal data give equal files. A directory
whose run was interrupted gives a report of the trials that are complete. It
prints the summary that lflab run ends with. --open opens the page with xdg-open,
or says where it is if that program or a display is missing.

For a directory of results directories, such as results/, it reports on each of
them and makes two pages about all: overview.html, and README.md with one
sentence for each finding. It leaves a README.md alone that was written by hand.
It writes nothing into any other directory.

Of several results directories of one suite it prints the verdict on each and on
all together: their blocks are pooled, all are judged by the rules of the run
that started last, and the standard deviation between runs stands beside the one
from block to block. It writes nothing then.

With --pack it puts the files of the trials into one archive, trials.zip.zst, and
removes them once the archive has been read back and found equal; --unpack is
the reverse. Every command reads both forms; run --resume unpacks first.`,
		Example: `  lflab report results/quick-20260102T150405Z
  lflab report --open results/quick-20260102T150405Z
  lflab report results
  lflab report results/quick-20260102T150405Z results/quick-20260103T150405Z
  lflab report --pack results/quick-20260102T150405Z`,
		Args: atLeast("a results directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 1 && (pack || unpack):
				return usageError{fmt.Errorf("--pack and --unpack take one results directory, but were given %d", len(args))}
			case open && (pack || unpack):
				return usageError{errors.New("--open goes with a report, which --pack and --unpack do not make")}
			case open && len(args) > 1:
				return usageError{fmt.Errorf("--open takes one directory, but was given %d", len(args))}
			case len(args) > 1:
				return reportPooled(stdout, args)
			case pack && unpack:
				return usageError{errors.New("--pack cannot go with --unpack")}
			case pack:
				return record.Pack(args[0])
			case unpack:
				return record.Unpack(args[0])
			}
			page, err := reportOn(stdout, args[0])
			if err != nil || !open {
				return err
			}
			return openPage(stdout, page)
		},
	}
	cmd.Flags().BoolVar(&pack, "pack", false, "put the trials into trials.zip.zst, and report nothing")
	cmd.Flags().BoolVar(&open, "open", false, "open the page in a browser")
	cmd.Flags().BoolVar(&unpack, "unpack", false, "put the trials back into files, and report nothing")
	return cmd
}

// reportPooled prints the verdict on several runs of a suite.
func reportPooled(stdout io.Writer, dirs []string) error {
	var runs []*record.Run
	for i, dir := range dirs {
		if slices.ContainsFunc(dirs[:i], func(other string) bool { return filepath.Clean(other) == filepath.Clean(dir) }) {
			return fmt.Errorf("%s is named twice: a run counts once", dir)
		}
		r, err := record.OpenRecords(dir)
		if err != nil {
			return err
		}
		if len(r.Manifest.Rules) == 0 {
			return fmt.Errorf("%s: its suite states no rule, so there is no verdict to pool", dir)
		}
		for _, d := range r.Damaged {
			fmt.Fprintf(fitted(stdout), "damaged: %v\n", d)
		}
		runs = append(runs, r)
	}
	p, err := verdict.JudgeAll(runs)
	if err != nil {
		return err
	}
	return p.Write(fitted(stdout))
}

// reportOn writes the report of a results directory and prints its summary, or
// writes those of all results directories in dir. page is the page to look at.
func reportOn(stdout io.Writer, dir string) (page string, err error) {
	if !record.Is(dir) {
		return filepath.Join(dir, "overview.html"), reportAll(stdout, dir)
	}
	if page, err = reportOne(stdout, dir); err != nil {
		return "", err
	}
	r, err := record.OpenRecords(dir)
	if err != nil {
		return "", err
	}
	return page, summary(stdout, r, page)
}

// reportOne writes the report of a results directory, and prints what of it
// cannot be read.
func reportOne(stdout io.Writer, dir string) (page string, err error) {
	page, damaged, err := report.WriteReport(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return "", fmt.Errorf("%w (a report is written beside its data: copy the directory to where you may write)", err)
	}
	if err != nil {
		return "", err
	}
	for _, d := range damaged {
		fmt.Fprintf(fitted(stdout), "damaged: %v\n", d)
	}
	return page, nil
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
		page, err := reportOne(stdout, filepath.Join(dir, r))
		if err != nil {
			fmt.Fprintf(fitted(stdout), "left out: %v\n", err)
			failed = append(failed, err)
			continue
		}
		fmt.Fprintln(stdout, page)
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
