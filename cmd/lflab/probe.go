package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"lflab/experiments/probe"
	"lflab/experiments/probe/stage"
	"lflab/experiments/record"
	"lflab/experiments/run"
)

// probeFlags holds the flags of the command.
type probeFlags struct {
	cfg        probe.Config
	choice     probe.Choice
	shape      string
	json       string
	trace      string
	raw        string
	flight     string
	listen     string
	histograms bool
}

func newProbeCommand(stdout, stderr io.Writer) *cobra.Command {
	var p probeFlags
	cmd := &cobra.Command{
		Use:   "probe -p PID | --comm GLOB",
		Short: "time the hand-offs of a running process, stage by stage, in the kernel",
		Long: `probe follows the threads of a running process, of this project or any other,
and times what happens between "data is ready" and "it has been read", and
between "I wake you" and "you run". The process is neither changed nor stopped.

Processes are named by id (-p), or by what they are: --comm, --thread, --cgroup
and --all-of. Of different flags all must hold, of one flag that is given several
times one. Their children are followed too.

It prints three latencies, each with its stages:
  D  dispatch latency: from a connection's readiness to the first read of it
  H  hand-off latency: from the waker's system call to the woken thread's return
  G  leaderless gap: from an event's receipt until a thread waits for the next
and for each stage where it ran: on the waker's CPU, or on another one. This
matters because waking another CPU takes an interrupt.

The shape (leader, reactor, worker, event, loops, prefork, kernel, percore) says
which threads' hand-off H is. probe recognises it from what the threads do with
connections, unless --shape gives it. If it saw too little, it says why.

It needs the capabilities CAP_BPF and CAP_PERFMON, or root, and a kernel with
type information (BTF); "lflab doctor" tests each hook. While it runs, each
system call and each switch on the machine takes a little longer. probe prints
the time that its programs take, and "lflab run probe-servers" measures how much
a server loses. Ctrl-C ends it and prints the results so far.`,
		Example: `  # a server that is under load
  sudo lflab probe -p $(pgrep -o apache2) --duration 10s

  # all processes of a container that run nginx
  sudo lflab probe --cgroup 3f9c1e0b7a42 --comm nginx

  # for a program, and for ui.perfetto.dev: one track per thread
  sudo lflab probe -p PID --json out.json --trace out.trace.json

  # a server of this project: its own stamps beside the kernel's
  sudo lflab probe -p $(pgrep -o lflab) --flight http://127.0.0.1:8080

  # a line a second, until Ctrl-C; for a program with --json -
  sudo lflab probe -p PID --interval 1s --duration 0

  # for Prometheus: http://127.0.0.1:9435/metrics
  sudo lflab probe --comm 'apache2*' --listen :9435

  # every request and hand-off with all its stamps, one JSON object a line
  sudo lflab probe -p PID --duration 2s --raw events.ndjson`,
		Args: noArguments(func(argument string) string {
			if isNumber(argument) {
				return fmt.Sprintf(": did you mean -p %s?", argument)
			}
			return fmt.Sprintf(": say which process with -p, as in -p $(pgrep -o %s)", argument)
		}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.listen != "" && !cmd.Flags().Changed("duration") {
				p.cfg.Duration = 0
			}
			if err := p.check(); err != nil {
				return usageError{err}
			}
			ctx, cancel := signal.NotifyContext(cmd.Context(), os.Interrupt, unix.SIGTERM)
			defer cancel()
			return runProbe(ctx, stdout, stderr, &p)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntSliceVarP(&p.choice.PIDs, "pid", "p", nil, "`process` to follow; several may be given")
	f.StringArrayVar(&p.choice.Comms, "comm", nil, "follow the processes whose name matches this `glob`")
	f.StringArrayVar(&p.choice.Threads, "thread", nil, "... of which a thread has a name that matches this `glob`")
	f.StringArrayVar(&p.choice.Cgroups, "cgroup", nil, "... in this control group or below: a `path`, or a container's ID")
	f.StringArrayVar(&p.choice.Exes, "all-of", nil, "... that run this `program`")
	f.DurationVar(&p.cfg.Duration, "duration", 10*time.Second, "measured time; 0, as with --listen by default, goes on until Ctrl-C or the end of the process")
	f.DurationVar(&p.cfg.Interval, "interval", 0, "write a line for each `interval`, as in 1s; with --json an object a line, and no result at the end")
	f.StringVar(&p.listen, "listen", "", "serve metrics (OpenMetrics) under /metrics at this `address`, as in :9435; without a host on 127.0.0.1")
	f.BoolVar(&p.cfg.Children, "children", true, "also follow its child processes, including later ones")
	f.StringVar(&p.shape, "shape", "", "leader, reactor, worker, event, loops, prefork, kernel or percore; recognised by default")
	f.StringVar(&p.json, "json", "", "write the result as JSON to this file; - is standard output")
	f.StringVar(&p.trace, "trace", "", "write all waits, wake-ups and runs to this file, for ui.perfetto.dev")
	f.StringVar(&p.raw, "raw", "", "write single records as JSON lines to this file")
	f.StringVar(&p.flight, "flight", "", "`URL` of the server, if it is lflab serve --lab: join its flight recorder's stamps, for the stages in user code")
	f.BoolVar(&p.histograms, "histograms", false, "print the log2 histogram of each stage with its counts")
	f.IntVar(&p.cfg.RingBytes, "ring", probe.DefaultRing, "buffer for single records in `bytes`, a power of two")
	f.DurationVar(&p.cfg.Cost, "cost", 500*time.Millisecond, "time, after the measurement, to measure the probe's own cost; 0 skips it")
	return cmd
}

// check checks the flags before any time is spent, and completes cfg.
func (p *probeFlags) check() error {
	if p.choice.Empty() {
		return errors.New("--pid: missing [the id of a running process, as in -p $(pgrep -o apache2), or --comm, --thread, --cgroup or --all-of]")
	}
	p.choice.Children = p.cfg.Children
	var err error
	if p.cfg.Shape, err = stage.ParseShape(p.shape); err != nil {
		return fmt.Errorf("--shape: %w", err)
	}
	if d := p.cfg.Duration; d < 0 || d > 24*time.Hour {
		return fmt.Errorf("--duration %v: not in 0s to 24h", d)
	}
	if d := p.cfg.Interval; d != 0 && (d < 100*time.Millisecond || d > time.Hour) {
		return fmt.Errorf("--interval %v: not in 100ms to 1h", d)
	}
	if d := p.cfg.Cost; d < 0 || d > time.Minute {
		return fmt.Errorf("--cost %v: not in 0s to 1m", d)
	}
	if n := p.cfg.RingBytes; n < os.Getpagesize() || n > 1<<30 || n&(n-1) != 0 {
		return fmt.Errorf("--ring %d: must be a power of two, %d to %d", n, os.Getpagesize(), 1<<30)
	}
	for flag, path := range map[string]string{"--json": p.json, "--trace": p.trace, "--raw": p.raw} {
		if path == "" || path == "-" && flag == "--json" {
			continue
		}
		dir := filepath.Dir(path)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("%s %s: must be a file in a directory that exists [%s is none]", flag, path, dir)
		}
	}
	if p.flight != "" {
		if _, err := run.NewRecorder(p.flight); err != nil {
			return fmt.Errorf("--flight: %w", err)
		}
	}
	p.cfg.Requests = p.raw != "" || p.flight != ""
	p.cfg.Calls = p.trace != "" || p.raw != ""
	return nil
}

func runProbe(ctx context.Context, stdout, stderr io.Writer, p *probeFlags) error {
	targets, err := p.choice.Find()
	if err != nil {
		return err
	}
	for _, t := range targets {
		p.cfg.PIDs = append(p.cfg.PIDs, t.PID)
	}
	var recorder *run.Recorder
	if p.flight != "" {
		recorder, _ = run.NewRecorder(p.flight) // check has checked the URL
		if err := recorder.Check(ctx); err != nil {
			return fmt.Errorf("--flight %s: %w", p.flight, err)
		}
	}
	shown, err := newIntervals(ctx, stdout, stderr, p)
	if err != nil {
		return err
	}
	bar := newProgress(stderr, "probe", "events", p.cfg.Duration)
	if p.cfg.Duration > 0 && p.cfg.Interval == 0 {
		p.cfg.Progress = func(elapsed time.Duration, counts map[string]uint64) {
			bar.show(elapsed, p.cfg.Duration, counts["events"])
		}
	}
	var refused error
	p.cfg.Began = func(targets []probe.Target) {
		if recorder != nil {
			refused = recorder.Start(ctx)
		}
		for _, t := range targets {
			fmt.Fprintf(stderr, "probe: following process %d (%s)\n", t.PID, t.Name())
		}
	}
	p.cfg.Quiet = func(sentence string) { fmt.Fprintln(stderr, "lflab:", sentence) }
	m, err := probe.Measure(ctx, p.cfg)
	bar.end()
	if err = errors.Join(err, shown.end()); m == nil || err != nil {
		return err
	}
	if m.Ended != nil {
		fmt.Fprintf(stderr, "lflab: the measurement ended after %.1f s: %v\n", m.Report.DurationS, m.Ended)
	}
	table := fitted(stdout)
	if p.json == "-" {
		table = fitted(stderr)
	}
	out := probeResult{Report: m.Report}
	if recorder != nil && refused == nil {
		out.User, refused = recorder.Stop(context.WithoutCancel(ctx), m.Records)
	}
	printProbe(table, m.Report, p.histograms)
	printUser(table, out.User)
	if p.cfg.Interval > 0 {
		p.json = "" // it has the intervals
	}
	return errors.Join(refused,
		writeProbeJSON(stdout, p.json, out),
		writeRecords(p.trace, func(w io.Writer) error { return probe.WriteTrace(w, m.Records, m.ThreadNames) }),
		writeRecords(p.raw, func(w io.Writer) error { return probe.WriteRaw(w, m.Records) }),
	)
}

// probeResult holds the values that --json writes.
type probeResult struct {
	*stage.Report
	User *record.UserStages `json:"user_stages,omitempty"`
}

func writeProbeJSON(stdout io.Writer, path string, result probeResult) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(result, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	text = append(text, '\n')
	if path == "-" {
		_, err = stdout.Write(text)
	} else {
		err = os.WriteFile(path, text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// writeRecords writes a file with write. An empty path means no file.
func writeRecords(path string, write func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write records: %w", err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	if err := errors.Join(write(w), w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write records to %s: %w", path, err)
	}
	return nil
}
