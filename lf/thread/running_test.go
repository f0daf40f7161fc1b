package thread

import "testing"

func TestRunning(t *testing.T) {
	c, err := NewCensus()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if n := c.Running(); n < 1 || n > 1<<20 {
		t.Errorf("%d threads run, and this one does", n)
	}
	if n := testing.AllocsPerRun(100, func() { c.Running() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
