package main

import (
	"github.com/spf13/cobra"

	"lflab/experiments/run/process"
)

func newKeepCommand() *cobra.Command {
	return &cobra.Command{
		Use:    process.KeepCommand,
		Short:  "start programs for lflab run, and end all that they leave behind",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE:   func(*cobra.Command, []string) error { return process.Keep() },
	}
}
