package thread

import "testing"

func TestRunning(t *testing.T) {
	if n := Running(); n < 1 || n > 1<<20 {
		t.Errorf("%d threads run, and this one does", n)
	}
	if n := testing.AllocsPerRun(100, func() { Running() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
