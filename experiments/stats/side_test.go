package stats

import "testing"

func TestSideEquivalent(t *testing.T) {
	sure := func(lo, hi float64) Interval { return Interval{(lo + hi) / 2, lo, hi, 8, 0.96} }
	few := Interval{0.5, 0.4, 0.6, 4, 0.875}
	for _, c := range []struct {
		iv   Interval
		side Side // of 1
		same bool // within 0.9 to 1.1
	}{
		{sure(0.7, 0.8), Below, false},
		{sure(0.7, 0.999), Below, false},
		{sure(0.7, 1), Across, false}, // one end is on the other side
		{sure(1, 1.05), Across, true},
		{sure(1.01, 1.05), Above, true}, // a difference, but a negligible one
		{sure(1.01, 1.2), Above, false},
		{sure(0.9, 1.1), Across, true},
		{sure(0.5, 2), Across, false},
		{few, Across, false},
		{Interval{1, 1, 1, 4, 0.875}, Across, false},
		{none(), Across, false},
	} {
		if got := c.iv.Side(1); got != c.side {
			t.Errorf("%v is %v 1, want %v", c.iv, got, c.side)
		}
		if got := Equivalent(c.iv, 0.9, 1.1); got != c.same {
			t.Errorf("%v within 0.9 to 1.1: %v", c.iv, got)
		}
	}
	if Across.String() != "across" || Below.String() != "below" || Above.String() != "above" {
		t.Errorf("sides print %v, %v, %v", Across, Below, Above)
	}
}
