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

// nowhere is the index of a network interface that no system has.
//
// A listening socket that is shut down resets every connection in its accept
// queue, and the kernel knows no way to stop taking new ones while the queue is
// emptied. Binding the socket to an interface is one (SO_BINDTOIFINDEX,
// socket(7)): whoever asks for a connection at another one does not find the
// socket and is refused. What is in the queue stays there, and a handshake that
// has begun goes on. Since Linux 5.7 everybody may do so once.
const nowhere = math.MaxInt32

// HoldOff refuses new connections, of all processes that have the listener and
// of its siblings, so that the accept queue can be emptied before the listener
// is closed: accept until Queued is 0. It cannot be taken back. Where the system
// does not allow it, which is logged, connections that come meanwhile are
// queued as before.
func (l *Listener) HoldOff() {
	if !l.heldOff.Swap(true) {
		if err := unix.SetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, nowhere); err != nil && !toNowhere(l.fd) {
			slog.Warn("cannot hold new connections off: some that come while the listener is closed may be reset", "address", l.addr.String(), "error", err)
		}
	}
	_ = l.siblings.each(func(s *Listener) error {
		s.HoldOff()
		return nil
	})
}

// HeldOff reports that this or another process has called HoldOff.
func (l *Listener) HeldOff() bool { return l.heldOff.Load() || toNowhere(l.fd) }

func toNowhere(fd int) bool {
	index, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	return err == nil && index == nowhere
}

// Queued is how many connections wait in the accept queue, siblings' included.
// It is 0 for a listener that was shut down.
func (l *Listener) Queued() (n int) {
	// For a listening socket, the kernel tells its queue in this field.
	if info, err := unix.GetsockoptTCPInfo(l.fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.State == unix.BPF_TCP_LISTEN {
		n = int(info.Unacked)
	}
	_ = l.siblings.each(func(s *Listener) error {
		n += s.Queued()
		return nil
	})
	return n
}

// TurnAway answers what waits in the accept queue with answer, and closes it.
// It does not wait for peers. The listener does not wait any more after it.
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

// turnAway answers one connection. What has arrived is read first, because the
// kernel resets a connection that is closed with something unread, and the
// peer's system throws the answer away then.
func turnAway(fd int, answer []byte) {
	var rubbish [4 << 10]byte
	for range 256 {
		n, _, err := unix.Recvfrom(fd, rubbish[:], unix.MSG_DONTWAIT)
		if err != nil && err != unix.EINTR || err == nil && n == 0 {
			break
		}
	}
	_, _ = send(fd, answer, 0) // it fits, or the peer is gone
	_ = unix.Shutdown(fd, unix.SHUT_WR)
	_ = unix.Close(fd)
}

// Settle is how long handshakes are waited for. The peer of a deferred
// connection has connected, is perhaps about to send, and is in no queue until
// then; the kernel does not tell it from one that will say nothing.
const Settle = 250 * time.Millisecond

// Waiting reports whether a listener of these is held off and may still bring
// connections, this long after HoldOff: some wait in its accept queue, or are
// in their handshake.
func Waiting(listeners []*Listener, since time.Duration) bool {
	for _, l := range listeners {
		// In this order: what a handshake has come to is in the queue.
		if l.HeldOff() && (since < Settle && !l.Ended() && l.shakesHands() || l.Queued() > 0) {
			return true
		}
	}
	return false
}

// Emptied blocks until there is nothing Waiting, or until over reports true.
// Others go on accepting.
func Emptied(listeners []*Listener, over func() bool) {
	// To ask for handshakes, the kernel goes through all its connections, those in
	// TIME_WAIT too: that is milliseconds where there are tens of thousands.
	wait := time.Millisecond
	for began := flight.Now(); !over() && Waiting(listeners, time.Duration(flight.Now()-began)); wait = min(2*wait, 16*time.Millisecond) {
		pause(wait)
	}
}

// pause sleeps. time.Sleep would have the runtime start its network poller,
// which is one more thread beside those that are measured.
func pause(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	for unix.Nanosleep(&ts, &ts) == unix.EINTR { // ts is what is left
	}
}

// LetGo gives a listener that other processes have back to them: this process
// has it no longer, so that it is closed with the last of the others. Its
// descriptor stays taken until Close, because threads may still name it. No
// thread may be in Accept, and the listener is ended (Shutdown).
func (l *Listener) LetGo() {
	if !l.shared || !l.ended.Load() {
		return
	}
	l.inSets.Lock()
	defer l.inSets.Unlock()
	for _, set := range l.sets {
		_ = set.Remove(l.fd) // an entry would last as long as the socket
	}
	l.sets = nil
	// Any descriptor takes its place that the process has anyhow.
	_ = unix.Dup3(0, l.fd, unix.O_CLOEXEC)
}

// membership is the epoll sets that a listener is in.
type membership struct {
	inSets sync.Mutex
	sets   []*Epoll
}

// AddListener puts a listener into the set, as Add does. LetGo takes it out.
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

// RemoveListener takes it out again, if it is there.
func (e *Epoll) RemoveListener(l *Listener) {
	l.inSets.Lock()
	defer l.inSets.Unlock()
	if i := slices.Index(l.sets, e); i >= 0 {
		_ = e.Remove(l.fd)
		l.sets = slices.Delete(l.sets, i, i+1)
	}
}
