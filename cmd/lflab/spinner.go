package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"lflab/experiments/machine"
	"lflab/experiments/run"
)

func newSpinnerCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:    run.SpinnerCommand,
		Short:  "keep every CPU from being idle, in the lowest scheduling class, until killed",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return machine.SpinIdle(func() { fmt.Fprintln(stdout, "spinning") })
		},
	}
}
