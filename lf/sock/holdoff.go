package sock

import (
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
)

// noInterface is the index of a network interface that no system has.
//
// Shutting down a listening socket resets every connection in its accept queue,
// and no system call stops new connections while a process empties the queue.
// Binding the socket to an interface that does not exist has that effect
// (SO_BINDTOIFINDEX, socket(7)): a new peer does not find the socket and is
// refused, while connections in the queue stay and handshakes that have begun
// go on. Since Linux 5.7 any user may do so once.
const noInterface = math.MaxInt32

// HoldOff makes the kernel refuse new connections to the listener and its
// siblings, in all processes, so that the accept queue can be emptied before
// they are closed: accept until Queued is 0. It cannot be undone. If the system
// does not allow it, HoldOff logs that, and new connections are still queued.
func (l *Listener) HoldOff() {
	if !l.heldOff.Swap(true) {
		if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, noInterface); err != nil && !boundToNone(l.fd) {
			slog.Warn("cannot refuse new connections: some that come while the listener is closed may be reset", "address", l.addr.String(), "error", err)
		}
	}
	_ = l.siblings.each(func(s *Listener) error {
		s.HoldOff()
		return nil
	})
}

// HeldOff reports whether this or another process has called HoldOff.
func (l *Listener) HeldOff() bool { return l.heldOff.Load() || boundToNone(l.fd) }

func boundToNone(fd int) bool {
	index, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	return err == nil && index == noInterface
}

// Queued counts the connections in the accept queue, and in those of siblings.
// It is 0 after Shutdown.
func (l *Listener) Queued() (n int) {
	// For a listening socket, the kernel returns the length of its queue in
	// Unacked.
	if info, err := unix.GetsockoptTCPInfo(l.fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.State == unix.BPF_TCP_LISTEN {
		n = int(info.Unacked)
	}
	_ = l.siblings.each(func(s *Listener) error {
		n += s.Queued()
		return nil
	})
	return n
}

// TurnAway answers all connections in the accept queue with answer and closes
// them. It returns their number. It does not wait for peers. Afterwards the
// listener is non-blocking.
func (l *Listener) TurnAway(answer []byte) (n int) {
	_ = unix.SetNonblock(l.fd, true)
	for {
		fd, errno := l.tryAccept()
		if errno == unix.EINTR || errno == unix.ECONNABORTED {
			continue
		}
		if errno != 0 {
			break
		}
		turnAway(fd, answer)
		n++
	}
	_ = l.siblings.each(func(s *Listener) error {
		n += s.TurnAway(answer)
		return nil
	})
	return n
}

// turnAway answers one connection. It first reads what has arrived, because the
// kernel resets a connection that is closed with unread data, and the peer's
// system then drops the answer.
func turnAway(fd int, answer []byte) {
	var rubbish [4 << 10]byte
	for range 256 {
		n, _, err := unix.Recvfrom(fd, rubbish[:], unix.MSG_DONTWAIT)
		if err != nil && err != unix.EINTR || err == nil && n == 0 {
			break
		}
	}
	_, _ = send(fd, answer, 0) // it fits, or the peer has gone
	_ = unix.Shutdown(fd, unix.SHUT_WR)
	_ = unix.Close(fd)
}

// Settle is how long Waiting takes handshakes into account. The peer of a
// deferred connection may have connected and be about to send, but is in no
// queue until then. The kernel cannot tell it from a peer that will send
// nothing.
const Settle = 250 * time.Millisecond

// Waiting reports whether one of the listeners is held off and may still yield
// connections: some wait in its accept queue, or are in their handshake. since
// is the time since HoldOff.
func Waiting(listeners []*Listener, since time.Duration) bool {
	for _, l := range listeners {
		// Check handshakes first: those that finish in between are then in the
		// queue.
		if l.HeldOff() && (since < Settle && !l.Ended() && l.shakesHands() || l.Queued() > 0) {
			return true
		}
	}
	return false
}

// Emptied blocks until Waiting returns false or over returns true. Other
// threads must accept meanwhile.
func Emptied(listeners []*Listener, over func() bool) {
	// For the query of handshakes, the kernel walks all its connections,
	// including those in TIME_WAIT. This takes milliseconds where there are
	// tens of thousands.
	wait := time.Millisecond
	for began := flight.Now(); !over() && Waiting(listeners, time.Duration(flight.Now()-began)); wait = min(2*wait, 16*time.Millisecond) {
		pause(wait)
	}
}

// pause sleeps. It avoids time.Sleep, which would start the runtime's network
// poller, one more thread beside the measured ones.
func pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&ts, &ts) == unix.EINTR { // ts holds the remaining time
	}
}

// LetGo releases this process's share of a listener that other processes also
// have, so that the socket closes with the last of those. The descriptor number
// stays in use until Close, because threads may still use it. Call it after
// Shutdown, when no thread is in Accept. Otherwise, or if the listener is not
// shared, it does nothing.
func (l *Listener) LetGo() {
	if !l.shared || !l.ended.Load() {
		return
	}
	l.inSets.Lock()
	defer l.inSets.Unlock()
	for _, set := range l.sets {
		_ = set.Remove(l.fd) // because an entry would live as long as the socket
	}
	l.sets = nil
	// Replace the descriptor by another one that the process has anyway.
	_ = unix.Dup3(0, l.fd, unix.O_CLOEXEC)
}

// membership holds the epoll sets that contain a listener.
type membership struct {
	inSets sync.Mutex
	sets   []*Epoll
}

// AddListener adds a listener to the set, as Add does. LetGo removes it.
func (e *Epoll) AddListener(l *Listener, events uint32, token uint64) error {
	l.inSets.Lock()
	defer l.inSets.Unlock()
	if l.shared && l.ended.Load() {
		return ErrEnded
	}
	if err := e.Add(l.fd, events, token); err != nil {
		return err
	}
	l.sets = append(l.sets, e)
	return nil
}

// RemoveListener removes the listener, if it is in the set.
func (e *Epoll) RemoveListener(l *Listener) {
	l.inSets.Lock()
	defer l.inSets.Unlock()
	if i := slices.Index(l.sets, e); i >= 0 {
		_ = e.Remove(l.fd)
		l.sets = slices.Delete(l.sets, i, i+1)
	}
}
