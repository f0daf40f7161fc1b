//go:build long

package control

import "testing"

// TestLongUnrest adds to TestUnrest the other architectures and rarer meetings
// of a restart or a death with a request: twenty of each, with more
// configurations and eight times as many clients.
func TestLongUnrest(t *testing.T) {
	for _, name := range []string{"leader", "worker", "event", "reactor", "kernel", "prefork"} {
		t.Run("mpm="+name, func(t *testing.T) {
			restarts, kills := 20, 20
			if name != "leader" && name != "event" {
				restarts, kills = 2, 3 // leader has followers, event has none
			}
			unrest(t, name, restarts, 5, kills, 24, 0)
		})
	}
}
