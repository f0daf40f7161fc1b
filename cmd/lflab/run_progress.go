package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/run"
	"lflab/experiments/terminal"
	"lflab/experiments/words"
)

// betweenLines is the time between two lines of progress where a line cannot be
// rewritten.
const betweenLines = 10 * time.Second

// runProgress shows the progress of a run: on a terminal as one line that is
// rewritten, elsewhere as a line every ten seconds. It draws between trials
// only, so that drawing does not disturb measurements.
type runProgress struct {
	screen
	label func(record.Cell) string
	now   func() time.Time

	drawn    bool           // a line of the terminal is to be removed
	last     time.Time      // of the last line elsewhere
	waiting  bool           // the last line said that other programs are waited for
	failures map[string]int // trials that did not count, by gate, or "failed"
}

func newRunProgress(w io.Writer) *runProgress {
	return &runProgress{screen: screenOf(w), label: func(record.Cell) string { return "" }, now: time.Now, failures: map[string]int{}}
}

func (p *runProgress) show(s run.Progress) {
	if t := s.Trial; t != nil && s.Busy == 0 {
		if t.Failed {
			p.failures["failed"]++
		}
		for _, gate := range failedGates(t) {
			p.failures[gate]++
		}
	}
	line := p.line(s)
	if p.terminal {
		p.drawn = true
		fmt.Fprintf(p.Writer, "\r%s\x1b[K", terminal.Cut(line, p.width-1)) // the last column would begin a line
		return
	}
	now, begins := p.now(), s.Busy > 0 && !p.waiting
	p.waiting = s.Busy > 0
	if now.Sub(p.last) < betweenLines && !begins {
		return
	}
	p.last = now
	fmt.Fprintln(terminal.Fold(p.Writer, p.width), line)
}

// line returns a line like "trial 12/60, 30 s left, leader/close 41,200 req/s;
// gates: 2 other_load". What matters most is at its beginning.
func (p *runProgress) line(s run.Progress) string {
	if s.Busy > 0 {
		return fmt.Sprintf("other programs use %.0f %% of the machine's CPU time: waiting for them to end", 100*s.Busy)
	}
	parts := []string{fmt.Sprintf("trial %d/%d", s.Done, s.Total)}
	switch {
	case s.Trial == nil:
		parts[0] = fmt.Sprintf("%d of %d trials done", s.Done, s.Total)
	case s.Makeup > 0:
		parts[0] = fmt.Sprintf("make-up %d of at most %d", s.Makeup, s.MostMakeups)
	}
	parts = append(parts, roughly(s.Left)+" left")
	if s.Budget > 0 {
		parts = append(parts, roughly(s.Budget)+" of the budget")
	}
	if t := s.Trial; t != nil {
		parts = append(parts, strings.TrimSpace(p.label(t.Cell)+" "+outcomeOf(t)))
	}
	return strings.Join(parts, ", ") + p.failed()
}

// outcomeOf describes a trial in a few words.
func outcomeOf(t *record.Trial) string {
	switch {
	case t.Failed:
		return "failed: " + strings.ReplaceAll(t.Failure, "\n", " ")
	case !t.Clean():
		return "left out"
	case len(t.Phases) > 0 && t.Phases[0].Requests > 0:
		return words.Thousands(t.Phases[0].RequestsPerSecond) + " req/s"
	case len(t.Phases) > 0 && t.Phases[0].H != nil:
		return words.Thousands(t.Phases[0].H.Mean) + " ns"
	}
	return ""
}

// failed counts the trials that did not count so far, by the gates that they did
// not pass.
func (p *runProgress) failed() string {
	if len(p.failures) == 0 {
		return ""
	}
	var parts []string
	for _, gate := range slices.Sorted(maps.Keys(p.failures)) {
		parts = append(parts, fmt.Sprintf("%d %s", p.failures[gate], gate))
	}
	return "; gates: " + strings.Join(parts, ", ")
}

// roughly formats a time in whole seconds, or above 5 min in whole minutes.
func roughly(d time.Duration) string {
	if d > 5*time.Minute {
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// end removes the line from a terminal.
func (p *runProgress) end() {
	if p.drawn {
		fmt.Fprint(p.Writer, "\r\x1b[K")
		p.drawn = false
	}
}
