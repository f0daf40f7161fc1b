package main

import (
	"context"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// stopped is the cause of a context that a signal has cancelled. errors.Is
// takes it for context.Canceled.
type stopped struct{ os.Signal }

func (s stopped) Error() string        { return s.Signal.String() }
func (s stopped) Is(target error) bool { return target == context.Canceled }

// stopSignals returns a context that the first Ctrl-C or TERM cancels. The
// second one ends the process at once. Writing to a closed pipe returns an
// error and does not end the process. The function returned undoes all this.
func stopSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signal.Ignore(unix.SIGPIPE)
	signals := make(chan os.Signal, 2) // room for both, before anybody receives
	signal.Notify(signals, os.Interrupt, unix.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			cancel(stopped{s})
		case <-done:
			return
		}
		select {
		case s := <-signals:
			os.Exit(128 + int(s.(unix.Signal)))
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Reset(unix.SIGPIPE)
		close(done)
		cancel(nil)
	}
}
