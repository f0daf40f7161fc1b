package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"lflab/experiments/run/process"
)

// stoppedTwice returns a context that the first signal to stop cancels. The
// second one ends this process and those that it has started at once, even
// while no code checks the context.
func stoppedTwice(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	stops := make(chan os.Signal, 2)
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup ignores it
		signals = append(signals, syscall.SIGHUP)
	}
	signal.Notify(stops, signals...)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-stops:
			cancel()
			fmt.Fprintf(stderr, "%v: ending in order; a second signal ends at once\n", s)
		case <-done:
			return
		}
		select {
		case s := <-stops:
			process.KillAll()
			os.Exit(128 + int(s.(syscall.Signal))) // the status that a shell reports for a signal
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(stops)
		close(done)
		cancel()
	}
}
