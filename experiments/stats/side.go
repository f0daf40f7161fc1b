package stats

// Side says where an interval lies relative to a bound.
type Side uint8

const (
	Across Side = iota // the interval contains the bound, or has too few values
	Below              // the whole interval is smaller
	Above              // the whole interval is larger
)

var sides = [...]string{Across: "across", Below: "below", Above: "above"}

func (s Side) String() string { return sides[s] }

// Side returns the side of x on which the interval lies. If an end equals x, or
// the interval does not reach Level, it is Across.
func (i Interval) Side(x float64) Side {
	switch {
	case !i.Enough():
		return Across
	case i.Hi < x:
		return Below
	case i.Lo > x:
		return Above
	}
	return Across
}

// Equivalent reports whether the interval shows a value between lo and hi: it
// reaches Level and lies within, including the ends. This is Schuirmann's two
// one-sided tests (1987), each at half of Alpha. If an interval is neither
// equivalent nor outside [lo, hi], the question is open: not seeing a
// difference does not show that there is none.
func Equivalent(i Interval, lo, hi float64) bool {
	return i.Enough() && lo <= i.Lo && i.Hi <= hi
}
