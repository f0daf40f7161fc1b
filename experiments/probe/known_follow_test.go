package probe

import "testing"

// TestKnownNewcomers checks that the probe follows a thread that begins after
// it, and a process only with the option Children.
func TestKnownNewcomers(t *testing.T) {
	requireCheck(t)
	const n = 2000
	// Go's runtime in the target also makes wake calls. Most of them find a
	// thread.
	const runtime = n / 4
	for _, c := range []struct {
		name, kind string
		children   bool
		followed   bool
	}{
		{"thread", "grow", false, true},
		{"child", "beget", true, true},
		{"child left out", "beget", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := startTarget(t, c.kind)
			target.rest()
			o := watched(t, Options{PIDs: []int{target.PID}, Children: c.children}, func() { target.play(n) })
			elided := o.Count("wakes_elided")
			if c.followed && (elided < n || elided > n+runtime) {
				t.Errorf("%d wake calls found no thread, want the newcomer's %d and few others", elided, n)
			}
			if !c.followed && elided > runtime {
				t.Errorf("%d wake calls found no thread, want few, without the newcomer's %d", elided, n)
			}
			// The runtime may start one more process to find out what the
			// kernel supports.
			if more := o.Processes > 1; more != c.children {
				t.Errorf("%d processes were followed", o.Processes)
			}
			o.whole(t)
		})
	}
}
