package lf

import (
	"fmt"
	"slices"
	"strings"
)

// label says which step led to a state.
type label struct {
	what   cause
	who    uint8
	choice uint8
}

type cause uint8

const (
	started cause = iota
	stepped
	arrived
	sourceClosed
	spuriousReturn
	earlyReturn
	interruption
)

// story describes the steps to a state, for a failing test to print. Threads
// are interchangeable and renumbered from state to state: the number in a line
// is the thread's place in the state before.
func (c *checker) story(at int32) string {
	var lines []string
	for ; at >= 0; at = c.parent[at] {
		s := c.unpack(at)
		by := c.label[at]
		what := [...]string{"start", "", "an event arrives", "the source ends",
			fmt.Sprintf("t%d FUTEX_WAIT returns for no reason", by.who),
			fmt.Sprintf("t%d is unparked for no reason", by.who),
			fmt.Sprintf("t%d the wait is interrupted", by.who)}[by.what]
		if by.what == stepped {
			before := c.unpack(c.parent[at])
			what = describe(&before.threads[by.who], by)
		}
		line := fmt.Sprintf("%-36s %v pending %d", what, s.image.Word, s.pending)
		if c.rules.watched {
			line += fmt.Sprintf(" sentinel %x leases %d", s.image.Sentinel, s.image.Lease)
		}
		lines = append(lines, line)
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

func describe(t *actor, by label) string {
	what := [...]string{"", "takes", "calls FUTEX_WAIT", "sleeps", "gives", "calls FUTEX_WAKE", "receives", "handles",
		"has found a free slot", "judges", "has seen everything", "is gone"}[t.at]
	if by.choice > 0 {
		what += ", the other way"
	}
	m := &t.m
	if t.at == running {
		what = [...]string{
			joining: fmt.Sprint("joins ", m.join.PC), following: "checks its promise", watching: fmt.Sprint("watches ", m.watch.PC),
			calling: fmt.Sprint("calls ", m.promote.PC), leading: "leads", beginning: fmt.Sprint("begins ", m.hold.PC),
			promoting:  fmt.Sprint("promotes ", m.promote.PC, " chooses ", m.choose.PC),
			processing: "processes", ending: "ends processing", yielding: "yields",
			terminating: fmt.Sprint("terminates ", m.terminate.PC), ended: "leaves"}[m.pc]
	}
	return fmt.Sprintf("t%d %s", by.who, what)
}
