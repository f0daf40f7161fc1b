// Command lflab is a laboratory for the Leader/Followers thread pattern. It
// parses flags, calls one function of the packages below, and prints.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// lflab exits with one of these statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is an error in the command line. It makes lflab exit with
// exitUsage.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func main() { os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:])) }

func execute(stdout, stderr io.Writer, args []string) int {
	root := newRootCommand(stdout, stderr)
	help := &written{w: stdout}
	root.SetOut(help) // package cobra ignores errors of writing help
	root.SetArgs(args)
	err := errors.Join(root.Execute(), help.err)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "lflab: %v\n", err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// written keeps the first error of its writer.
type written struct {
	w   io.Writer
	err error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

func newRootCommand(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "lflab",
		Short: "a laboratory for the Leader/Followers thread pattern",
		Long: `lflab answers one question with evidence: when a thread hands work to another
thread, what does it cost, where does the time go, and which server
architecture and which synchronisation primitive pay it on the path of a
request? Leader/Followers, where threads take turns accepting and nothing is
queued, is compared with its rivals on one code base.

Start with "lflab run": about 100 seconds of real servers under real load, a
table, and a report with figures. "lflab list" says what can be compared,
"lflab doctor" what would disturb a measurement on this machine.`,
		Example: `  lflab run
  lflab serve --mpm leader --listen 127.0.0.1:8080
  lflab load http://127.0.0.1:8080/hello --connections 32 --duration 5s`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf(", did you mean %s?", near[0])
			}
			return usageError{fmt.Errorf("unknown command %q%s (see lflab --help)", args[0], hint)}
		},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
	}
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newRunCommand(stdout, stderr),
		newServeCommand(stdout, stderr),
		newLoadCommand(stdout, stderr),
		newReportCommand(stdout, stderr),
		newCompareCommand(stdout, stderr),
		newListCommand(stdout),
		newProbeCommand(stdout, stderr),
		newDoctorCommand(stdout, stderr),
		newStatusCommand(stdout),
		newHandoffCommand(stdout),
		newSpinnerCommand(stdout),
		newKeepCommand(),
		newChildCommand(os.Exit),
	)
	for _, cmd := range root.Commands() {
		asUsage(cmd)
	}
	return root
}

// asUsage turns the errors of a command's argument check into usage errors.
func asUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
			}
			return nil
		}
	}
}
