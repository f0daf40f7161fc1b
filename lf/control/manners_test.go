package control

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A stop is obeyed even after any number of requests to restart.
func TestStopInAStormOfRestarts(t *testing.T) {
	t.Parallel()
	s := control(t, beat, "StartServers 4\nServerLimit 16\nMaxRequestWorkers 4\nThreadsPerChild 1\nMinSpareThreads 1\nMaxSpareThreads 9")
	s.settled(4)
	for i := range 200 {
		s.signal([]os.Signal{unix.SIGUSR1, unix.SIGHUP}[i%2])
	}
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
}

// A server of one process survives the end of its log's reader, and the signals
// that only a control process obeys.
func TestAloneOutlivesItsReader(t *testing.T) {
	t.Parallel()
	p := runAs(t, order{MPM: "leader"}, func(cmd *exec.Cmd) { cmd.Stderr = unread(t) })
	c := p.dial()
	for _, s := range []os.Signal{unix.SIGUSR1, unix.SIGUSR2, unix.SIGWINCH, unix.SIGPIPE} {
		p.signal(s)
	}
	if got := c.get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	p.signal(unix.SIGTERM) // logging it fails
	if status := p.wait(); status != exitDone {
		t.Errorf("exit status %d", status)
	}
}

// unread returns the write end of a pipe whose read end is closed.
func unread(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	t.Cleanup(func() { w.Close() })
	return w
}

// A server of one process drains when its terminal hangs up.
func TestHangupDrains(t *testing.T) {
	t.Parallel()
	if signal.Ignored(unix.SIGHUP) {
		t.Skip("SIGHUP is ignored here, as under nohup: servers leave it at that")
	}
	p := run(t, order{MPM: "leader"})
	busy, other := p.dial(), p.dial()
	busy.send("/sleep?ms=3000")
	other.working(1)
	p.signal(unix.SIGHUP)
	p.signal(unix.SIGHUP) // kernel and shell may both send it
	if res, body := busy.answer(); res.StatusCode != 200 || body != "slept\n" {
		t.Errorf("the request in flight: %s, %q", res.Status, body)
	}
	if status := p.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, p.log.String())
	}
}

// WINCH after a resize of the terminal does not stop the server. USR2 does.
func TestResizeIsNoStop(t *testing.T) {
	t.Parallel()
	master, slave := terminal(t)
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 80}); err != nil {
		t.Fatal(err)
	}
	s := prepared(t, "StartServers 1\n"+threadsOf("leader"))
	s.process = runAs(t, order{Config: s.conf, Beat: beat}, func(cmd *exec.Cmd) {
		cmd.Stdin = slave
		cmd.SysProcAttr.Setctty = true // the terminal is descriptor 0
	})
	b := s.settled(1)
	for i := range uint16(50) { // there and back: the last size is the first
		if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 30 + (i+1)%2, Col: 80}); err != nil {
			t.Fatal(err)
		}
	}
	// A restart still works, so nothing has stopped the server.
	s.signal(unix.SIGUSR1)
	until(t, "the next generation", func() bool { return b.Header().Generation.Load() == 1 })
	s.settled(1)
	if got := s.dial().get("/hello"); got != "Hello, World!" {
		t.Errorf("/hello: %q", got)
	}
	s.signal(unix.SIGUSR2)
	if status := s.wait(); status != exitDone {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
	if log := s.log.String(); !strings.Contains(log, "gracefully=true") || strings.Contains(log, "window") {
		t.Errorf("the log: %s", log)
	}
}

// terminal opens a pseudo terminal.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("needs a pseudo terminal: ", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("needs a pseudo terminal: ", err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// The parent tries again after all children of a group failed to start, even if
// idle threads of other children cannot help, as each has sockets of its own.
func TestBareListenersAreServedAgain(t *testing.T) {
	t.Parallel()
	for conf, children := range map[string]int{"MPM leader\nStartServers 2": 1, "MPM percore\nStartServers 2\nMaxRequestWorkers 4": 2, "AcceptMutex reuseport\nStartServers 2\nMaxRequestWorkers 4": 2} {
		t.Run(conf, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir() + "/dumps"
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			s := control(t, beat, conf+"\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 50\nCoreDumpDirectory "+dir)
			s.settled(2)
			if err := os.Rename(dir, dir+".away"); err != nil {
				t.Fatal(err)
			}
			for _, pid := range s.children() {
				kill(t, pid, unix.SIGKILL)
			}
			s.logged("cannot serve: trying another one later")
			if err := os.Rename(dir+".away", dir); err != nil {
				t.Fatal(err)
			}
			b := s.look()
			until(t, "a child for all that is listened on", func() bool {
				sum := b.Summary()
				return sum.Processes >= children && sum.Starting == 0
			})
			if got := s.dial().get("/hello"); got != "Hello, World!" {
				t.Errorf("/hello: %q", got)
			}
		})
	}
}
