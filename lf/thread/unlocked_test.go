package thread

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// TestUnlocked: more goroutines than there are threads wait in the same place
// at once, which is impossible if each has a thread of its own.
func TestUnlocked(t *testing.T) {
	const many = 200
	before := len(threads(t))
	var inside atomic.Int32
	release := make(chan struct{})
	var all []*Thread
	for range many {
		th := Start(Options{Name: "no-effect", CPU: AnyCPU, Unlocked: true}, func(*Thread) {
			inside.Add(1)
			<-release
		})
		if th.TID() != 0 {
			t.Errorf("TID %d of a goroutine without a thread, want 0", th.TID())
		}
		all = append(all, th)
	}
	eventually(t, "all goroutines wait", func() bool { return inside.Load() == many })
	if after := len(threads(t)); after-before > many/2 {
		t.Errorf("%d goroutines took %d threads", many, after-before)
	}
	close(release)
	for _, th := range all {
		if err := th.Join(); err != nil {
			t.Error(err)
		}
	}
}

func TestUnlockedIsNotPinned(t *testing.T) {
	th := Start(Options{CPU: CPUs()[0], Unlocked: true}, func(*Thread) { t.Error("fn is called") })
	if err := th.Join(); err == nil || !strings.Contains(err.Error(), "unlocked") {
		t.Errorf("pinned without a thread: %v, want an error that says so", err)
	}
}

// TestUnlockedGoexit checks that a goroutine which ends by Goexit also counts
// as done.
func TestUnlockedGoexit(t *testing.T) {
	th := Start(Options{CPU: AnyCPU, Unlocked: true}, func(*Thread) { runtime.Goexit() })
	if err := th.Join(); err != nil {
		t.Error(err)
	}
}
