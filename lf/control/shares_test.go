package control

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// Each of two sockets on one address has a child, even if enough threads are
// idle without it, because no other child can serve its queue. Each of 30
// connections is in either socket with equal chances, so the test misses a
// socket without a child once in 2^30 runs.
func TestEachShareIsServed(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "MPM leader\nAcceptMutex reuseport\nStartServers 2\nThreadsPerChild 2\nMaxRequestWorkers 20\nMinSpareThreads 2\nMaxSpareThreads 20")
	b := s.settled(2)
	var busy []*peer
	for range 40 { // more than there are threads, so more children start
		c := s.dial()
		if _, err := c.Write([]byte("GET ")); err != nil {
			t.Fatal(err)
		}
		busy = append(busy, c)
	}
	until(t, "all children", func() bool { return b.Summary().Processes == 10 && b.Summary().Starting == 0 })
	for _, c := range busy {
		c.Close()
	}
	until(t, "idle threads", func() bool { return b.Summary().Busy == 0 })
	var killed []int
	for slot := range b.Slots() {
		if p := b.Slot(slot); p.PID.Load() != 0 && p.Bucket.Load() == 0 {
			kill(t, int(p.PID.Load()), unix.SIGKILL)
			killed = append(killed, int(p.PID.Load()))
		}
	}
	if len(killed) == 0 || len(killed) == 10 {
		t.Fatalf("%d of 10 children accepted from the first socket", len(killed))
	}
	// A thread of a killed child may still accept until the parent has reaped
	// the child.
	until(t, "the deaths", func() bool {
		return !slices.ContainsFunc(killed, func(pid int) bool {
			_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
			return err == nil
		})
	})
	for range 30 {
		c := s.dial()
		if got := c.get("/hello"); got != "Hello, World!" {
			t.Fatalf("/hello: %q", got)
		}
		c.Close()
	}
}
