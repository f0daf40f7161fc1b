package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"lflab/experiments/probe"
	"lflab/experiments/probe/metrics"
	"lflab/experiments/probe/stage"
	"lflab/experiments/stats"
)

// intervals shows a measurement while it goes on.
type intervals struct {
	lines  io.Writer // one line per interval
	asJSON bool
	shown  int
	err    error // of lines

	listener net.Listener // nil: no metrics
	serving  chan error
	stop     context.CancelFunc
}

// intervalLine is a line of NDJSON.
type intervalLine struct {
	Time time.Time `json:"time"` // end of the interval
	*stage.Report
}

// newIntervals opens what p asks for and sets it in p.cfg. Without --interval and
// --listen it does nothing.
func newIntervals(ctx context.Context, stdout, stderr io.Writer, p *probeFlags) (*intervals, error) {
	l := &intervals{lines: stdout, asJSON: p.json != ""}
	if p.cfg.Interval > 0 {
		if l.asJSON && p.json != "-" {
			file, err := os.Create(p.json)
			if err != nil {
				return nil, fmt.Errorf("write the intervals: %w", err)
			}
			l.lines = file
		}
		p.cfg.Each = l.show
	}
	if p.listen == "" {
		return l, nil
	}
	var err error
	if l.listener, err = metrics.Listen(p.listen); err != nil {
		return nil, errors.Join(fmt.Errorf("--listen: %w", err), l.closeLines())
	}
	fmt.Fprintf(stderr, "probe: metrics at http://%s/metrics\n", l.listener.Addr())
	if !metrics.IsLoopback(l.listener) {
		fmt.Fprintln(stderr, "lflab: note: other machines can read the metrics, without a password")
	}
	asked := make(chan chan<- *probe.Result)
	p.cfg.Asked = asked
	ctx, l.stop = context.WithCancel(ctx)
	l.serving = make(chan error, 1)
	measured := func(ctx context.Context) (metrics.Source, error) { return askProbe(ctx, asked) }
	go func() { l.serving <- metrics.Serve(ctx, l.listener, measured) }()
	return l, nil
}

// askProbe asks the measurement for its result so far.
func askProbe(ctx context.Context, asked chan<- chan<- *probe.Result) (*probe.Result, error) {
	reply := make(chan *probe.Result, 1)
	select {
	case asked <- reply:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case r := <-reply:
		return r, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// end ends what newIntervals opened, and returns what went wrong with it.
func (l *intervals) end() error {
	var err error
	if l.listener != nil {
		l.stop()
		err = <-l.serving
	}
	return errors.Join(l.err, err, l.closeLines())
}

func (l *intervals) closeLines() error {
	if file, ok := l.lines.(*os.File); ok && l.asJSON && file != os.Stdout {
		return file.Close()
	}
	return nil
}

// show writes one interval. Each line is written at once, because the next one
// may be long in coming.
func (l *intervals) show(r *probe.Result) error {
	text := intervalText(r.Report())
	if l.asJSON {
		line, err := json.Marshal(intervalLine{time.Now(), r.Report()})
		if err != nil {
			return fmt.Errorf("encode an interval: %w", err)
		}
		text = string(line) + "\n"
	} else if l.shown%20 == 0 {
		text = intervalHeader + text
	}
	l.shown++
	if _, err := io.WriteString(l.lines, text); err != nil {
		l.err = fmt.Errorf("write an interval: %w", err)
		return l.err
	}
	return nil
}

const intervalHeader = "     s  accepts/s requests/s   woken/s  wasted/s     D p50     D p99     H p50     H p99     G p50     G p99  lost shape\n"

// intervalText formats an interval as a line of a table.
func intervalText(r *stage.Report) string {
	rate := func(name string) float64 { return float64(r.Counts[name]) / max(r.DurationS, 1e-9) }
	quantile := func(d *stats.Dist, q float64) string {
		if d == nil {
			return "-"
		}
		return quantileNs(*d, q)
	}
	return fmt.Sprintf("%6.2f %10.0f %10.0f %9.0f %9.0f %9s %9s %9s %9s %9s %9s %5d %s\n", r.DurationS,
		rate("connections"), rate("requests"), rate("wakes_issued"), rate("wakes_wasted"),
		quantile(r.D, 0.5), quantile(r.D, 0.99), quantile(r.H, 0.5), quantile(r.H, 0.99), quantile(r.G, 0.5), quantile(r.G, 0.99),
		r.Lost.Records+r.Lost.Missed+r.Lost.Dropped, r.Shape)
}
