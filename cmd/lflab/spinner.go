package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"lflab/experiments/lab"
	"lflab/experiments/machine"
)

func newSpinnerCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:    lab.SpinnerCommand,
		Short:  "keep every CPU from being idle, in the lowest scheduling class, until killed",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return machine.SpinIdle(func() { fmt.Fprintln(stdout, "spinning") })
		},
	}
}
