package control

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/mpm"
	"lflab/lf/sock"
)

// queued connects clients one after the other, each after the last one has sent
// its request. It counts their answers by status; 0 means no whole response.
type queued struct {
	all  sync.WaitGroup
	mu   sync.Mutex
	seen map[int]int
	made int
	late int     // clients that were too slow to be owed an answer
	errs []error // why there was no whole response
}

// ask connects a client that sends its request. It returns false if the server
// does not accept the connection within moment.
func (q *queued) ask(addr string, moment time.Duration) bool {
	began := time.Now()
	c, err := net.DialTimeout("tcp", addr, moment)
	if err != nil {
		return false
	}
	if _, err := c.Write([]byte("GET /sleep?ms=5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")); err != nil {
		c.Close()
		return false
	}
	// The client did not get the processor in time. The server does not wait
	// for one that connects and then sends nothing for so long.
	late := time.Since(began) >= sock.Settle
	q.made++
	q.all.Go(func() {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(2 * patience))
		status := 0
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil {
			err = res.Write(io.Discard)
		}
		if err == nil {
			status = res.StatusCode
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		if late && status == 0 {
			q.late++
			return
		}
		q.seen[status]++
		if err != nil {
			q.errs = append(q.errs, fmt.Errorf("client %s: %w", c.LocalAddr(), err))
		}
	})
	return true
}

// Clients that connected and sent a request before the server drains are
// served. With each architecture, way to accept and mutex, none is reset in the
// accept queue.
func TestEndServesTheQueue(t *testing.T) {
	t.Parallel()
	type variant struct{ name, conf string }
	var all []variant
	for _, k := range mpm.Kinds() {
		size := "ThreadsPerChild 2\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n"
		if k.Name == "prefork" {
			size = "MaxRequestWorkers 2\nMinSpareServers 1\nMaxSpareServers 2\n"
		}
		all = append(all, variant{k.Name, "MPM " + k.Name + "\nStartServers 2\n" + size})
	}
	leader := "MPM leader\nStartServers 2\nThreadsPerChild 2\nMaxRequestWorkers 4\nMinSpareThreads 1\nMaxSpareThreads 4\n"
	for _, mode := range []string{"poll", "epoll", "epoll-exclusive", "uring"} {
		all = append(all, variant{"leader/accept=" + mode, leader + "Accept " + mode + "\n"})
	}
	for _, mutex := range []string{"flock", "reuseport", "epollexclusive"} {
		all = append(all, variant{"leader/mutex=" + mutex, leader + "AcceptMutex " + mutex + "\n"})
	}
	for _, v := range all {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := control(t, beat, v.conf)
			s.settled(2)
			q := &queued{seen: map[int]int{}}
			for range 40 {
				if !q.ask(s.addr, patience) {
					t.Fatal("refused before the end")
				}
			}
			s.signal(unix.SIGWINCH)
			for range 40 {
				if !q.ask(s.addr, sock.Settle) {
					break
				}
			}
			q.all.Wait()
			if q.seen[200] != q.made-q.late {
				t.Errorf("%d clients: %v %v", q.made, q.seen, q.errs)
			}
			if status := s.wait(); status != exitDone {
				t.Errorf("exit status %d: %s", status, s.log.String())
			}
		})
	}
}

// A server of one process also serves its queue. What is left when the grace
// ends, or at TERM of a control process, is answered 503.
func TestEndOfOneProcessServesTheQueue(t *testing.T) {
	t.Parallel()
	for _, k := range mpm.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			s := run(t, order{MPM: k.Name, Grace: patience})
			q := &queued{seen: map[int]int{}}
			for range 40 {
				if !q.ask(s.addr, patience) {
					t.Fatal("refused before the end")
				}
			}
			s.signal(unix.SIGTERM)
			for range 40 {
				if !q.ask(s.addr, sock.Settle) {
					break
				}
			}
			q.all.Wait()
			if q.seen[200] != q.made-q.late {
				t.Errorf("%d clients: %v %v", q.made, q.seen, q.errs)
			}
			if status := s.wait(); status != exitDone {
				t.Errorf("exit status %d: %s", status, s.log.String())
			}
		})
	}
}

// Connections that are in the queue when the grace ends are answered 503.
func TestQueueIsTurnedAwayWhenGraceEnds(t *testing.T) {
	t.Parallel()
	s := run(t, order{MPM: "leader", Grace: 100 * time.Millisecond})
	var held []*peer
	threads := plain("leader").Threads
	for range threads + 3 {
		p := s.dial()
		p.send("/sleep?ms=60000")
		held = append(held, p)
	}
	// The server decides which of them are served and which wait.
	s.signal(unix.SIGTERM)
	if status := s.wait(); status != exitGrace {
		t.Errorf("exit status %d: %s", status, s.log.String())
	}
	turned, cut := 0, 0
	for _, p := range held {
		res, err := http.ReadResponse(p.in, nil)
		switch {
		case err != nil:
			cut++
		case res.StatusCode == 503 && res.Close:
			turned++
		}
	}
	if cut > threads || turned+cut != len(held) {
		t.Errorf("of %d, %d were turned away and %d were cut by %d threads: %s", len(held), turned, cut, threads, s.log.String())
	}
}

// A restart keeps the listener of an address, however Listen spells it.
func TestListenersAreKeptByPlace(t *testing.T) {
	t.Parallel()
	p, q := freePort(t), freePort(t)
	const rest = "StartServers 1\nThreadsPerChild 2\nMinSpareThreads 1\nMaxSpareThreads 9\n"
	lines := func(addresses ...string) string {
		return rest + "Listen " + strings.Join(addresses, "\nListen ")
	}
	v4 := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
	s := control(t, beat, lines(v4(p), v4(q)))
	defer func() {
		if t.Failed() {
			t.Logf("the server's log: %s", s.log.String())
		}
	}()
	b := s.settled(1)
	steps := []struct {
		name string
		conf string
		want []int
	}{
		{"swapped", lines(v4(q), v4(p)), []int{p, q}},
		{"respelt", lines(fmt.Sprintf("localhost:%d", p), fmt.Sprintf("[::ffff:127.0.0.1]:%d", q)), []int{p, q}},
		{"one removed", lines(v4(q)), []int{q}},
		{"one inserted before", lines(v4(p), v4(q)), []int{p, q}},
		{"all addresses in place of one", lines(fmt.Sprint(p), v4(q)), []int{p, q}},
		{"all addresses, written otherwise", lines(fmt.Sprintf("[::]:%d", p), v4(q)), []int{p, q}},
		{"one in place of all", lines(v4(p), v4(q)), []int{p, q}},
	}
	for i, step := range steps {
		s.configure(t, step.conf)
		s.signal(unix.SIGUSR1)
		until(t, step.name, func() bool { return b.Header().Generation.Load() == uint32(i+1) })
		for _, port := range step.want {
			c := dial(t, v4(port))
			c.send("/hello")
			if res, err := http.ReadResponse(c.in, nil); err != nil || res.StatusCode != 200 {
				t.Errorf("%s: port %d: %v", step.name, port, err)
			}
		}
	}
}

// freePort returns a port on which nobody listens.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
