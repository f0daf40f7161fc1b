package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lflab/experiments/live"
	"lflab/experiments/record"
	"lflab/experiments/run"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
	"lflab/lf/mpm"
)

type runFlags struct {
	out, resume   string
	seed          uint64
	repeat        int
	scale         float64
	only          []string
	budget        time.Duration
	dryRun, force bool
	busy, verbose bool
	live          string

	page *live.Server // nil without --live
}

// allSuites stands for every embedded suite.
const allSuites = "all"

func newRunCommand(stdout, stderr io.Writer) *cobra.Command {
	var fl runFlags
	cmd := &cobra.Command{
		Use:   "run [SUITE...]",
		Short: "run experiments: real servers, real load, a table and a report",
		Long: `run plans the trials of each suite (quick, if none is named), runs them
interleaved in random order, judges their validity, and writes a results
directory with data, tables, figures and report.html. A suite is one of those
that lflab list shows, or the path of a TOML file; all stands for every suite of
the list. If a suite fails, the next one still runs. A suite that claims
something ends in a verdict on it, computed by its rules.

At the end it prints at most 20 lines: each rule with its mark (✔ confirmed,
≈ equivalent or smaller than claimed, ✘ contradicted, ? undecided), its effect
and a 95 % interval, a table, the report, and the command that would decide what
is open. --verbose prints everything else first.

Before the first trial it waits up to 20 s for other programs to end, and it
stops, with what to do, when their load makes eight trials in a row invalid;
--busy goes on. Trials that failed or did not pass a gate are made up for at the
end, by at most a third as many.

With --live, run serves the page that report.html will be while it measures,
on this machine only unless another address is given: intervals, trials left,
gates. It renders between trials. A browser on this machine takes CPU time that
counts as other load. The page ends with the run, as the report.

With --budget, run measures as many whole blocks as fit, up to the suite's
number. Then it repeats the cells with the widest intervals, and the cells that
they are compared with, until all intervals are within 5 % of their medians
twice in a row, after nine blocks at least, or the time is spent.

Ctrl-C ends the run in order and keeps every complete trial. A second one ends
it at once, with its servers. --resume continues the run with the rest of the
budget, and repeats trials that failed or cannot be read. Of a run that was
finished it makes up for invalid trials, and adds the blocks that would decide a
rule that is undecided, up to the suite's number. With --force it goes on
even if suite, program or machine have changed. It then sets aside trials
that were measured with another load, server, program or machine.`,
		Example: `  lflab run
  lflab run floor handoff
  lflab run all --dry-run
  lflab run quick --only mode=close,mpm=leader,mpm=worker --repeat 10
  lflab run h2 --budget 30m
  lflab run quick --live
  lflab run --resume results/quick-20260102T150405Z`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := fl.check(cmd, args); err != nil {
				return usageError{err}
			}
			ctx, stop := stoppedTwice(stderr)
			defer stop()
			return fl.watched(stderr, func() error { return fl.run(ctx, args, stdout, stderr) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&fl.out, "out", "", "results `directory` (default results/SUITE-TIME; with several suites, a directory in it for each)")
	f.StringVar(&fl.resume, "resume", "", "continue the run in this results `directory`")
	f.BoolVar(&fl.force, "force", false, "resume even if the suite, the program or the machine has changed")
	f.Uint64Var(&fl.seed, "seed", 0, "seed of the order of trials and of Poisson arrivals (default: drawn and recorded)")
	f.IntVar(&fl.repeat, "repeat", 0, "server processes for each cell (default: the suite's)")
	f.Float64Var(&fl.scale, "scale", 1, "factor on all durations: 0.3 makes a run short and its results rough")
	f.StringSliceVar(&fl.only, "only", nil, "`key=value` terms that choose cells")
	f.DurationVar(&fl.budget, "budget", 0, "`time` for each suite, spent where intervals are widest (default: as long as the suite takes)")
	f.BoolVar(&fl.busy, "busy", false, "go on although other programs take the CPU time of trial after trial")
	f.StringVar(&fl.live, "live", "", "serve the page of the run while it goes on, at this `address` (default "+live.DefaultAddress+")")
	f.Lookup("live").NoOptDefVal = live.DefaultAddress
	f.BoolVarP(&fl.verbose, "verbose", "v", false, "print everything: all cells, trials that do not count and why, the rules with their pairs, the answer")
	f.BoolVar(&fl.dryRun, "dry-run", false, "print the plan and its duration, and measure nothing")
	return cmd
}

func (fl *runFlags) check(cmd *cobra.Command, args []string) error {
	if fl.resume != "" {
		for _, name := range []string{"out", "seed", "repeat", "scale", "only", "budget"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s cannot go with --resume, which takes it from the results directory", name)
			}
		}
		if len(args) > 0 {
			return fmt.Errorf("suite %s cannot go with --resume, which takes it from the results directory", args[0])
		}
	} else if fl.force {
		return errors.New("--force goes with --resume only")
	}
	if !(fl.scale >= 0.01 && fl.scale <= 100) {
		return fmt.Errorf("--scale %v: not in 0.01 to 100", fl.scale)
	}
	if cmd.Flags().Changed("budget") && fl.budget <= 0 {
		return fmt.Errorf("--budget %v: not above 0", fl.budget)
	}
	const longest = 30 * 24 * time.Hour
	if fl.budget > longest {
		return fmt.Errorf("--budget %v: not up to %v", fl.budget, longest)
	}
	if cmd.Flags().Changed("repeat") && (fl.repeat < 1 || fl.repeat > 1000) {
		return fmt.Errorf("--repeat %d: not in 1 to 1000", fl.repeat)
	}
	return nil
}

// run runs the suites one after the other, or resumes a run.
func (fl *runFlags) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if fl.resume != "" {
		progress := newRunProgress(stderr)
		x, err := run.Resume(fl.resume, run.Options{Force: fl.force, Progress: fl.shown(fl.resume, progress.show), StopBusy: !fl.busy, More: moreBlocks})
		if err != nil {
			return err
		}
		defer x.Close()
		if fl.dryRun {
			return printPlan(stdout, x)
		}
		return fl.experiment(ctx, x, fl.resume, progress, stdout)
	}
	all, args, err := openSuites(args)
	if err != nil {
		return usageError{err}
	}
	dirs := make([]string, len(all))
	for i, s := range all {
		switch dirs[i] = fl.out; {
		case fl.out == "":
			dirs[i] = filepath.Join("results", s.Name+"-"+time.Now().UTC().Format("20060102T150405Z"))
		case len(all) > 1:
			dirs[i] = filepath.Join(fl.out, s.Name)
		}
		if slices.Contains(dirs[:i], dirs[i]) {
			return usageError{fmt.Errorf("two suites would be written to %s (name each once)", dirs[i])}
		}
		if fl.dryRun {
			continue
		}
		if err := record.CheckOut(dirs[i]); err != nil { // before the first suite runs, not the last
			return err
		}
	}
	if len(all) == 1 {
		_, err := fl.suite(ctx, all[0], args[0], dirs[0], stdout, stderr, printPlan)
		if _, short := errors.AsType[*run.BudgetError](err); short {
			return usageError{err}
		}
		if _, none := errors.AsType[*record.ChoiceError](err); none {
			return usageError{fmt.Errorf("--only %s: %w", strings.Join(fl.only, ","), err)}
		}
		return err
	}
	var total time.Duration
	var failed []error
	for i, s := range all {
		takes, err := fl.suite(ctx, s, args[i], dirs[i], stdout, stderr, printSummary)
		if errors.Is(err, run.ErrInterrupted) {
			return err
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", s.Name, err))
			fmt.Fprintf(stderr, "suite %s failed: %v\n", s.Name, err)
		}
		total += takes
		if !fl.dryRun {
			fmt.Fprintln(stdout)
		}
	}
	if fl.dryRun {
		fmt.Fprintf(stdout, "%d suites, about %v in all\n", len(all)-len(failed), total.Round(time.Second))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d suites failed:\n%w", len(failed), len(all), errors.Join(failed...))
	}
	return nil
}

// moreBlocks returns the blocks that would decide the undecided rules of a
// finished run, nil if there are none or no number of blocks would.
func moreBlocks(r *record.Run) *run.More { return blocksOf(verdict.Judge(r), r.Manifest.Repeat) }

// blocksOf is moreBlocks for a run that has been judged.
func blocksOf(v *verdict.Verdict, repeat int) *run.More {
	more := &run.More{}
	for i := range v.Rules {
		q := &v.Rules[i]
		f := q.Forecast
		if f == nil || f.More == 0 && !f.Unknown {
			continue
		}
		blocks := f.More
		if f.Unknown {
			blocks = repeat
		}
		if more.Why == "" {
			more.Why = "undecided: " + q.Rule.Title
		}
		more.Blocks = max(more.Blocks, blocks)
		for _, c := range f.Cells {
			if !slices.ContainsFunc(more.Cells, func(d record.Cell) bool { return maps.Equal(c, d) }) {
				more.Cells = append(more.Cells, c)
			}
		}
	}
	if more.Blocks == 0 {
		return nil
	}
	return more
}

// openSuites reads all suites before the first one runs, so that an error in
// the last one shows at once. names holds the name or path of each.
func openSuites(args []string) (all []*suite.Suite, names []string, err error) {
	if len(args) == 0 {
		args = []string{"quick"}
	}
	for _, name := range args {
		if name == allSuites {
			names = append(names, suite.Names()...)
		} else {
			names = append(names, name)
		}
	}
	for _, name := range names {
		s, err := suite.Open(name)
		if err == nil {
			err = known(s)
		}
		if err != nil {
			return nil, nil, err
		}
		all = append(all, s)
	}
	return all, names, nil
}

// known returns an error if a suite names an architecture that this program
// does not have. Package suite cannot check that, because the name may be that
// of a subject.
func known(s *suite.Suite) error {
	for _, cell := range s.Cells() {
		if sub, _ := s.Subject(cell); sub != nil || cell["mpm"] == "" {
			continue
		}
		if _, err := mpm.Lookup(cell["mpm"]); err != nil {
			return fmt.Errorf("suite %s: axes.mpm: %w, and there is no [[subject]] of that name", s.File, err)
		}
	}
	return nil
}

// suite runs one suite, or calls show for a dry run. takes is the estimated
// duration.
func (fl *runFlags) suite(ctx context.Context, s *suite.Suite, name, dir string, stdout, stderr io.Writer, show func(io.Writer, *run.Experiment) error) (takes time.Duration, err error) {
	progress := newRunProgress(stderr)
	x, err := run.New(s, run.Options{
		Dir: dir, Seed: fl.seed, Repeat: fl.repeat, Scale: fl.scale, Only: fl.only, Budget: fl.budget, Progress: fl.shown(dir, progress.show), StopBusy: !fl.busy,
	})
	if err != nil {
		return 0, err
	}
	defer x.Close()
	if fl.dryRun {
		return x.Estimate(), show(stdout, x)
	}
	x.Manifest.Command = fl.command(name, &x.Manifest)
	return x.Estimate(), fl.experiment(ctx, x, dir, progress, stdout)
}

// command returns the command that repeats the run.
func (fl *runFlags) command(suite string, m *record.Manifest) string {
	c := fmt.Sprintf("lflab run %s --seed %d --repeat %d", suite, m.Seed, m.Repeat)
	if fl.scale != 1 {
		c += fmt.Sprintf(" --scale %g", fl.scale)
	}
	if fl.budget > 0 {
		c += fmt.Sprintf(" --budget %v", fl.budget)
	}
	if len(fl.only) > 0 {
		c += " --only " + strings.Join(fl.only, ",")
	}
	return c
}

// experiment runs one experiment and prints its results.
func (fl *runFlags) experiment(ctx context.Context, x *run.Experiment, dir string, progress *runProgress, stdout io.Writer) error {
	m := &x.Manifest
	about := fitted(progress.Writer)
	fmt.Fprintf(about, "%s\n%s\n", m.Title, m.Question)
	for _, s := range m.Skipped {
		fmt.Fprintf(about, "left out: %s\n", s)
	}
	progress.label = func(c record.Cell) string { return record.Label(m.Axes, c) }
	r, err := x.Run(ctx)
	progress.end()
	if errors.Is(err, run.ErrInterrupted) {
		return fmt.Errorf("%w, which are kept (continue with: lflab run --resume %s)", err, dir)
	}
	if err != nil {
		return err
	}
	printAside(fitted(stdout), &r.Manifest)
	if err := present(stdout, r, fl.verbose); err != nil {
		return err
	}
	if fl.page != nil {
		fl.page.Ended()
	}
	return nil
}

// printSummary prints the size and estimated duration of a suite.
func printSummary(w io.Writer, x *run.Experiment) error {
	w = fitted(w)
	m := &x.Manifest
	fmt.Fprintf(w, "suite %s, seed %d: %d trials in %d blocks, about %v\n",
		m.Suite, m.Seed, len(m.Plan), m.Plan[len(m.Plan)-1].Repetition+1, x.Estimate().Round(time.Second))
	if m.BudgetS > 0 {
		fmt.Fprintf(w, "the rest of %v then goes to the widest intervals\n", time.Duration(m.BudgetS*float64(time.Second)))
	}
	for _, s := range m.Skipped {
		if _, err := fmt.Fprintf(w, "left out: %s\n", s); err != nil {
			return err
		}
	}
	return nil
}

func printPlan(w io.Writer, x *run.Experiment) error {
	m := &x.Manifest
	if err := printSummary(w, x); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "order\tblock\tid\tcell")
	for i, p := range m.Plan {
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\n", i+1, p.Repetition+1, p.ID, record.Label(m.Axes, p.Cell))
	}
	return t.Flush()
}
