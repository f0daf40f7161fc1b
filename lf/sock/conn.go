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

// Conn is a connection's stream (serve.Stream). Reset reuses it for another
// descriptor. One thread at a time uses it; Kick and Cut may come from another.
//
// A Conn with wait set blocks its thread; another one returns
// serve.ErrWouldBlock. All descriptors are in blocking mode. Calls that must
// not block use MSG_DONTWAIT, except SendFile.
//
// The first read of a connection does not wait and sets no timeout, because
// with deferred accept its data is there. If it is not, the deadline is set
// once as SO_RCVTIMEO. Later reads that wait about as long use the same timeout
// (keep-alive waits always do), so each is one system call.
type Conn struct {
	// BeforeWait, if set, is called each time before the thread blocks.
	BeforeWait func()
	// AfterRead, if set, is called after each read that did not fail.
	AfterRead func()

	fd       int
	wait     bool
	stamped  bool
	armed    int64 // SO_RCVTIMEO of the descriptor, ns; 0 for none
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

// slack is how far the timeout in force may differ from the desired one. The
// kernel's own unit is a tick of 1 to 10 ms.
const slack = int64(20 * time.Millisecond)

// gate says who may touch the descriptor of an idle connection.
const (
	busy    uint32 = iota // only the owner
	idle                  // the owner waits in ReadIdle; Kick may take it
	kicking               // Kick shuts down the read side
	kicked                // Kick has finished
)

// cut says whether Cut may touch the descriptor.
const (
	closed  uint32 = iota // there is no descriptor
	open                  // the descriptor is the connection's
	cutting               // Cut shuts it down; it must not be closed
)

// Reset begins a connection. If wait is set, Kick ends its idle wait once
// *draining is true. stamped says that the descriptor has kernel time stamps.
func (c *Conn) Reset(fd int, wait, stamped bool, draining *atomic.Bool) {
	c.fd, c.wait, c.stamped, c.draining = fd, wait, stamped, draining
	c.armed, c.readBy, c.writeBy, c.arrived = 0, 0, 0, 0
	c.drained, c.full, c.served = false, false, 0
	c.gate.Store(busy)
	c.cut.Store(open) // last, because Cut reads the descriptor after it
}

// FD returns the descriptor, or -1 after Close.
func (c *Conn) FD() int { return c.fd }

// Waits reports whether Read and Write block. On a Conn that does not block, a
// session skips reads that would find nothing.
func (c *Conn) Waits() bool { return c.wait }

// Served returns the counter of responses on the connection. Whichever session
// serves it counts there.
func (c *Conn) Served() *int { return &c.served }

// SetReadDeadline sets the time at which Read must stop waiting, ns of
// CLOCK_MONOTONIC.
func (c *Conn) SetReadDeadline(ns int64) { c.readBy = ns }

// SetWriteDeadline sets the time at which Write must stop waiting, ns of
// CLOCK_MONOTONIC.
func (c *Conn) SetWriteDeadline(ns int64) { c.writeBy = ns }

// Arrived returns when the kernel received the data of the last Read, ns of
// CLOCK_MONOTONIC. It is 0 without time stamps.
func (c *Conn) Arrived() int64 { return c.arrived }

// Drained reports that the last read left nothing behind, so further data is a
// new arrival. It may return false although nothing is left.
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
		case unix.EAGAIN, unix.EINTR: // the timeout has passed or a signal came; arm checks the clock
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
	// A timeout that is slightly short costs one more receive at the deadline,
	// which is rare. Setting it for each wait would cost a system call each
	// time.
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
	// Either Kick sees the gate idle, or this thread sees that the server
	// drains, because both sides write first and read after.
	c.gate.Store(idle)
	if c.draining != nil && c.draining.Load() {
		c.leaveIdle()
		return c.readArrived(p)
	}
	n, err := c.Read(p)
	c.leaveIdle()
	return n, err
}

// readArrived reads what is there, and returns io.EOF if there is nothing. So a
// request that came before the server began to drain is still served.
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
			runtime.Gosched() // Kick is about to make a system call that does not block
		}
		c.gate.Store(busy)
	}
}

// Kick ends the idle wait of a connection, if it is in one. Data that had
// arrived is still served. Any thread may call it, after the flag given to
// Reset was set.
func (c *Conn) Kick() {
	if c.gate.CompareAndSwap(idle, kicking) {
		_ = unix.Shutdown(c.fd, unix.SHUT_RD) // the peer may have closed, and then the read ends, too
		c.gate.Store(kicked)
	}
}

// Cut shuts down the connection in both directions: reads return the end of
// file, writes fail, and a blocked thread wakes. The owner must still close the
// descriptor. Any thread may call it, even if there is no connection.
func (c *Conn) Cut() {
	if c.cut.CompareAndSwap(open, cutting) {
		_ = unix.Shutdown(c.fd, unix.SHUT_RDWR) // the peer may have closed
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

// Release takes the descriptor out of the Conn, for the caller to close. Use it
// where Conns are found by descriptor, because after close(2) another thread
// may accept a connection with the same number and Reset the Conn.
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

// CloseFD closes a connection's descriptor. It does not block, because
// connections do not use SO_LINGER.
func CloseFD(fd int) error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}
