package stats

import (
	"math"
	"testing"
)

func TestPValues(t *testing.T) {
	for _, c := range []struct {
		p          float64
		text, cell string
	}{
		{1, "p = 1.00", "1.00"}, {0.1, "p = 0.10", "0.10"}, {0.0996, "p = 0.100", "0.100"}, {0.017, "p = 0.017", "0.017"},
		{0.001, "p = 0.001", "0.001"}, {0.00099, "p < 0.001", "< 0.001"}, {0, "p < 0.001", "< 0.001"}, {math.NaN(), "no p", "-"},
	} {
		if text, cell := PText(c.p), PCell(c.p); text != c.text || cell != c.cell {
			t.Errorf("%v: %q and %q, want %q and %q", c.p, text, cell, c.text, c.cell)
		}
	}
}
