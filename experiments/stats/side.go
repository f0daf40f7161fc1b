package stats

// Side is where an interval lies against a bound.
type Side uint8

const (
	Across Side = iota // the bound lies in it, or its values were too few to say
	Below              // all of it is smaller
	Above              // all of it is larger
)

var sides = [...]string{Across: "across", Below: "below", Above: "above"}

func (s Side) String() string { return sides[s] }

// Side tells on which side of x the interval lies. An end that equals x is
// across, and so is an interval that does not reach Level: it takes no side.
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

// Equivalent reports whether the interval speaks for a value between lo and hi:
// it reaches Level and lies within, ends included. That is the two one-sided
// tests of Schuirmann (1987), each at half of Alpha. An interval that neither
// is equivalent nor excludes anything of [lo, hi] is undecided: that no
// difference was seen is not that there is none.
func Equivalent(i Interval, lo, hi float64) bool {
	return i.Enough() && lo <= i.Lo && i.Hi <= hi
}
