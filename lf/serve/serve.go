// Package serve is the interface between an architecture (package mpm) and a
// protocol (package httpd): the stream of a connection, the session that serves
// it, and the thread that runs the session. Neither side imports the other.
package serve

import (
	"errors"
	"sync/atomic"

	"lflab/lf/flight"
)

var (
	// ErrWouldBlock is returned by a Stream that does not block.
	ErrWouldBlock = errors.New("would block")
	// ErrDeadline is returned by a Stream that blocks, when its deadline has
	// passed.
	ErrDeadline = errors.New("deadline passed")
)

// Stream is a connection's byte stream. A stream either blocks its thread until
// there is something to do, or returns ErrWouldBlock. A session works with both
// and need not know which it has. Deadlines are absolute, in nanoseconds of
// CLOCK_MONOTONIC (see flight.Now); 0 is none. A stream that does not block
// ignores them, because the code that waits for it enforces them.
type Stream interface {
	// Read reads what has arrived, up to len(p) bytes. It returns 0, io.EOF
	// when the peer has closed its side.
	Read(p []byte) (int, error)

	// ReadIdle is Read for a session that waits for a new request and has
	// nothing buffered. When the server drains it may end this wait with
	// io.EOF.
	ReadIdle(p []byte) (int, error)

	// Write writes p. It returns fewer than len(p) bytes only with an error.
	// The error is ErrWouldBlock if the stream does not block and its buffer is
	// full.
	Write(p []byte) (int, error)

	SetReadDeadline(ns int64)
	SetWriteDeadline(ns int64)

	// CloseWrite closes our side of the stream. The peer then reads an end of
	// file.
	CloseWrite() error

	// Arrived returns when the kernel received the data of the last Read, in
	// nanoseconds of CLOCK_MONOTONIC, or 0 if that is not recorded.
	Arrived() int64
}

// FileSender is a Stream that can send a file without copying the bytes through
// the process.
type FileSender interface {
	// SendFile writes head and then n bytes, at least one, of the regular file
	// with descriptor src, from offset on. It returns how many bytes it wrote,
	// head included. A stream that blocks may write fewer and return no error.
	// This means that the peer makes progress: the caller sets a new deadline
	// and calls again. A stream that does not block returns ErrWouldBlock when
	// its buffer is full. The error is io.ErrUnexpectedEOF if the file is too
	// short, and errors.ErrUnsupported if its bytes have to be read and written
	// instead.
	SendFile(head []byte, src int, offset, n int64) (int64, error)
}

// Next says what a connection needs after Session.Serve.
type Next uint8

const (
	Close     Next = iota // close it
	Idle                  // between requests: serve again when readable
	ReadMore              // within a request: serve again when readable
	WriteMore             // within a response: serve again when writable
	Linger                // after the last response: serve again when readable
)

// Reads reports whether the session waits for more bytes of something that has
// begun. A peer that sends a byte now and then must not prolong such a wait.
func (n Next) Reads() bool { return n == ReadMore || n == Linger }

// Session serves one connection at a time and is reused for others. One thread
// at a time uses it.
type Session interface {
	// Reset begins a new connection.
	Reset(Stream)

	// Serve serves the connection until it is finished or must wait for its
	// peer. On a stream that blocks, it returns only Close.
	Serve(*Thread) Next

	// Deadline returns when the wait that Serve asked for must end, in
	// nanoseconds of CLOCK_MONOTONIC. For Linger it may become earlier when the
	// server begins to drain.
	Deadline() int64

	// Expire is called instead of Serve when that deadline has passed. It may
	// tell the peer (408) but does not block. The caller then closes the
	// connection.
	Expire(*Thread)

	// Empty reports that the session holds no data of its connection. After
	// Idle it may then be given another connection by Reset, and a fresh
	// session may continue this connection.
	Empty() bool
}

// Service makes sessions and learns when the server drains.
type Service interface {
	NewSession() Session

	// Drain is called once when the server begins to stop. From then on,
	// sessions close their connection after the current response.
	Drain()

	// TurnAway returns the answer to a peer that is not served because the
	// server stops. It fits into an empty send buffer.
	TurnAway() []byte
}

// State is what a thread does, as Apache's scoreboard shows it. Zeroed memory
// is a scoreboard without threads.
type State uint32

const (
	Dead      State = iota // '.' no thread uses this row
	Starting               // 'S' started, does not serve yet
	Waiting                // '_' waits for a connection, or for its promotion: a follower or idle worker
	Leading                // '_' waits for the next connection as leader or listener
	Reading                // 'R' reads a request
	Writing                // 'W' handles a request and sends the response
	KeepAlive              // 'K' waits for the next request
	Closing                // 'C' closes a connection
)

// String returns the state's letter on Apache's scoreboard. Apache has no
// letter for a leader, so a leader shows as idle.
func (s State) String() string { return string(s.letter()) }

// letter returns '?' for an invalid state, because the row may be in memory
// that other processes write.
func (s State) letter() byte {
	if s > Closing {
		return '?'
	}
	return ".S__RWKC"[s]
}

// Idle reports whether a thread in that state can take a connection, or soon
// will.
func (s State) Idle() bool { return s >= Starting && s <= Leading }

// Row is one thread's row of the scoreboard. It may be in memory that processes
// share. Only its own thread writes the counters; any thread may read them.
// They continue those of the row's previous thread.
type Row struct {
	_           [128]byte
	State       atomic.Uint32
	TID         atomic.Int32 // the kernel's thread ID, 0 for a goroutine without its own thread
	Connections atomic.Uint64
	Requests    atomic.Uint64
	Bytes       atomic.Uint64 // of responses, including heads
	Handoffs    atomic.Uint64 // received: promotions to leader, connections from a queue
	Since       atomic.Int64  // when the last request began, ns of CLOCK_MONOTONIC; 0 unless Timed
	Busy        atomic.Uint64 // ns spent on requests; 0 unless Timed
	_           [128 - 56]byte
}

// Thread is one thread of a server.
type Thread struct {
	*Row
	Log   *flight.Log // nil if nothing is recorded
	ID    int
	Began int64  // when the thread began with its present event, ns of CLOCK_MONOTONIC; 0 if not recorded
	Yield func() // see BeforeLong; nil if there is nothing to give up
	Timed bool   // record in the row how long requests take, which costs clock readings

	// Scratch is memory for handlers. Only this thread uses it.
	Scratch []byte
}

// BeforeLong gives up what others wait for, above all the leadership. Call it
// on this thread before the thread blocks or works for long. It may be called
// any number of times.
func (t *Thread) BeforeLong() {
	if t.Yield != nil {
		t.Yield()
	}
}

// Set sets the state on the scoreboard. It writes only if the state changes,
// because it is called at every step and a store costs more than a load.
func (r *Row) Set(s State) {
	if r.State.Load() != uint32(s) {
		r.State.Store(uint32(s))
	}
}
