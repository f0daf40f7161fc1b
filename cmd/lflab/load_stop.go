package main

import (
	"context"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// stopped is why a load ended before its time. For those who ask, it is a
// cancelled context.
type stopped struct{ os.Signal }

func (s stopped) Error() string        { return s.Signal.String() }
func (s stopped) Is(target error) bool { return target == context.Canceled }

// stopSignals returns a context that the first Ctrl-C or TERM ends. The second
// ends the process, whatever it does by then. A closed pipe is an error of the
// write and does not end it.
func stopSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signal.Ignore(unix.SIGPIPE)
	signals := make(chan os.Signal, 2) // both, even when they come before anybody looks
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
