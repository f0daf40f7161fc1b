package control

import "time"

const (
	// tooSoon is how long a child lives at least that has not died at once.
	tooSoon = time.Second
	// longestGrief is the most that a group waits before it starts another
	// child in place of one that died at once, or that could not be started.
	longestGrief = 10 * time.Second
)

// grief holds a group back whose children die at once: without it, a server
// that cannot work would start processes as fast as the machine can.
type grief struct {
	row   int // of children that died at once
	until time.Time
}

// died notes the unasked death of a child after the time that it lived. It
// tells how long the group is held back; 0 means that another child may be
// started at once.
func (g *grief) died(now time.Time, lived time.Duration) time.Duration {
	if lived >= tooSoon {
		g.row = 0
		return 0
	}
	wait := min(time.Second<<min(g.row, 10), longestGrief)
	g.row++
	g.until = now.Add(wait)
	return wait
}

// stillborn notes that a child could not be started at all: the system is
// short of something, and trying at once again would not help it.
func (g *grief) stillborn(now time.Time) time.Duration {
	g.until = now.Add(longestGrief)
	return longestGrief
}

// over tells whether children may be started.
func (g *grief) over(now time.Time) bool { return !now.Before(g.until) }
