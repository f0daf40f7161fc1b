// Command lflab is a laboratory for the Leader/Followers thread pattern. It
// parses flags, calls one function of the packages below, and prints.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"lflab/experiments/terminal"
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
	printHelp := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		cmd.SetOut(terminal.Fold(help, screenOf(stdout).width))
		printHelp(cmd, args)
	})
	root.SetArgs(args)
	err := errors.Join(root.Execute(), help.err)
	status := statusOf(err)
	if status != exitDone && status != exitClosed {
		fmt.Fprintf(fitted(stderr), "lflab: %v\n", err)
	}
	return status
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

Start with "lflab run": two minutes of real servers under real load, a
table, and a report with figures. "lflab list" says what can be compared,
"lflab doctor" what would disturb a measurement on this machine, and
"lflab help exit-codes" what the exit status means.

Output fits the terminal, or COLUMNS. NO_COLOR and TERM=dumb are respected.`,
		Example: `  lflab run
  lflab serve --mpm leader --listen 127.0.0.1:8080
  lflab load http://127.0.0.1:8080/hello --connections 32 --duration 5s`,
		Version:       strings.TrimPrefix(versionLine(), "lflab "),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return unknownCommand(cmd, args[0])
		},
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
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
		newVersionCommand(stdout),
		newManCommand(stdout),
		newExitCodesTopic(),
		newHandoffCommand(stdout),
		newSpinnerCommand(stdout),
		newKeepCommand(),
		newChildCommand(os.Exit),
	)
	root.SetHelpCommand(newHelpCommand(root))
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		asUsage(cmd)
		if cmd.HasSubCommands() && !cmd.Runnable() {
			asGroup(cmd)
		}
	}
	return root
}

// unknownCommand returns the error for a command that parent does not have.
func unknownCommand(parent *cobra.Command, name string) error {
	hint := ""
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		hint = fmt.Sprintf(", did you mean %s?", near[0])
	} else if parent.HasParent() && parent.HasSubCommands() {
		var known []string
		for _, sub := range parent.Commands() {
			known = append(known, sub.Name())
		}
		hint = fmt.Sprintf(", known: %s", strings.Join(known, ", "))
	}
	return usageError{fmt.Errorf("unknown command %q%s (see %s --help)", name, hint, parent.CommandPath())}
}

// asGroup makes a command that only has commands of its own refuse others.
// Package cobra would print its help, as if that had been asked for.
func asGroup(group *cobra.Command) {
	group.SuggestionsMinimumDistance = 2
	group.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	for _, cmd := range group.Commands() {
		asUsage(cmd)
	}
}

// newHelpCommand returns the command that prints the help of another one.
// Package cobra's prints the general help for an unknown command.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		Long: `Help provides help for any command in the application.
Simply type lflab help [path to command] for full details.`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, start string) (names []string, _ cobra.ShellCompDirective) {
			if cmd, rest, err := root.Find(args); err == nil && len(rest) == 0 {
				for _, sub := range cmd.Commands() {
					if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), start) {
						names = append(names, sub.Name()+"\t"+sub.Short)
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil {
				return usageError{err}
			}
			if len(rest) > 0 {
				return unknownCommand(cmd, rest[0])
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
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
