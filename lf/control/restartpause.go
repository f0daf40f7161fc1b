package control

import "time"

const (
	// A child that lived less than tooSoon has died at once.
	tooSoon = time.Second
	// longestPause is the longest pause before another child is started, after
	// one has died at once or could not be started.
	longestPause = 10 * time.Second
)

// restartPause delays new children of a group whose children die at once. Without it,
// a server that cannot work would start processes as fast as the machine can.
type restartPause struct {
	row   int       // consecutive children that died at once
	until time.Time // when the pause ends
}

// died notes that a child died unasked after the time that it lived. It returns
// the pause before the next start, 0 for none. Each further death at once
// doubles the pause, from 1 s up to longestPause.
func (g *restartPause) died(now time.Time, lived time.Duration) time.Duration {
	if lived >= tooSoon {
		g.row = 0
		return 0
	}
	wait := min(time.Second<<min(g.row, 10), longestPause)
	g.row++
	g.until = now.Add(wait)
	return wait
}

// failed notes that a child could not be started. It returns the pause,
// which is long because the system is short of some resource.
func (g *restartPause) failed(now time.Time) time.Duration {
	g.until = now.Add(longestPause)
	return longestPause
}

// over reports whether the pause has ended.
func (g *restartPause) over(now time.Time) bool { return !now.Before(g.until) }
