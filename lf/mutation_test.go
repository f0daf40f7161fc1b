package lf

import (
	"testing"

	"lflab/cas"
)

// TestMutants shows that the checker finds each mutant.
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

// TestMutantThatChangesNothing is the control. The additions that a mutant gets
// beyond the real code (finer states, the mark of an interruption) cause no
// violation by themselves.
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

// TestTagIsForSeveralLeaders shows that the tag is needed for several leaders
// only. With one leader the code is correct without it. With two it is not (see
// leadersMutants), and with the tag it is, within the same bounds.
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
