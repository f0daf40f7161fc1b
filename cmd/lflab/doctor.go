package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lflab/experiments/machine"
	"lflab/experiments/probe"
)

func newDoctorCommand(stdout, _ io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "say what this machine allows and what would disturb a measurement",
		Long: `doctor checks the machine and changes nothing. It tries the kernel hooks of
lflab probe by attaching a program that does nothing to each for a moment.
Without the privilege for that, it names the missing one. Each line has a level:

  ok    good for a measurement
  note  shapes the results: know it
  warn  disturbs the results: change it if you can

Its exit status is 0 whatever it finds.`,
		Args: noArguments(nil),
		RunE: func(*cobra.Command, []string) error {
			all := append(machine.Doctor(), probe.Doctor()...)
			if err := printFindings(stdout, all); err != nil {
				return err
			}
			warnings := 0
			for _, f := range all {
				if f.Level == machine.Warn {
					warnings++
				}
			}
			if warnings == 0 {
				_, err := fmt.Fprintln(stdout, "\nnothing here would disturb a measurement")
				return err
			}
			_, err := fmt.Fprintf(stdout, "\n%d of these would disturb a measurement\n", warnings)
			return err
		},
	}
}

// printFindings writes a line for each finding. Where the width is known, long
// values stand in one column with what they mean.
func printFindings(stdout io.Writer, all []machine.Finding) error {
	between := "\t"
	if screenOf(stdout).width > 0 {
		between = ": "
	}
	w := tabwriter.NewWriter(fitted(stdout), 0, 0, 2, ' ', 0)
	for _, f := range all {
		fmt.Fprintf(w, "%s\t%s\t%s%s%s\n", f.Level, f.Name, f.Value, between, f.Sentence)
	}
	return w.Flush()
}
