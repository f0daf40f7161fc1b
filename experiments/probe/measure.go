package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lflab/experiments/probe/stage"

	"golang.org/x/sys/unix"
)

// Config describes one measurement of running processes.
type Config struct {
	Options
	Shape    stage.Shape   // Unknown: recognise it
	Duration time.Duration // 0: until ctx or the target ends

	// Cost is how long, after the measurement, the programs' own time is
	// measured. 0 means not at all. It does not affect the results.
	Cost time.Duration

	// Began, if set, is called when the measurement has begun.
	Began func(targets []Target)
	// Progress, if set, is called a few times a second.
	Progress func(elapsed time.Duration, counts map[string]uint64)
	// Each, if set, is called after each Interval and at the end with what
	// happened since its last call. Its error ends the measurement.
	Each     func(interval *Result) error
	Interval time.Duration
	// Asked, if set, is where others ask for the result so far while the
	// measurement goes on. Each is answered once, on a channel that must have
	// room for the answer.
	Asked <-chan chan<- *Result
	// Quiet, if set, is called once if nothing has happened in the first
	// second. The sentence says what the target's threads do.
	Quiet func(sentence string)
}

// Measurement is the result of Measure.
type Measurement struct {
	Result *Result
	Report *stage.Report
	// Records is empty unless Options asked for records.
	Records     *Records
	ThreadNames map[uint32]string // of the threads in Records that still exist
	// Ended says why the measurement ended early. It is nil if it did not.
	Ended error
}

// ErrTargetEnded is the reason if the target ended early.
var ErrTargetEnded = errors.New("the process ended")

// look is how often Measure checks the target.
const look = 200 * time.Millisecond

// Measure follows the targets for c.Duration. If ctx or the target ends first,
// it returns what it measured until then. It returns an error if there was
// nothing to measure.
func Measure(ctx context.Context, c Config) (*Measurement, error) {
	if err := refuseElsewhere(c.Options); err != nil {
		return nil, err
	}
	p, err := Open(c.Options)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	exits, err := p.watchExits()
	if err != nil {
		return nil, err
	}
	defer exits.close()
	if err := p.Start(); err != nil {
		return nil, err
	}
	if c.Began != nil {
		c.Began(p.targets)
	}
	m := &Measurement{Records: &p.records}
	between := &intervals{each: c.Each}
	m.Ended = p.wait(ctx, c, exits, between)
	if err := p.Stop(); err != nil {
		return nil, err
	}
	if m.Result, err = p.Result(c.Shape); err != nil {
		return nil, err
	}
	if c.Each != nil {
		if err := between.give(m.Result); err != nil && m.Ended == nil {
			m.Ended = err
		}
	}
	if c.Calls {
		m.ThreadNames = p.records.ThreadNames()
	}
	m.Report = m.Result.Report()
	if m.Result.Idle() {
		if n := len(p.targets); n > 1 {
			return m, fmt.Errorf("none of %d processes did anything in %.1f s that the probe follows: no thread was seen to accept a connection, to read from one, to call futex, or to be woken by another (%s; are they the processes that serve, and is there load on them?)",
				n, m.Result.DurationS, listTargets(p.targets))
		}
		return m, fmt.Errorf("process %d (%s) did nothing in %.1f s that the probe follows: no thread was seen to accept a connection, to read from one, to call futex, or to be woken by another (%s; is it the process that serves, and is there load on it?)",
			m.Result.Target.PID, m.Result.Target.Name(), m.Result.DurationS, describeThreads(m.Result.Target.PID))
	}
	if c.Cost > 0 && m.Ended == nil {
		cost, err := p.MeasureCost(ctx, c.Cost)
		if err != nil {
			return m, err
		}
		m.Report.Cost = &cost
	}
	return m, nil
}

// wait returns nil after the whole duration, and otherwise the reason why it
// ended early.
func (p *Probe) wait(ctx context.Context, c Config, exits *exits, between *intervals) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	var each <-chan time.Time
	if c.Each != nil && c.Interval > 0 {
		ticks := time.NewTicker(c.Interval)
		defer ticks.Stop()
		each = ticks.C
	}
	asked := false
	for {
		elapsed := time.Since(p.began)
		if c.Duration > 0 && elapsed >= c.Duration {
			return nil
		}
		var end <-chan time.Time
		if c.Duration > 0 && c.Duration-elapsed < look {
			end = time.After(c.Duration - elapsed)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-end:
			return nil
		case <-each:
			// What is left of the last interval is given out at the end.
			if left := c.Duration - time.Since(p.began); c.Duration > 0 && left < c.Interval/2 {
				continue
			}
			now, err := p.Result(c.Shape)
			if err == nil {
				err = between.give(now)
			}
			if err != nil {
				return err
			}
			continue
		case reply := <-c.Asked:
			now, err := p.Result(c.Shape)
			if err != nil {
				return err
			}
			reply <- now
			continue
		case <-tick.C:
		}
		if exits.all() {
			return ErrTargetEnded
		}
		counts, err := p.Counts()
		if err != nil {
			return err
		}
		if c.Progress != nil {
			c.Progress(time.Since(p.began), counts)
		}
		if !asked && time.Since(p.began) > time.Second {
			asked = true
			if counts["events"] == 0 && c.Quiet != nil {
				c.Quiet(fmt.Sprintf("nothing has happened yet in process %d: %s", p.targets[0].PID, describeThreads(p.targets[0].PID)))
			}
		}
	}
}

// exits holds pidfds of the targets, which become readable when the targets end
// (pidfd_open(2)).
type exits struct{ fds []unix.PollFd }

func (p *Probe) watchExits() (*exits, error) {
	e := &exits{}
	for _, t := range p.targets {
		fd, err := unix.PidfdOpen(t.PID, 0)
		if err != nil {
			e.close()
			return nil, fmt.Errorf("process %d has ended before it could be watched: %w", t.PID, err)
		}
		e.fds = append(e.fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	return e, nil
}

// all reports whether every target has ended.
func (e *exits) all() bool {
	_, _ = unix.Poll(e.fds, 0) // if a signal interrupts it, the next call tells
	return !slices.ContainsFunc(e.fds, func(f unix.PollFd) bool { return f.Revents&unix.POLLIN == 0 })
}

func (e *exits) close() {
	for _, f := range e.fds {
		_ = unix.Close(int(f.Fd))
	}
}

// describeThreads describes the present states of a process's threads.
func describeThreads(pid int) string {
	states := map[string]int{}
	files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "stat"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if _, rest, ok := strings.Cut(string(text), ") "); ok {
			states[rest[:1]]++
		}
	}
	if len(files) == 0 {
		return "it has ended"
	}
	names := map[string]string{"S": "sleeping", "R": "running", "D": "in uninterruptible sleep", "T": "stopped", "t": "being traced"}
	var parts []string
	for state, n := range states {
		name := names[state]
		if name == "" {
			name = "in state " + state
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(parts)
	own, _ := os.Readlink("/proc/self/ns/pid")
	theirs, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "ns", "pid"))
	if own != theirs && theirs != "" {
		parts = append(parts, "in pid namespace "+theirs)
	}
	return "threads: " + strings.Join(parts, ", ")
}
