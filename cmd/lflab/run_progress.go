package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"lflab/experiments/record"
	"lflab/experiments/run"
)

// runProgress shows the progress of a run: as a bar on a terminal, elsewhere as
// a line for each trial. It draws between trials only, so that drawing does not
// disturb measurements.
type runProgress struct {
	w     io.Writer
	label func(record.Cell) string

	terminal bool
	bars     *mpb.Progress // nil before the first show
	bar      *mpb.Bar
	redraw   chan any
	text     string
}

func newRunProgress(w io.Writer) *runProgress {
	p := &runProgress{w: w, label: func(record.Cell) string { return "" }}
	if file, ok := w.(*os.File); ok {
		_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
		p.terminal = err == nil
	}
	return p
}

func (p *runProgress) show(s run.Progress) {
	line := p.line(s)
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	if p.bars == nil {
		p.redraw = make(chan any)
		p.bars = mpb.New(mpb.WithOutput(p.w), mpb.WithWidth(40), mpb.WithManualRefresh(p.redraw))
		p.bar = p.bars.AddBar(int64(s.Total), mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.text })))
	}
	p.text = line
	p.bar.SetTotal(int64(s.Total), false)           // the plan may have grown
	p.bar.SetCurrent(int64(min(s.Done, s.Total-1))) // a full bar would end before end
	p.redraw <- time.Now()
}

// line returns a line like "trial 12/60 leader/close 41,200 req/s, 30 s left".
func (p *runProgress) line(s run.Progress) string {
	left := roughly(s.Left) + " left"
	if s.Budget > 0 {
		left += ", " + roughly(s.Budget) + " of the budget"
	}
	if s.Busy > 0 {
		return fmt.Sprintf("other programs use %.0f %% of the machine's CPU time: waiting for them to end", 100*s.Busy)
	}
	if s.Trial == nil {
		return fmt.Sprintf("%d of %d trials done, about %s", s.Done, s.Total, left)
	}
	t := s.Trial
	what := ""
	switch {
	case t.Failed:
		what = "failed: " + strings.ReplaceAll(t.Failure, "\n", " ")
	case len(t.Phases) > 0 && t.Phases[0].Requests > 0:
		what = thousands(t.Phases[0].RequestsPerSecond) + " req/s"
	case len(t.Phases) > 0 && t.Phases[0].H != nil:
		what = thousands(t.Phases[0].H.Mean) + " ns"
	}
	if !t.Failed && !t.Clean() {
		what += " (does not count: " + strings.Join(failedGates(t), ", ") + ")"
	}
	if s.Makeup > 0 {
		return fmt.Sprintf("make-up %d of at most %d %s %s, %s", s.Makeup, s.MostMakeups, p.label(t.Cell), what, left)
	}
	return fmt.Sprintf("trial %d/%d %s %s, %s", s.Done, s.Total, p.label(t.Cell), what, left)
}

// roughly formats a time in whole seconds, or above 5 min in whole minutes.
func roughly(d time.Duration) string {
	if d > 5*time.Minute {
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// end removes the bar.
func (p *runProgress) end() {
	if p.bars != nil {
		p.bar.Abort(true)
		close(p.redraw)
		p.bars.Wait()
	}
}

// thousands formats a number without decimals and with commas, as 41,200.
func thousands(v float64) string {
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
