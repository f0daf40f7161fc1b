package words

import "testing"

func TestThousands(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -45678: "-45,678"} {
		if got := Thousands(x); got != want {
			t.Errorf("%v is written %q, want %q", x, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 rules", 1: "1 rule", 2: "2 rules", 1200: "1,200 rules"} {
		if got := Count(n, "rule", "rules"); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}
