package probe

import "testing"

// TestKnownNewcomers: a thread and a process that begin after the probe are
// followed, the process only if children are.
func TestKnownNewcomers(t *testing.T) {
	requireCheck(t)
	const n = 2000
	// The targets' own runtime wakes threads as well, and finds somebody in
	// most cases.
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
				t.Errorf("%d wake calls found nobody, want the newcomer's %d and few others", elided, n)
			}
			if !c.followed && elided > runtime {
				t.Errorf("%d wake calls found nobody, want few: the newcomer's %d are not asked for", elided, n)
			}
			// Go's runtime may start another one, to try what the kernel can.
			if more := o.Processes > 1; more != c.children {
				t.Errorf("%d processes were followed", o.Processes)
			}
			o.whole(t)
		})
	}
}
