package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"lflab/experiments/record"
	"lflab/experiments/report"
	"lflab/experiments/verdict"
)

func newCompareCommand(stdout, stderr io.Writer) *cobra.Command {
	var unlike, absolute bool
	var gate, only []string
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "hold two results directories against each other",
		Long: `compare says whether two runs of a suite come to the same rules and ratios. It
lists the rules with the outcome of each run, then the ratios whose intervals do
not overlap, and counts both. Both runs are judged by the rules of B. Ratios are
taken within blocks, so they can agree on machines of different speed, where
absolute values cannot. Trials that did not pass their validity gates are left
out, and those that cannot be read are named. Runs with other loads are refused,
with what differs; --unlike compares them all the same. A difference is a
finding, not a failure: the exit status is 0.

--absolute prints, cell by cell and metric by metric, the medians of both with
their intervals, the ratio of B to A, and the p-value of a Mann-Whitney test,
corrected after Holm over the metrics of the cell. About one cell in twenty
differs by chance, and all do if one machine is slower.

--gate is for CI. It takes how much worse a metric of B may be than A's, in per
cent, once for each metric, or a TOML file of such bounds:

    [bounds]
    cpu_us_per_request = "3%"      # in every phase that has it
    "open:latency_p99_ns" = "10%"  # in phase open

--only chooses cells. Each comparison more makes all of them stricter, so bound
what matters.

It prints one line for each cell and phase that is worse by its whole interval,
one for each that cannot be told, with the blocks that would tell, and ends with
status 0 (every interval lies within its bound), 1 (something is worse) or 2
(nothing is worse, but something cannot be told, because fewer than six trials
count or one run lacks the cell or the metric; or the runs cannot be compared).
A difference smaller than A's own trials differ by chance never fails. Both runs
must come from one machine, soon after each other: the gate takes a machine that
has become slower in between for a slower server.`,
		Example: `  lflab compare results/quick-20260102T150405Z results/quick-20260103T150405Z
  lflab compare --gate open:cpu_us_per_request=3% \
                --only mpm=leader,mode=close before after`,
		Args: arguments("a results directory", "another one"),
		RunE: func(_ *cobra.Command, args []string) error {
			stdout, stderr := fitted(stdout), fitted(stderr)
			bounds, err := readBounds(gate)
			switch {
			case err != nil:
				return usageError{err}
			case len(only) > 0 && len(gate) == 0:
				return usageError{errors.New("--only goes with --gate")}
			}
			// To CI the status 1 of an error would read as a regression.
			fault := func(err error) error {
				if len(bounds) > 0 {
					return usageError{err}
				}
				return err
			}
			a, err := record.OpenRecords(args[0])
			if err != nil {
				return fault(err)
			}
			b, err := record.OpenRecords(args[1])
			if err != nil {
				return fault(err)
			}
			printDamaged(stderr, a, b)
			differences := record.Unlike(a, b)
			if len(differences) > 0 && !unlike {
				return fault(fmt.Errorf("the loads are not the same (--unlike compares them all the same):\n  %s", strings.Join(differences, "\n  ")))
			}
			for _, d := range differences {
				fmt.Fprintln(stdout, "note:", d)
			}
			fmt.Fprintln(stdout, "note:", report.Speed(a, b))
			if len(bounds) > 0 {
				g, err := verdict.NewGate(a, b, bounds, only)
				if err != nil {
					return usageError{fmt.Errorf("--gate: %w", err)}
				}
				return passGate(stdout, g)
			}
			c := report.Compare(a, b)
			if err := c.WriteNotes(stdout); err != nil {
				return err
			}
			if absolute {
				if err := c.WriteCells(stdout); err != nil {
					return err
				}
			}
			return report.Agree(a, b).Write(stdout)
		},
	}
	cmd.Flags().BoolVar(&unlike, "unlike", false, "compare runs with other loads, too: then a difference may be the load's")
	cmd.Flags().BoolVar(&absolute, "absolute", false, "print the medians of every cell and metric, too")
	cmd.Flags().StringArrayVar(&gate, "gate", nil, "`[PHASE:]METRIC=PERCENT` by which B may be worse, or a TOML file of such bounds; decides the exit status")
	cmd.Flags().StringSliceVar(&only, "only", nil, "`key=value` terms that choose the cells of --gate")
	return cmd
}

// readBounds reads the values of --gate.
func readBounds(values []string) ([]verdict.Bound, error) {
	var all []verdict.Bound
	for _, value := range values {
		if !strings.HasSuffix(value, ".toml") {
			b, err := verdict.ParseBound(value)
			if err != nil {
				return nil, fmt.Errorf("--gate: %w", err)
			}
			all = append(all, b)
			continue
		}
		var file struct{ Bounds map[string]string }
		text, err := os.ReadFile(value)
		if err != nil {
			return nil, fmt.Errorf("--gate %s: %w (want [PHASE:]METRIC=PERCENT or a TOML file of bounds)", value, err)
		}
		md, err := toml.Decode(string(text), &file)
		if err != nil {
			return nil, fmt.Errorf("--gate %s: %w", value, err)
		}
		if unknown := md.Undecoded(); len(unknown) > 0 {
			return nil, fmt.Errorf("--gate %s: unknown key %s (allowed: a table [bounds] of metrics)", value, unknown[0])
		}
		if len(file.Bounds) == 0 {
			return nil, fmt.Errorf("--gate %s: there is no bound in it (a table [bounds] has lines as cpu_us_per_request = \"3%%\")", value)
		}
		for metric, share := range file.Bounds {
			b, err := verdict.ParseBound(metric + "=" + share)
			if err != nil {
				return nil, fmt.Errorf("--gate %s: %w", value, err)
			}
			all = append(all, b)
		}
	}
	bounds, err := verdict.Bounds(all)
	if err != nil {
		return nil, fmt.Errorf("--gate: %w", err)
	}
	return bounds, nil
}

// passGate writes a gate's lines. It returns an error with the exit status if
// the gate did not pass.
func passGate(stdout io.Writer, g *verdict.Gate) error {
	if err := g.Write(stdout); err != nil || g.Result == verdict.GatePassed {
		return err
	}
	worse := slices.IndexFunc(g.Lines, func(l verdict.GateLine) bool { return l.Result == verdict.GateFailed })
	if worse >= 0 {
		return fmt.Errorf("%s of %s in phase %s is worse than its bound", g.Lines[worse].Bound.Metric, g.Lines[worse].Cell, g.Lines[worse].Phase)
	}
	return usageError{fmt.Errorf("it cannot be told whether the second run is worse")}
}
