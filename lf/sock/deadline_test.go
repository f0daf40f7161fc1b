package sock

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
)

// TestDeadlines checks that a wait ends because of its deadline, and never
// before it, whatever the wait before had set. How late it ends depends on the
// machine's load and is not checked, but the time limit that the kernel had is.
func TestDeadlines(t *testing.T) {
	tests := map[string]struct {
		before, wait time.Duration
	}{
		"first":       {0, 25 * time.Millisecond},
		"short":       {0, 100 * time.Microsecond},
		"passed":      {0, -time.Second},
		"like before": {20 * time.Millisecond, 24 * time.Millisecond},
		"shorter":     {60 * time.Millisecond, 5 * time.Millisecond},
		"longer":      {2 * time.Millisecond, 60 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := pair(t, true)
			for _, wait := range []time.Duration{test.before, test.wait} {
				if wait == 0 {
					continue
				}
				by := flight.Now() + int64(wait)
				c.SetReadDeadline(by)
				if n, err := c.ReadIdle(make([]byte, 1)); n != 0 || !errors.Is(err, serve.ErrDeadline) {
					t.Fatalf("read %d, %v", n, err)
				}
				if early := by - flight.Now(); early > 0 {
					t.Fatalf("%v early", time.Duration(early))
				}
			}
			// The kernel's time limit is never much longer than the wait. Its
			// clock has ticks of up to 10 ms.
			if got, most := time.Duration(armed(t, c.FD())), max(test.wait, 0)+20*time.Millisecond; got > most {
				t.Errorf("SO_RCVTIMEO is %v for a wait of %v", got, test.wait)
			}
		})
	}
}

// TestSignalsDoNotExtendDeadlines interrupts receives and polls again and
// again. If each interruption restarted the wait, it would never end.
func TestSignalsDoNotExtendDeadlines(t *testing.T) {
	tests := map[string]func(*Conn) error{
		"read": func(c *Conn) error {
			_, err := c.Read(make([]byte, 1))
			return err
		},
		"write": func(c *Conn) error {
			_, err := c.Write(make([]byte, 64<<20))
			return err
		},
	}
	for name, wait := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := pair(t, true)
			signals := 0
			for attempt := 0; signals < 10 && attempt < 20; attempt++ { // the thread that sends them may be without a CPU
				by := flight.Now() + int64(100*time.Millisecond)
				c.SetReadDeadline(by)
				c.SetWriteDeadline(by)
				n, err := underSignals(func() error { return wait(c) }, func(int) {})
				if !errors.Is(err, serve.ErrDeadline) {
					t.Fatalf("ended with %v", err)
				}
				if early := by - flight.Now(); early > 0 {
					t.Errorf("%v early", time.Duration(early))
				}
				signals += n
			}
			// The signals go on for as long as patience, and yet the waits
			// ended.
			if signals < 10 || signals >= signalsAtMost {
				t.Errorf("ended after %d signals, want 10 to %d", signals, signalsAtMost)
			}
		})
	}
}

// TestSignalsDoNotEndWaits checks that a wait without a deadline lasts until
// there is data.
func TestSignalsDoNotEndWaits(t *testing.T) {
	c, peer := pair(t, true)
	const many = 20
	n, err := underSignals(func() error {
		n, err := c.Read(make([]byte, 1))
		if n != 1 {
			t.Errorf("read %d, %v", n, err)
		}
		return err
	}, func(n int) {
		if n == many {
			unix.Write(peer, []byte("x"))
		}
	})
	if err != nil || n < many {
		t.Errorf("ended with %v after %d signals", err, n)
	}
}

const signalsAtMost = int(patience / (2 * time.Millisecond))

// underSignals calls f on a thread that gets SIGURG, which the runtime ignores,
// about every 2 ms for at most `patience`. It calls after with the number of
// signals so far after each.
func underSignals(f func() error, after func(int)) (signals int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid, tid := unix.Getpid(), unix.Gettid()
	done, ended := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				ended <- n
				return
			case <-tick.C:
				if n < signalsAtMost && unix.Tgkill(pid, tid, unix.SIGURG) == nil {
					n++
					after(n)
				}
			}
		}
	}()
	err = f()
	close(done)
	return <-ended, err
}

// TestFullBuffer writes more than the sockets can hold to a peer that reads
// only when they are full. Each byte arrives once, in order.
func TestFullBuffer(t *testing.T) {
	data := make([]byte, 12<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	for _, wait := range []bool{true, false} {
		c, peer := pair(t, wait)
		start, got := make(chan struct{}), make(chan []byte)
		go func() {
			<-start
			var all bytes.Buffer
			io.Copy(&all, reader(peer))
			got <- all.Bytes()
		}()
		if wait {
			go func() {
				defer close(start)
				full := []unix.PollFd{{Fd: int32(c.FD()), Events: unix.POLLOUT}}
				for n := 1; n != 0; {
					n, _ = unix.Poll(full, 0)
				}
			}()
			c.SetWriteDeadline(flight.Now() + int64(patience))
			if n, err := c.Write(data); n != len(data) || err != nil {
				t.Fatalf("wrote %d, %v", n, err)
			}
		} else {
			n, err := c.Write(data)
			if n == 0 || n >= len(data) || !errors.Is(err, serve.ErrWouldBlock) {
				t.Fatalf("wrote %d of %d, %v", n, len(data), err)
			}
			close(start)
			until(t, "room for everything", func() bool {
				more, err := c.Write(data[n:])
				n += more
				if err != nil && !errors.Is(err, serve.ErrWouldBlock) {
					t.Fatal(err)
				}
				return n == len(data)
			})
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if all := <-got; !bytes.Equal(all, data) {
			t.Errorf("wait=%v: %d bytes arrived of %d, or they differ", wait, len(all), len(data))
		}
	}
}

func TestWriteDeadline(t *testing.T) {
	c, _ := pair(t, true)
	by := flight.Now() + int64(20*time.Millisecond)
	c.SetWriteDeadline(by)
	n, err := c.Write(make([]byte, 64<<20))
	if n == 0 || n >= 64<<20 || !errors.Is(err, serve.ErrDeadline) {
		t.Errorf("wrote %d, %v", n, err)
	}
	if now := flight.Now(); now < by {
		t.Errorf("%v early", time.Duration(by-now))
	}
}

// reader reads from a blocking descriptor.
type reader int

func (r reader) Read(p []byte) (int, error) {
	n, err := read(int(r), p)
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return max(n, 0), err
}
