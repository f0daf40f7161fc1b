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

// stoppedTwice is a context that ends with the first signal to stop. With the
// second one the program ends at once, and what it has started with it: also where
// nobody looks at the context, while a report is written, say.
func stoppedTwice(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	stops := make(chan os.Signal, 2)
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // of nohup
		signals = append(signals, syscall.SIGHUP)
	}
	signal.Notify(stops, signals...)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-stops:
			cancel()
			fmt.Fprintf(stderr, "%v: ending in order, once more ends at once\n", s)
		case <-done:
			return
		}
		select {
		case s := <-stops:
			process.KillAll()
			os.Exit(128 + int(s.(syscall.Signal))) // as a shell tells it
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(stops)
		close(done)
		cancel()
	}
}
