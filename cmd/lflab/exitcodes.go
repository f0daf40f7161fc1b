package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"
)

// lflab exits with one of these statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitClosed = 128 + int(syscall.SIGPIPE) // as a shell reports a process that the signal has ended
)

// newExitCodesTopic returns the help topic on the exit status. It is no command:
// it cannot be run.
func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "what the exit status of each command means",
		Long: `Every command ends with one of these statuses:

  0    it is done; a finding that contradicts a claim is a result, not a failure
  1    it failed, or was interrupted; standard error has a sentence that says why
  2    the command line is wrong; standard error says what and what is allowed
  130  a second Ctrl-C ended it at once (143 after a second SIGTERM)
  141  the reader of its standard output went away, as in lflab list | head

Some commands say more with them:

  lflab load     1 if no request had a 2xx answer
  lflab compare  with --gate, for CI: 1 if something is worse than its bound,
                 2 if nothing is worse but something cannot be told, or if
                 the runs cannot be compared
  lflab serve    1 if the server could not start, with --check also if the
                 settings would not start one here
  lflab doctor   0 whatever it finds
  lflab run      1 if it was interrupted or a suite failed; what is complete is
                 kept, and lflab run --resume DIR goes on`,
	}
}

// statusOf returns the exit status for the error of a command.
func statusOf(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case outputClosed(err):
		return exitClosed
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailed
}

// outputClosed reports whether err says that nobody reads standard output any
// more. A broken pipe of a socket or of another file is a failure.
func outputClosed(err error) bool {
	path, ok := errors.AsType[*fs.PathError](err)
	return ok && path.Path == os.Stdout.Name() && errors.Is(path, syscall.EPIPE)
}
