package probe

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/probe/stage"
)

// ownShape recognises this project's servers, whose thread names begin with the
// architecture.
func ownShape(pid int) stage.Shape {
	votes := map[stage.Shape]int{}
	files, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "comm"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		name, number, ok := strings.Cut(strings.TrimSpace(string(text)), "-")
		if _, err := strconv.Atoi(number); ok && err == nil && slices.Contains(stage.Shapes(), stage.Shape(name)) {
			votes[stage.Shape(name)]++
		}
	}
	best := stage.Unknown
	for s, n := range votes {
		if n > votes[best] && n*2 > len(files)/2 {
			best = s
		}
	}
	return best
}

// recognise derives the shape from what the threads did with connections.
func (r *Result) recognise() stage.Shape {
	c := &r.counts
	served := float64(c.Requests)
	if served == 0 || c.Connections == 0 && c.Moves == 0 && c.Polls == 0 {
		return stage.Unknown // many architectures serve kept connections without a hand-off
	}
	moved := float64(c.RequestsPassed+c.RequestsQueued) / served
	events := float64(max(c.Connections, c.Requests))
	polls := float64(c.Polls) >= 0.2*events
	leads := float64(c.HandoffsLead) >= 0.2*float64(max(c.Connections, 1))
	switch {
	case moved >= 0.5 && polls:
		return stage.Event
	case moved >= 0.5:
		return stage.Worker
	case leads && polls: // for example, a runtime's own scheduler
		return stage.Unknown
	case leads:
		return stage.Leader
	case polls:
		return stage.Percore
	case r.Processes > 2: // a parent and more than one child
		return stage.Prefork
	}
	return stage.Kernel
}

// handoff returns the group of the shape's hand-offs. A process that serves
// nothing, for example a benchmark of a primitive, has only bare ones.
func (r *Result) handoff() stage.Group {
	switch {
	case r.Shape == stage.Leader:
		return stage.Lead
	case r.counts.Connections+r.counts.Requests+r.counts.HandoffsItem+r.counts.HandoffsLead == 0:
		return stage.Bare
	}
	return stage.Item
}

// gaps returns the groups of the shape's gaps: those in which a thread was
// available to wait again, and those in which none was. Shapes whose threads
// all wait at once have no gaps.
func gaps(s stage.Shape) (present, none []stage.Group) {
	switch s {
	case stage.Leader:
		return []stage.Group{stage.Passed}, []stage.Group{stage.Retook, stage.Joined}
	case stage.Worker, stage.Event:
		return []stage.Group{stage.Retook}, []stage.Group{stage.Passed, stage.Joined}
	}
	return nil, nil
}
