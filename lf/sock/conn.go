package sock

import (
	"io"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"lflab/lf/flight"
	"lflab/lf/serve"
	"lflab/sync/block"
)

// Conn is a connection's stream (serve.Stream). It is reused: Reset gives it
// a new descriptor. One thread at a time uses it; Kick may come from another.
//
// A Conn that waits blocks its thread, a Conn that does not returns
// serve.ErrWouldBlock. Descriptors are in blocking mode either way; calls that
// must not block say so themselves (MSG_DONTWAIT), but for SendFile.
//
// What waiting costs: the first read of a connection is tried without waiting
// and without any deadline armed, for with deferred accept its data is there.
// When it is not, the deadline is armed once as SO_RCVTIMEO, and the same
// timeout serves all later reads that wait about as long (a keep-alive wait
// always does): those are one system call each.
type Conn struct {
	// BeforeWait, if set, is called each time before the thread blocks.
	BeforeWait func()
	// AfterRead, if set, is called after each read that got something.
	AfterRead func()

	fd       int
	wait     bool
	stamped  bool
	armed    int64 // SO_RCVTIMEO of the descriptor, ns; 0 none
	readBy   int64
	writeBy  int64
	arrived  int64
	draining *atomic.Bool
	drained  bool // the last read took all that was there
	full     bool // the last write did not fit
	gate     atomic.Uint32
	cut      atomic.Uint32
	receive  receiver
	offset   int64 // of sendfile(2)
	served   int
}

var _ serve.Stream = (*Conn)(nil)

// slack is how far an armed timeout may be from the one that is wanted. The
// kernel counts in ticks of 1 to 10 ms itself.
const slack = int64(20 * time.Millisecond)

// gate is who may touch the descriptor of an idle connection.
const (
	busy    uint32 = iota // the owner only
	idle                  // the owner waits in ReadIdle; Kick may take it
	kicking               // Kick is shutting the read side down
	kicked                // Kick is done
)

// cut is whether Cut may touch the descriptor.
const (
	closed  uint32 = iota // there is none
	open                  // it is the connection's
	cutting               // Cut is shutting it down: it must not be closed
)

// Reset begins a connection. A Conn that waits ends its idle wait when
// *draining becomes true and Kick is called after. stamped says that the
// descriptor bears kernel time stamps.
func (c *Conn) Reset(fd int, wait, stamped bool, draining *atomic.Bool) {
	c.fd, c.wait, c.stamped, c.draining = fd, wait, stamped, draining
	c.armed, c.readBy, c.writeBy, c.arrived = 0, 0, 0, 0
	c.drained, c.full, c.served = false, false, 0
	c.gate.Store(busy)
	c.cut.Store(open) // last: Cut reads the descriptor after it
}

// FD is the descriptor, -1 after Close.
func (c *Conn) FD() int { return c.fd }

// Waits tells whether Read and Write block. A session asks for it, and does
// not try to read what cannot be there on a Conn that does not.
func (c *Conn) Waits() bool { return c.wait }

// Served is where sessions count the responses on the connection: whichever
// serves it finds how many there have been.
func (c *Conn) Served() *int { return &c.served }

// SetReadDeadline sets until when Read may wait, ns of CLOCK_MONOTONIC.
func (c *Conn) SetReadDeadline(ns int64) { c.readBy = ns }

// SetWriteDeadline sets until when Write may wait, ns of CLOCK_MONOTONIC.
func (c *Conn) SetWriteDeadline(ns int64) { c.writeBy = ns }

// Arrived is when the kernel received the data of the last Read, ns of
// CLOCK_MONOTONIC; 0 on connections without time stamps.
func (c *Conn) Arrived() int64 { return c.arrived }

// Drained reports that the last read has left nothing behind: what comes after
// it is a new arrival. It may report false though nothing is left.
func (c *Conn) Drained() bool { return c.drained }

// Full reports that the last write did not fit.
func (c *Conn) Full() bool { return c.full }

// Read implements serve.Stream.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.armed == 0 || !c.wait {
		n, errno := c.recv(p, unix.MSG_DONTWAIT)
		c.drained = n < len(p)
		if errno == 0 {
			return c.ended(n)
		}
		if errno != unix.EAGAIN && errno != unix.EINTR {
			return 0, errno
		}
		if !c.wait {
			return 0, serve.ErrWouldBlock
		}
	}
	for {
		if err := c.arm(); err != nil {
			return 0, err
		}
		c.beforeWait()
		n, errno := c.recv(p, 0)
		switch errno {
		case 0:
			return c.ended(n)
		case unix.EAGAIN, unix.EINTR: // the timeout passed, or a signal: arm looks at the clock
		default:
			return 0, errno
		}
	}
}

func (c *Conn) beforeWait() {
	if c.BeforeWait != nil {
		c.BeforeWait()
	}
}

func (c *Conn) ended(n int) (int, error) {
	if c.AfterRead != nil {
		c.AfterRead()
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// arm makes the kernel end a blocking receive at the read deadline.
func (c *Conn) arm() error {
	if c.readBy == 0 {
		return c.setTimeout(0)
	}
	left := c.readBy - flight.Now()
	if left <= 0 {
		return serve.ErrDeadline
	}
	// One that is a little short costs another round at the deadline, which is
	// seldom; setting it anew for each wait would cost a system call each time.
	if c.armed <= left+slack && c.armed >= left-slack && c.armed >= left/2 && c.armed > 0 {
		return nil
	}
	return c.setTimeout(left)
}

func (c *Conn) setTimeout(ns int64) error {
	if ns == c.armed {
		return nil
	}
	tv := unix.NsecToTimeval(max(ns, int64(time.Microsecond)))
	if ns == 0 {
		tv = unix.Timeval{}
	}
	if err := setReceiveTimeout(c.fd, &tv); err != 0 {
		return err
	}
	c.armed = ns
	return nil
}

// ReadIdle implements serve.Stream.
func (c *Conn) ReadIdle(p []byte) (int, error) {
	if !c.wait || len(p) == 0 {
		return c.Read(p)
	}
	// Either Kick sees the gate idle, or we see that the server drains: both
	// sides write first and read after.
	c.gate.Store(idle)
	if c.draining != nil && c.draining.Load() {
		c.leaveIdle()
		return c.readArrived(p)
	}
	n, err := c.Read(p)
	c.leaveIdle()
	return n, err
}

// readArrived reads what is there; nothing is the end. A request that came
// before the server began to drain is served, though it is found after.
func (c *Conn) readArrived(p []byte) (int, error) {
	n, errno := c.recv(p, unix.MSG_DONTWAIT)
	switch errno {
	case 0:
		return c.ended(n)
	case unix.EAGAIN:
		return 0, io.EOF
	}
	return 0, errno
}

func (c *Conn) leaveIdle() {
	if !c.gate.CompareAndSwap(idle, busy) {
		for c.gate.Load() != kicked {
			runtime.Gosched() // Kick is between two instructions and a system call that does not block
		}
		c.gate.Store(busy)
	}
}

// Kick ends the idle wait of a connection, if it is in one. Data that had
// arrived is still served. Any thread may call it, after the flag that Reset
// was given has been set.
func (c *Conn) Kick() {
	if c.gate.CompareAndSwap(idle, kicking) {
		_ = unix.Shutdown(c.fd, unix.SHUT_RD) // the peer may have gone: the read ends then, too
		c.gate.Store(kicked)
	}
}

// Cut ends the connection in both directions: reads find the end, writes fail,
// and a thread that is blocked in either wakes up. The descriptor stays its
// owner's to close. Any thread may call it, also when there is no connection.
func (c *Conn) Cut() {
	if c.cut.CompareAndSwap(open, cutting) {
		_ = unix.Shutdown(c.fd, unix.SHUT_RDWR) // the peer may have gone
		c.cut.Store(open)
	}
}

// Write implements serve.Stream.
func (c *Conn) Write(p []byte) (int, error) {
	done := 0
	c.full = false
	for done < len(p) {
		n, errno := send(c.fd, p[done:], 0)
		switch errno {
		case 0:
			done += n
		case unix.EINTR:
		case unix.EAGAIN:
			if !c.wait {
				c.full = true
				return done, serve.ErrWouldBlock
			}
			if err := c.awaitWritable(); err != nil {
				return done, err
			}
		default:
			return done, errno
		}
	}
	return done, nil
}

func (c *Conn) awaitWritable() error {
	var timeout *unix.Timespec
	if c.writeBy != 0 {
		left := c.writeBy - flight.Now()
		if left <= 0 {
			return serve.ErrDeadline
		}
		ts := unix.NsecToTimespec(left)
		timeout = &ts
	}
	c.beforeWait()
	if _, err := block.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, timeout); err != nil && err != unix.EINTR {
		return err
	}
	return nil
}

// Discard reads what has arrived, so that the peer finds the end of the
// connection when it is closed, and no reset. It is for a Conn that does not
// wait.
func (c *Conn) Discard() {
	var discarded [4 << 10]byte
	for range 16 { // more than a client sends before it hears anything
		if _, err := c.Read(discarded[:]); err != nil {
			return
		}
	}
}

// CloseWrite implements serve.Stream.
func (c *Conn) CloseWrite() error { return unix.Shutdown(c.fd, unix.SHUT_WR) }

// Close closes the descriptor.
func (c *Conn) Close() error { return CloseFD(c.Release()) }

// Release takes the descriptor out of the Conn, for the caller to close. It is
// for Conns that are found by their descriptor: from close(2) on, another
// thread may accept a connection of the same number and Reset the Conn.
func (c *Conn) Release() (fd int) {
	for !c.cut.CompareAndSwap(open, closed) {
		if c.cut.Load() == closed {
			break
		}
		runtime.Gosched() // Cut is in a system call that does not block
	}
	fd, c.fd = c.fd, -1
	return fd
}

// CloseFD closes a connection's descriptor. It does not block: connections do
// not linger (SO_LINGER).
func CloseFD(fd int) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}
