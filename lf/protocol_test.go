package lf

import "testing"

// TestProtocol explores the code that runs. It finds no violation of S1-S7,
// L1, L2, L4 and L5 with any number of events, spurious wake-ups and EINTR.
func TestProtocol(t *testing.T) {
	for n := 1; n <= maxMembers; n++ {
		c := newChecker(n, mutant{})
		for _, name := range c.run() {
			t.Errorf("%d threads: %s:\n%s", n, name, c.story(c.found[name]))
		}
		t.Logf("%d threads: %d states", n, len(c.states))
	}
}
