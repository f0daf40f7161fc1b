package control

import (
	"testing"
	"time"
)

func TestGrief(t *testing.T) {
	var g restartPause
	now := time.Unix(1000, 0)
	for i, want := range []time.Duration{1, 2, 4, 8, 10, 10} {
		if got := g.died(now, time.Millisecond); got != want*time.Second {
			t.Errorf("death %d: held back %v, want %v s", i, got, int(want))
		}
		if g.over(now) || g.over(now.Add(want*time.Second-1)) || !g.over(now.Add(want*time.Second)) {
			t.Errorf("death %d: not held back for %v", i, want)
		}
		now = now.Add(want * time.Second)
	}
	if got := g.died(now, tooSoon); got != 0 || !g.over(now) {
		t.Errorf("one that had lived: held back %v", got)
	}
	if got := g.died(now, 0); got != time.Second {
		t.Errorf("and the row begins again with %v", got)
	}
	// C13
	if got := g.failed(now); got != 10*time.Second || g.over(now.Add(got-1)) || !g.over(now.Add(got)) {
		t.Errorf("none could be started: held back %v", got)
	}
	for range 100 {
		if got := g.died(now, 0); got > longestPause {
			t.Fatalf("held back %v", got)
		}
	}
}
