package lf

import (
	"testing"

	"lflab/cas"
)

// TestMutants shows that the checker catches each of them.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			alone(t)
			t.Parallel()
			if m.trials == nil {
				m.trials = []trial{{promotion: "handoff", threads: 2}, {promotion: "handoff", threads: 3}}
			}
			for _, what := range m.trials {
				c := newChecker(what, m)
				c.stop = true
				if found := c.run(); len(found) > 0 && found[0] != tooMany {
					t.Logf("%v: %d states: %v", what, c.store.len(), found)
					if testing.Verbose() {
						t.Logf("first:\n%s", c.story(c.found[found[0]]))
					}
					return
				}
				t.Logf("%v: %d states, not caught", what, c.store.len())
			}
			t.Error("not caught")
		})
	}
}

// TestMutantThatChangesNothing is the control: what mutants are given beyond
// the code that runs (finer states, the mark of an interruption) is no
// violation by itself.
func TestMutantThatChangesNothing(t *testing.T) {
	alone(t)
	for _, what := range []trial{
		{promotion: "handoff", threads: 2},
		{promotion: "open", threads: 2},
		{promotion: "lazy", threads: 2},
		{promotion: "adaptive", threads: 2},
		{promotion: "after-read", order: cas.FIFO, threads: 3, parking: atOnce, calm: true},
	} {
		c := newChecker(what, mutant{
			step: func(*checker, *state, int) bool { return false },
			lean: what.promotion != "handoff",
		})
		for _, name := range c.run() {
			t.Errorf("%v: %s:\n%s", what, name, c.story(c.found[name]))
		}
		t.Logf("%v: %d states", what, c.store.len())
	}
}

// TestTagIsForSeveralLeaders shows that it is the number of leaders that the
// tag is for: with one the code runs without it, with two it does not (see
// leadersMutants), and with the tag it does, within the same bounds.
func TestTagIsForSeveralLeaders(t *testing.T) {
	alone(t)
	for _, try := range []struct {
		leaders int
		mutant  mutant
	}{
		{1, mutant{lean: true, step: tagIsNotCounted}},
		{2, mutant{}},
	} {
		c := newChecker(withoutTag(try.leaders), try.mutant)
		for _, name := range c.run() {
			t.Errorf("%v: %s:\n%s", c.trial, name, c.story(c.found[name]))
		}
		t.Logf("%v: %d states", c.trial, c.store.len())
	}
}
