package control

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// After a signal a request in flight is answered in full, idle connections are
// closed, and the exit status is that of success. Standard output holds only
// the addresses.
func TestSignalDrains(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{unix.SIGTERM, unix.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			everyKind(t, func(t *testing.T, name string) {
				t.Parallel()
				many(t, name)
				p := run(t, order{MPM: name})
				idle, busy := p.apart(name)
				if got := idle.get("/hello"); got != "Hello, World!" {
					t.Fatalf("/hello: %q", got)
				}
				busy.send("/sleep?ms=3000") // still in flight when the signal comes
				idle.working(1)
				p.signal(signal)
				p.refuses()
				if rest, err := io.ReadAll(idle.in); err != nil || len(rest) > 0 {
					t.Errorf("the idle connection: %q, %v", rest, err)
				}
				if res, body := busy.answer(); res.StatusCode != 200 || body != "slept\n" || !res.Close {
					t.Errorf("the request in flight: %s, %q, close %v", res.Status, body, res.Close)
				}
				if rest, err := io.ReadAll(busy.in); err != nil || len(rest) > 0 {
					t.Errorf("and then: %q, %v", rest, err)
				}
				if status := p.wait(); status != exitDone {
					t.Errorf("exit status %d, %s", status, p.log.String())
				}
				if more, err := io.ReadAll(p.out); len(more) > 0 || err != nil {
					t.Errorf("standard output went on with %q, %v", more, err)
				}
			})
		})
	}
}

// A second signal ends the server at once, despite a request in flight.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		many(t, name)
		p := run(t, order{MPM: name})
		busy, other := p.apart(name)
		busy.send("/sleep?ms=60000")
		other.working(1)
		p.signal(unix.SIGTERM)
		p.refuses()
		p.signal(unix.SIGINT) // the second signal may differ from the first
		if status := p.wait(); status != exitAtOnce {
			t.Errorf("exit status %d, want %d; %s", status, exitAtOnce, p.log.String())
		}
		if all, _ := io.ReadAll(busy.in); len(all) > 0 {
			t.Errorf("the request was answered: %q", all)
		}
	})
}

// Connections that outlast the grace period are cut, and Run returns ErrGrace.
func TestGrace(t *testing.T) {
	t.Parallel()
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		many(t, name)
		const grace = 100 * time.Millisecond
		p := run(t, order{MPM: name, Grace: grace})
		busy, slow := p.dial(), p.dial()
		slow.send("/bytes?n=100000000")
		if _, err := slow.in.Peek(100); err != nil { // the client reads no more
			t.Fatal(err)
		}
		busy.send("/sleep?ms=60000") // last, because it may block the thread of both
		began := time.Now()
		p.signal(unix.SIGTERM)
		if status := p.wait(); status != exitGrace {
			t.Errorf("exit status %d, want %d; %s", status, exitGrace, p.log.String())
		}
		if took := time.Since(began); took < grace {
			t.Errorf("ended after %v, grace %v", took, grace)
		}
		if n, _ := io.Copy(io.Discard, slow.in); n == 0 || n > 99_000_000 {
			t.Errorf("the slow reader got %d bytes", n)
		}
		if !strings.Contains(p.log.String(), "draining") {
			t.Errorf("the log does not tell of the drain: %q", p.log.String())
		}
	})
}

// A client that reads slowly within the grace period gets everything.
func TestSlowReaderWithinGrace(t *testing.T) {
	t.Parallel()
	const n = 16_000_000 // more than a connection's buffers hold
	everyKind(t, func(t *testing.T, name string) {
		t.Parallel()
		many(t, name)
		p := run(t, order{MPM: name})
		slow := p.dial()
		slow.send(fmt.Sprintf("/bytes?n=%d", n))
		if _, err := slow.in.Peek(100); err != nil {
			t.Fatal(err)
		}
		p.signal(unix.SIGTERM)
		p.refuses()
		if res, body := slow.answer(); res.StatusCode != 200 || len(body) != n {
			t.Errorf("%s, %d bytes of %d", res.Status, len(body), n)
		}
		if status := p.wait(); status != exitDone {
			t.Errorf("exit status %d, %s", status, p.log.String())
		}
	})
}

// The error of Drain names the grace period.
func TestGraceInProcess(t *testing.T) {
	c := plain("goroutine")
	c.Grace = 10 * time.Millisecond
	s := begin(t, c)
	busy, other := dial(t, s.Addr()), dial(t, s.Addr())
	busy.send("/sleep?ms=60000")
	other.working(1)
	if err := s.Drain(); !errors.Is(err, ErrGrace) || !strings.Contains(err.Error(), "10ms") {
		t.Errorf("drain: %v", err)
	}
	if rest, _ := io.ReadAll(busy.in); len(rest) > 0 {
		t.Errorf("the request that was cut: %q", rest)
	}
}
