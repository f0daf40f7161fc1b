package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lflab/experiments/handoff"
	"lflab/sync/park"
)

func newHandoffCommand(stdout io.Writer) *cobra.Command {
	var primitive, place string
	var rounds int
	var spin time.Duration
	cmd := &cobra.Command{
		Use:    "handoff",
		Short:  "time a hand-off between two threads, without a server",
		Long:   "handoff lets two locked threads pass a turn to and fro and prints the one-way\ntime. The suite handoff runs it.",
		Hidden: true,
		Args:   noArguments(nil),
		RunE: func(*cobra.Command, []string) error {
			kind, err := park.Lookup(primitive)
			if err != nil {
				return usageError{fmt.Errorf("--primitive: %w", err)}
			}
			if spin < 0 || spin > time.Millisecond {
				return usageError{fmt.Errorf("--spin %v: not in 0s to 1ms", spin)}
			}
			r, err := handoff.Run(handoff.Config{Kind: kind, Park: park.Options{Spin: spin}, Place: place, Rounds: rounds})
			if err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintf(stdout, "%s %.0f ns one way mean, p50 %.0f ns, p90 %.0f ns, p99 %.0f ns, %.2f switches\n",
				place, r.Mean, r.P50, r.P90, r.P99, r.Switches)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&primitive, "primitive", "futex", "what the threads sleep on, see lflab list")
	f.StringVar(&place, "place", "same", "where the threads run: "+strings.Join(handoff.Places, ", "))
	f.IntVar(&rounds, "rounds", 200_000, "round trips")
	f.DurationVar(&spin, "spin", park.DefaultSpin, "how long spinning primitives spin before they sleep")
	return cmd
}
