package control

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// L11: A slot belongs to one process until that has ended. New children get
// other slots than children that finish.
func TestFinishingChildKeepsItsSlot(t *testing.T) {
	t.Parallel()
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
	s.signal(unix.SIGTERM) // cuts the connection
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
}

// Connections that have not finished GracefulRestartTimeout after a restart are
// cut, and the child's slot becomes free. Nothing else would end them.
func TestRestartIsBounded(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 1\nServerLimit 1\nMaxRequestWorkers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nGracefulRestartTimeout 1")
	b := s.settled(1)
	old := s.children()
	busy := s.dial()
	busy.send("/sleep?ms=60000")
	s.dial().send("/sleep?ms=60000")
	until(t, "both threads to be busy", func() bool { return b.Summary().Busy == 2 })
	s.signal(unix.SIGUSR1)
	// The new child uses the slot beyond ServerLimit.
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

// full configures a server whose one child takes all of ServerLimit and
// MaxRequestWorkers.
const full = "StartServers 1\nServerLimit 1\nMaxRequestWorkers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\n"

// If children of an earlier restart hold the reserve, too, a graceful restart
// is taken back, and the present generation goes on. A restart at once makes
// room.
func TestRestartWithoutAnySlot(t *testing.T) {
	t.Parallel()
	s := control(t, beat, full)
	b := s.settled(1)
	busy := s.dial()
	busy.send("/sleep?ms=60000")
	until(t, "the request to be in flight", func() bool { return b.Summary().Busy == 1 })
	s.signal(unix.SIGUSR1)
	s.logged("new generation serves")
	s.signal(unix.SIGUSR1)
	s.logged("restarting gracefully=true generation=2")
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	s.logged("keeps its present one")
	if n := strings.Count(s.log.String(), "new generation serves"); n != 1 || b.Header().Generation.Load() != 1 {
		t.Errorf("said %d times, generation %d", n, b.Header().Generation.Load())
	}
	s.signal(unix.SIGHUP)
	until(t, "the generation of the restart at once", func() bool { return strings.Count(s.log.String(), "new generation serves") == 2 })
	s.settled(1)
	if rest, _ := io.ReadAll(busy.in); len(rest) > 0 {
		t.Errorf("the request that was cut: %q", rest)
	}
}

// A configuration with which no child can serve does no harm, even if all slots
// are taken or another group can serve, and however listeners are shared.
func TestBadRestartOfAFullServer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs children of another user than the parent: only root can")
	}
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	threads := "ServerLimit 2\nStartServers 2\nThreadsPerChild 2\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n"
	for _, c := range []struct{ name, conf, bad string }{
		{"leader", "User nobody\n" + threads, ""},
		{"event", "MPM event\nUser nobody\n" + threads, ""},
		{"buckets", "AcceptMutex reuseport\nUser nobody\n" + threads, ""},
		{"percore", "MPM percore\nUser nobody\n" + threads, ""},
		{"prefork", "MPM prefork\nUser nobody\nServerLimit 2\nStartServers 2\nMaxRequestWorkers 2\n", ""},
		{"one of two groups", threads, "<User nobody>\nListen 127.0.0.2:0\n%s</User>\n"},
	} {
		for _, signal := range []unix.Signal{unix.SIGUSR1, unix.SIGHUP} {
			t.Run(c.name+"/"+signal.String(), func(t *testing.T) {
				t.Parallel()
				section := func(root string) string {
					if c.bad == "" {
						return "Listen 127.0.0.1:0\n" + c.conf + root
					}
					return "Listen 127.0.0.1:0\n" + c.conf + fmt.Sprintf(c.bad, root)
				}
				s := control(t, beat, section(""))
				n := 2
				if c.bad != "" {
					n = 4
				}
				s.settled(n)
				before := s.children()
				s.configure(t, section("DocumentRoot "+closed+"\n"))
				s.signal(signal)
				s.logged("keeps its present one")
				b := s.settled(n)
				if now := s.children(); !slices.Equal(now, before) || b.Header().Generation.Load() != 0 {
					t.Errorf("children %v of generation %d, before %v", now, b.Header().Generation.Load(), before)
				}
				if strings.Contains(s.log.String(), "new generation serves") {
					t.Error("the log says that the new generation serves")
				}
				if got := s.dial().get("/hello"); got != "Hello, World!" {
					t.Errorf("/hello: %q", got)
				}
			})
		}
	}
}

// E4: With ShedKeepAlive, a kept connection that asks again while all workers
// are busy is closed. Without it, the request waits for a worker.
func TestShedKeepAlive(t *testing.T) {
	t.Parallel()
	for _, sheds := range []string{"Off", "On"} {
		s := control(t, beat, fmt.Sprintf("MPM event\nStartServers 1\nServerLimit 1\nMaxRequestWorkers 2\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\nShedKeepAlive %s", sheds))
		b := s.settled(1)
		kept := s.dial()
		kept.get("/hello")
		until(t, "its worker to be idle again", func() bool { return b.Summary().Busy == 0 })
		for range 2 {
			s.dial().send("/sleep?ms=3000")
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
