package control

import (
	"fmt"
	"io"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// L11: a slot is one process's until that is gone, whatever its rows do: new
// children get others, and none is mixed with what finishes.
func TestFinishingChildKeepsItsSlot(t *testing.T) {
	s := control(t, beat, "StartServers 2\nServerLimit 4\nMaxRequestWorkers 4\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9")
	b := s.settled(2)
	busy := s.dial()
	busy.send("/sleep?ms=60000")
	until(t, "the request to be in flight", func() bool { return b.Summary().Busy == 1 })
	slot := -1
	for i := range b.Slots() {
		if b.Count(i).Busy == 1 {
			slot = i
		}
	}
	pid := b.Slot(slot).PID.Load()
	for range 3 {
		generation := b.Header().Generation.Load()
		s.signal(unix.SIGUSR1)
		until(t, "two new children", func() bool {
			sum := b.Summary()
			return b.Header().Generation.Load() > generation && sum.Processes == 3 && sum.Stopping == 1 && sum.Idle == 4
		})
		if now := b.Slot(slot).PID.Load(); now != pid || !b.Stopping(slot) || b.Count(slot).Graceful == 0 {
			t.Errorf("slot %d is process %d's, stopping %v: %+v; it was process %d's", slot, now, b.Stopping(slot), b.Count(slot), pid)
		}
		if got := s.dial().get("/hello"); got != "Hello, World!" {
			t.Errorf("/hello: %q", got)
		}
	}
	s.signal(unix.SIGTERM) // which cuts it
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
}

// A restart is bounded: what has not finished after GracefulRestartTimeout is
// cut, and its slot comes free, though nothing else would have ended it.
func TestRestartIsBounded(t *testing.T) {
	s := control(t, beat, "StartServers 1\nServerLimit 1\nMaxRequestWorkers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nGracefulRestartTimeout 1")
	b := s.settled(1)
	old := s.children()
	busy := s.dial()
	busy.send("/sleep?ms=60000")
	s.dial().send("/sleep?ms=60000")
	until(t, "both threads to be busy", func() bool { return b.Summary().Busy == 2 })
	s.signal(unix.SIGUSR1)
	// A slot beyond ServerLimit is there for the new child.
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	s.logged("new generation serves")
	if rest, _ := io.ReadAll(busy.in); len(rest) > 0 {
		t.Errorf("the request that was cut: %q", rest)
	}
	until(t, "the old child to end", func() bool { return !slices.ContainsFunc(old, alive) })
	s.logged("they are cut")
}

// E4: with ShedKeepAlive, a kept connection that asks again while all workers
// are busy is closed; without it, the request waits for a worker.
func TestShedKeepAlive(t *testing.T) {
	for _, sheds := range []string{"Off", "On"} {
		s := control(t, beat, fmt.Sprintf("MPM event\nStartServers 1\nServerLimit 1\nMaxRequestWorkers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nShedKeepAlive %s", sheds))
		b := s.settled(1)
		kept := s.dial()
		kept.get("/hello")
		until(t, "its worker to be idle again", func() bool { return b.Summary().Busy == 0 })
		for range 2 {
			s.dial().send("/sleep?ms=1000")
		}
		until(t, "both workers to be busy", func() bool { return b.Summary().Busy == 2 })
		kept.send("/hello")
		if sheds == "On" {
			if rest, err := io.ReadAll(kept.in); len(rest) > 0 || err != nil {
				t.Errorf("the connection that asks again: %q, %v", rest, err)
			}
			continue
		}
		if res, body := kept.answer(); res.StatusCode != 200 || body != "Hello, World!" {
			t.Errorf("the connection that asks again: %s, %q", res.Status, body)
		}
	}
}
