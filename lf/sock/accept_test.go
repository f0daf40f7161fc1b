package sock

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// everyMode runs a test with each accept mode that works here.
func everyMode(t *testing.T, test func(*testing.T, AcceptMode)) {
	for _, mode := range AcceptModes() {
		t.Run("accept="+mode.Name, func(t *testing.T) {
			if err := mode.Usable(); err != nil {
				t.Skip(err)
			}
			test(t, mode)
		})
	}
}

// crew is threads that accept from one listener.
type crew struct {
	t        *testing.T
	l        *Listener
	all      []Acceptor // of the threads: one each, or a common one
	accepted atomic.Int64
	ended    sync.WaitGroup
}

// newCrew starts threads. Each accepts connections, calls busy after each and
// closes it, until the listener ends.
func newCrew(t *testing.T, l *Listener, mode AcceptMode, threads int, busy func()) *crew {
	t.Helper()
	c := &crew{t: t, l: l}
	for i := range threads {
		if i == 0 || !mode.Shared {
			a, err := mode.New(l)
			if err != nil {
				t.Fatal(err)
			}
			c.all = append(c.all, a)
		}
	}
	for i := range threads {
		a := c.all[i%len(c.all)]
		c.ended.Go(func() {
			runtime.LockOSThread() // without Unlock: the thread ends with the goroutine
			for {
				fd, err := a.Accept()
				switch {
				case err == nil:
					busy()
					unix.Close(fd)
					c.accepted.Add(1)
				case errors.Is(err, ErrEnded):
					return
				case !errors.Is(err, ErrNoConnection) || errors.Is(err, ErrShort):
					t.Errorf("accept: %v", err)
					return
				}
			}
		})
	}
	return c
}

// end shuts the listener down, which must end all threads.
func (c *crew) end() {
	c.t.Helper()
	c.l.Shutdown()
	done := make(chan struct{})
	go func() {
		c.ended.Wait()
		close(done)
	}()
	var over atomic.Bool
	go func() {
		<-done
		over.Store(true)
	}()
	until(c.t, "the threads to end", over.Load)
	for _, a := range c.all {
		if _, err := a.Accept(); !errors.Is(err, ErrEnded) {
			c.t.Errorf("an accept after the end: %v", err)
		}
		if err := a.Close(); err != nil {
			c.t.Error(err)
		}
	}
}

// TestEveryModeTakesEveryConnection makes bursts of connections, so that
// several come while a thread is between two instructions, and threads that are
// busy now and then. All connections are accepted although no later one causes
// a wake-up. The threads end with the listener, and no descriptor stays open.
func TestEveryModeTakesEveryConnection(t *testing.T) {
	everyMode(t, func(t *testing.T, mode AcceptMode) {
		for _, threads := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("threads=%d", threads), func(t *testing.T) {
				if threads > 1 && mode.Name == "uring" {
					t.Skip("a ring has one user at a time, and the first of several rings has all the connections")
				}
				before := descriptors(t)
				l, err := Listen(Options{Address: "127.0.0.1:0"})
				if err != nil {
					t.Fatal(err)
				}
				c := newCrew(t, l, mode, threads, runtime.Gosched)
				total := int64(0)
				for burst := range scaled(20, 200) {
					peers := make([]int, 1+burst%7)
					for i := range peers {
						peers[i] = dial(t, l)
					}
					total += int64(len(peers))
					until(t, fmt.Sprintf("connection %d", total), func() bool { return c.accepted.Load() == total })
					for _, fd := range peers {
						unix.Close(fd)
					}
				}
				c.end()
				l.Close()
				until(t, "the descriptors to come free", func() bool { return descriptors(t) <= before })
			})
		}
	})
}

// TestBusyThreadHoldsNothingBack checks every mode in which several threads
// accept at the same time: while one thread serves for long, the others get
// later connections.
func TestBusyThreadHoldsNothingBack(t *testing.T) {
	everyMode(t, func(t *testing.T, mode AcceptMode) {
		if mode.Name == "uring" {
			t.Skip("a ring has one user at a time, and the first of several rings has all the connections")
		}
		l := listen(t, Options{})
		var taken atomic.Int64
		release := make(chan struct{})
		c := newCrew(t, l, mode, 4, func() {
			if taken.Add(1) <= 3 {
				<-release // three of four threads
			}
		})
		// They come at once, so that one edge announces all of them.
		var peers []int
		for range 12 {
			peers = append(peers, dial(t, l))
		}
		until(t, "the thread that is left to take the rest", func() bool { return c.accepted.Load() == 9 })
		close(release)
		until(t, "all", func() bool { return c.accepted.Load() == 12 })
		c.end()
		for _, fd := range peers {
			unix.Close(fd)
		}
	})
}

// TestModesEndWhileAsleep checks that all threads end which sleep in a mode's
// wait.
func TestModesEndWhileAsleep(t *testing.T) {
	everyMode(t, func(t *testing.T, mode AcceptMode) {
		if mode.Name == "uring" {
			t.Skip("a ring has one user at a time")
		}
		for range scaled(8, 100) {
			l := listen(t, Options{})
			newCrew(t, l, mode, 6, func() {}).end()
		}
	})
}

// TestOneEdgeForTwo checks that after each connection some thread looks for
// another one, until there is none, and that the end is passed on.
func TestOneEdgeForTwo(t *testing.T) {
	l := listen(t, Options{})
	a, err := epollEdgeMode.New(l)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	e := a.(*edged)
	defer time.AfterFunc(patience, l.Shutdown).Stop() // if an edge is lost, Accept blocks for ever
	peers := []int{dial(t, l), dial(t, l)}
	for i, fd := range peers {
		defer unix.Close(fd)
		got, err := a.Accept()
		if err != nil {
			t.Fatalf("connection %d of one edge: %v", i, err)
		}
		unix.Close(got)
		if !e.more.Load() {
			t.Errorf("after connection %d no thread would look for more", i)
		}
	}
	if _, err := a.Accept(); !errors.Is(err, ErrNoConnection) || e.more.Load() {
		t.Errorf("the queue is empty: %v, more %v", err, e.more.Load())
	}
	l.Shutdown()
	if _, err := a.Accept(); !errors.Is(err, ErrEnded) || !e.more.Load() {
		t.Errorf("the end: %v, and is passed on: %v", err, e.more.Load())
	}
}

func TestUnknownAcceptMode(t *testing.T) {
	if _, err := LookupAcceptMode("select"); err == nil {
		t.Error("select is known")
	}
	for _, mode := range AcceptModes() {
		found, err := LookupAcceptMode(mode.Name)
		if err != nil || found.Name != mode.Name || mode.Doc == "" {
			t.Errorf("%s: %q, %v", mode.Name, found.Name, err)
		}
	}
}
