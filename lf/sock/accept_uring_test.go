package sock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// uringAcceptor makes an acceptor, or skips the test if the machine has no
// io_uring.
func uringAcceptor(t testing.TB, l *Listener) *UringAcceptor {
	t.Helper()
	if err := uringAvailable(); err != nil {
		t.Skip(err)
	}
	a, err := newUringAcceptor(l)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// read calls read(2) until it does not fail with EINTR. On a socket with a time
// limit, a signal interrupts it, and so does the kernel when it accepts on this
// thread.
func read(fd int, p []byte) (int, error) {
	for {
		if n, err := unix.Read(fd, p); err != unix.EINTR {
			return n, err
		}
	}
}

// TestUringAcceptServesAll: threads take turns in Accept and serve what they
// get. Some end, and others replace them. Each of some thousand peers gets its
// own answer, and no descriptor stays open.
func TestUringAcceptServesAll(t *testing.T) {
	const peers, leaders, turns = 16, 4, 97
	each := scaled(40, 1_000)
	l := listen(t, Options{})
	before := descriptors(t)
	a := uringAcceptor(t, l)

	var lead sync.Mutex
	var served atomic.Int64
	var threads sync.WaitGroup
	var pool func()
	pool = func() {
		defer threads.Done()
		runtime.LockOSThread() // without Unlock: the thread ends with the goroutine
		for range turns {
			lead.Lock()
			fd, err := a.Accept()
			lead.Unlock()
			if errors.Is(err, ErrEnded) {
				return
			}
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); flags&unix.FD_CLOEXEC == 0 || err != nil {
				t.Errorf("FD_CLOEXEC of a connection is not set: %v", err)
			}
			var c Conn
			c.Reset(fd, true, false, nil)
			var word [8]byte
			if n, err := c.Read(word[:]); n != len(word) || err != nil {
				t.Errorf("read %d bytes: %v", n, err)
			}
			if _, err := c.Write(word[:]); err != nil {
				t.Errorf("answer: %v", err)
			}
			c.Close()
			served.Add(1)
		}
		threads.Add(1)
		go pool()
	}
	threads.Add(leaders)
	for range leaders {
		go pool()
	}

	var clients sync.WaitGroup
	for p := range peers {
		clients.Go(func() {
			for i := range each {
				fd := dial(t, l)
				word := binary.NativeEndian.AppendUint64(nil, uint64(p*each+i))
				send1(t, fd, string(word))
				var answer [9]byte
				if n, err := read(fd, answer[:]); err != nil || string(answer[:n]) != string(word) {
					t.Errorf("peer %d: %d bytes, %v", p, n, err)
				}
				unix.Close(fd)
			}
		})
	}
	clients.Wait()
	l.Shutdown()
	threads.Wait()
	if n := served.Load(); n != int64(peers*each) {
		t.Errorf("served %d of %d", n, peers*each)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	until(t, "the descriptors to be given back", func() bool { return descriptors(t) <= before })
}

// TestUringAcceptRearms makes more connections than the completion queue has
// room for while no thread reads it, which ends the request. All of them are
// accepted, and later ones too.
func TestUringAcceptRearms(t *testing.T) {
	l := listen(t, Options{})
	a := uringAcceptor(t, l)
	defer a.Close()
	const many = 3*UringAhead + 5
	for round := range 2 {
		var peers []int
		for range many {
			peers = append(peers, dial(t, l))
		}
		for i := range many {
			fd, err := a.Accept()
			if err != nil {
				t.Fatalf("round %d, connection %d: %v", round, i, err)
			}
			unix.Close(fd)
		}
		for _, fd := range peers {
			unix.Close(fd)
		}
	}
}

// TestUringShutdownServesWhatIsThere checks that after Shutdown Accept still
// returns connections that the kernel has accepted in advance, and that the
// rest of its contract holds.
func TestUringShutdownServesWhatIsThere(t *testing.T) {
	l := listen(t, Options{})
	a := uringAcceptor(t, l)
	before := descriptors(t)
	const many = 10
	var peers [many]int
	for i := range peers {
		peers[i] = dial(t, l)
	}
	// After the first is taken, the kernel accepts the others.
	first, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the others to be accepted ahead", func() bool { return descriptors(t) == before+2*many })
	l.Shutdown()
	ours := []int{first}
	for {
		fd, err := a.Accept()
		if err != nil {
			if !errors.Is(err, ErrEnded) {
				t.Errorf("after shutdown: %v", err)
			}
			break
		}
		ours = append(ours, fd)
	}
	if len(ours) != many {
		t.Errorf("%d of %d connections handed out", len(ours), many)
	}
	if _, err := a.Accept(); !errors.Is(err, ErrEnded) {
		t.Errorf("a later accept: %v", err)
	}
	for i, fd := range ours { // the connections work
		send1(t, fd, "x")
		if n, err := read(peers[i], make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("connection %d: %d, %v", i, n, err)
		}
		unix.Close(fd)
		unix.Close(peers[i])
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestUringCloseClosesConnections checks that Close also closes connections
// which no thread has taken: their peers see an end of file, and no descriptor
// stays open.
func TestUringCloseClosesConnections(t *testing.T) {
	l := listen(t, Options{})
	before := descriptors(t)
	a := uringAcceptor(t, l)
	const many = 10
	var peers [many]int
	for i := range peers {
		peers[i] = dial(t, l)
	}
	fd, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
	until(t, "the others to be accepted ahead", func() bool { return descriptors(t) == before+2*many })
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	for i, fd := range peers {
		if n, err := read(fd, make([]byte, 1)); n > 0 {
			t.Errorf("peer %d: %d, %v; want an end", i, n, err)
		}
		unix.Close(fd)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	// The listener still works, and no request of the kernel refers to it.
	peer := dial(t, l)
	defer unix.Close(peer)
	if fd, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	unix.Close(fd)
}

// TestUringShutdownWhileBlocked checks that a leader blocked in Accept returns
// ErrEnded, whether it or an earlier thread has submitted the request.
func TestUringShutdownWhileBlocked(t *testing.T) {
	for _, passed := range []bool{false, true} {
		t.Run(fmt.Sprintf("passed=%v", passed), func(t *testing.T) {
			l := listen(t, Options{})
			a := uringAcceptor(t, l)
			before := descriptors(t)
			release := make(chan struct{})
			var armer sync.WaitGroup
			if passed { // another thread, which lives on, submits the request
				peer := dial(t, l)
				accepted := make(chan int)
				armer.Go(func() {
					runtime.LockOSThread()
					fd, err := a.Accept()
					if err != nil {
						t.Error(err)
					}
					accepted <- fd
					<-release
				})
				unix.Close(<-accepted)
				unix.Close(peer)
			}
			tid, ended := make(chan int), make(chan error)
			go func() {
				runtime.LockOSThread()
				tid <- unix.Gettid()
				_, err := a.Accept()
				ended <- err
			}()
			leader := <-tid
			until(t, "a thread in io_uring_enter", func() bool { return inEnter(t, leader) })
			l.Shutdown()
			if err := <-ended; !errors.Is(err, ErrEnded) {
				t.Errorf("accept ended with %v", err)
			}
			close(release)
			armer.Wait()
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if after := descriptors(t); after != before-1 { // without the ring
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

// inEnter reports whether a thread of this process is in io_uring_enter.
func inEnter(t *testing.T, tid int) bool {
	call, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", tid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		t.Logf("cannot see whether a thread is blocked: %v", err)
		return true
	}
	return strings.HasPrefix(string(call), fmt.Sprintf("%d ", unix.SYS_IO_URING_ENTER))
}

// TestUringShortOfDescriptors checks that Accept reports the shortage, pauses,
// and later accepts the peers that had to wait.
func TestUringShortOfDescriptors(t *testing.T) {
	l := listen(t, Options{})
	a := uringAcceptor(t, l)
	defer a.Close()
	const many = 5
	var peers [many]int
	for i := range peers {
		peers[i] = dial(t, l)
		defer unix.Close(peers[i])
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 3, Max: limit.Max}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if fd, err := a.Accept(); !errors.Is(err, ErrNoConnection) {
			t.Errorf("accepted without descriptors: %d, %v", fd, err)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if n := l.Short.Load(); n != 2 {
		t.Errorf("%d shortages counted, want 2", n)
	}
	for i := range many {
		fd, err := a.Accept()
		if err != nil {
			t.Fatalf("connection %d after the shortage: %v", i, err)
		}
		unix.Close(fd)
	}
}

func TestUringRefusesToPoll(t *testing.T) {
	l := listen(t, Options{})
	if err := l.DoNotWait(); err != nil {
		t.Fatal(err)
	}
	if a, err := newUringAcceptor(l); err == nil || !strings.Contains(err.Error(), "is non-blocking") {
		t.Errorf("an acceptor for a listener that does not wait: %v, %v", a, err)
	}
}
