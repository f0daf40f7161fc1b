package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lflab/experiments/load"
)

func newLoadCommand(stdout, stderr io.Writer) *cobra.Command {
	var (
		cfg      load.Config
		jsonPath string
	)
	cmd := &cobra.Command{
		Use:   "load URL",
		Short: "send HTTP/1.1 requests to a server and measure what its clients see",
		Long: `load keeps a server busy and measures what its clients see.

Without --rate it is a closed loop: each connection sends its next request when
it has its answer. This finds how much a server can do. But a server that stalls
also stops the requests, so few of them meet the stall.

With --rate it is an open loop: the times of all requests are planned first, and
no slow answer delays them, as with independent clients. A request whose
connection is not free waits, and the wait is part of its latency.

Two times are reported, and they answer different questions:
  latency       from the planned send to the last byte of the answer
  service time  from the actual send, or the start of its connect, to there
In a closed loop the two are nearly the same. The send lag is the generator's
own delay while a connection is free. If it is not small compared with the
latency, or if a warning says that the generator was saturated, the figures
describe the generator.

Four laws determine when the requests of an open loop are planned (--arrivals):
  poisson  random gaps, as from many independent clients
  fixed    equal gaps
  paired   two requests on two connections, --spacing apart, so that the second
           comes while the server is busy with handing over the first. The rate of
           pairs is half the --rate, and pairs never overlap. The table shows the
           actual spacing, and the latency of the second requests by itself. One
           thread needs some 10 µs for a send, 30 µs with --close; for a shorter
           spacing, --threads 2 sends the second from another CPU.
  burst    --burst requests at one instant, at random times

--cpus binds the generator's threads, so that they stay off the server's CPUs
(taskset binds those).

Every request is a GET of the URL, which must be http. A request counts if it
was planned in the measured time; load waits for later answers, at most for the
--timeout. A request without an answer counts as slower than the --timeout, so
that no quantile hides it. A request of the warm-up is not counted; if one was
open in the measured time for so long that the figures leave out something, the
table and the JSON say on how many connections, and how long. Only 2xx answers
are a success; without any, the exit status is 1.

Ctrl-C ends the load, waits a second for requests in flight, and prints the
results so far. A second Ctrl-C ends at once.`,
		Example: `  # how many requests a second, on 32 connections kept open
  lflab load http://127.0.0.1:8080/hello --connections 32 --duration 5s

  # the same with a new connection for each request
  lflab load http://127.0.0.1:8080/hello --close

  # the latency at 5000 requests a second, arriving at random
  lflab load http://127.0.0.1:8080/hello --rate 5000 --connections 128

  # pairs 20 µs apart, 500 a second, sent by two threads
  lflab load http://127.0.0.1:8080/hello --close --rate 1000 --threads 2 \
             --arrivals paired --spacing 20us

  # 16 requests at once, 100 times a second, from CPU 1
  lflab load http://127.0.0.1:8080/hello --rate 1600 --arrivals burst \
             --burst 16 --cpus 1

  # for a program: one JSON object, and nothing else, on standard output
  lflab load http://127.0.0.1:8080/hello --rate 5000 --arrivals fixed --json -`,
		Args: arguments("one URL, as http://127.0.0.1:8080/hello"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.URL = args[0]
			if err := checkArrivals(cmd, cfg); err != nil {
				return usageError{err}
			}
			if err := checkZeros(cmd); err != nil {
				return usageError{err}
			}
			if err := cfg.Validate(); err != nil {
				return usageError{err}
			}
			ctx, end := stopSignals(cmd.Context())
			defer end()
			out, err := openJSON(stdout, jsonPath)
			if err != nil {
				return usageError{err}
			}
			defer out.close()
			return runLoad(ctx, stdout, stderr, cfg, out)
		},
	}
	f := cmd.Flags()
	f.IntVar(&cfg.Connections, "connections", 32, "connections open at once; with --rate, the maximum")
	f.IntVar(&cfg.Threads, "threads", 1, "threads of the generator")
	f.DurationVar(&cfg.Duration, "duration", 10*time.Second, "measured time, after the warm-up")
	f.DurationVar(&cfg.Warmup, "warmup", 500*time.Millisecond, "load before the measured time, not counted")
	f.Float64Var(&cfg.Rate, "rate", 0, "requests per second of an open loop; 0 is a closed loop")
	f.StringVar((*string)(&cfg.Arrivals), "arrivals", string(load.Poisson), "of an open loop: poisson (random gaps), fixed (equal gaps), paired or burst")
	f.DurationVar(&cfg.Spacing, "spacing", 0, "of paired arrivals: from the first request's planned send to the second's, at most 1ms")
	f.IntVar(&cfg.Burst, "burst", 0, "of burst arrivals: requests in each, 1 to 1024")
	f.IntSliceVar(&cfg.CPUs, "cpus", nil, "bind the generator's threads to these CPUs in turn, as 0,1")
	f.BoolVar(&cfg.Close, "close", false, "a new connection for each request, with \"Connection: close\"")
	f.Uint64Var(&cfg.Seed, "seed", 1, "of the arrivals: the same seed plans the same times")
	f.DurationVar(&cfg.Timeout, "timeout", 10*time.Second, "a request without an answer after this time is an error")
	f.StringVar(&jsonPath, "json", "", "write the result as JSON to this file; - is standard output")
	return cmd
}

// checkArrivals refuses flags that have no effect on the arrivals in use, even
// if their values are harmless.
func checkArrivals(cmd *cobra.Command, cfg load.Config) error {
	flags := cmd.Flags()
	if flags.Changed("arrivals") && cfg.Rate == 0 {
		return fmt.Errorf("--arrivals %s: needs --rate [a closed loop has no planned arrivals]", cfg.Arrivals)
	}
	for _, of := range []struct {
		flag string
		law  load.Arrivals
	}{{"spacing", load.Paired}, {"burst", load.Burst}} {
		if flags.Changed(of.flag) && cfg.Arrivals != of.law {
			return fmt.Errorf("--%s %s: needs --arrivals %s", of.flag, flags.Lookup(of.flag).Value, of.law)
		}
	}
	return nil
}

func runLoad(ctx context.Context, stdout, stderr io.Writer, cfg load.Config, out *jsonOutput) error {
	table := stdout
	if out != nil && out.file == nil {
		table = stderr
	}
	progress := newProgress(stderr, "load", "answers", cfg.Warmup+cfg.Duration)
	cfg.Progress = progress.show
	cfg.Waiting = func(most time.Duration) {
		if progress.bar == nil {
			fmt.Fprintf(stderr, "load: waiting for missing answers, at most %v\n", most)
		}
	}
	result, err := load.Run(ctx, cfg)
	progress.end()
	if result == nil {
		var files *load.FilesError
		if errors.As(err, &files) {
			return usageError{err}
		}
		return err
	}
	if result.Duration > 0 {
		// The file is written first, because writing the table may fail.
		err = errors.Join(err, out.write(result))
		var text bytes.Buffer
		printLoad(&text, cfg, result)
		if _, e := fitted(table).Write(text.Bytes()); e != nil {
			err = errors.Join(err, fmt.Errorf("write the table: %w", e))
		}
	}
	if err == nil && result.Requests == 0 {
		return noSuccess(cfg, result)
	}
	return err
}

// noSuccess returns the error of a load without success, with what may help.
func noSuccess(cfg load.Config, r *load.Result) error {
	if held := r.Held.ToEnd; r.Planned == 0 && held > 0 {
		who := fmt.Sprintf("%d of %d connections", held, r.Starved.Asked)
		if held == r.Starved.Asked {
			who = "all " + plural(uint64(held), "connection", "connections")
		}
		return fmt.Errorf("load %s: no request was planned in the measured time of %v: %s waited for an answer from the warm-up on, to the end [does the server hang? see its log]",
			cfg.URL, cfg.Duration, who)
	}
	if r.Planned == 0 {
		return fmt.Errorf("load %s: no request was planned in the measured time of %v [a longer --duration; %d of %d connections had no answer]",
			cfg.URL, cfg.Duration, r.Starved.Unanswered, r.Starved.Asked)
	}
	most := ""
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		if most == "" || r.Errors[kind] > r.Errors[most] {
			most = kind
		}
	}
	return fmt.Errorf("load %s: none of %d requests succeeded: %s [%s]", cfg.URL, r.Planned, errorList(r.Errors), load.Advice(most))
}

// checkZeros refuses zeros that load.Config would replace by defaults.
func checkZeros(cmd *cobra.Command) error {
	for _, flag := range []struct{ name, zero, allowed string }{{"timeout", "0s", "1ms or more"}, {"threads", "0", "1 or more"}} {
		if f := cmd.Flags().Lookup(flag.name); f.Changed && f.Value.String() == flag.zero {
			return fmt.Errorf("--%s %s: must be %s", flag.name, flag.zero, flag.allowed)
		}
	}
	return nil
}
