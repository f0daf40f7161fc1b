// Package serve is what an architecture (package mpm) and a protocol (package
// httpd) know of each other: the stream a connection is read and written
// through, the session that serves it, and the thread it is served on.
// Neither side imports the other.
package serve

import (
	"errors"
	"sync/atomic"

	"lflab/lf/flight"
)

var (
	// ErrWouldBlock is returned by a Stream that does not wait.
	ErrWouldBlock = errors.New("would block")
	// ErrDeadline is returned by a Stream that waits, when its deadline passed.
	ErrDeadline = errors.New("deadline passed")
)

// Stream is a connection's byte stream. Some streams wait (the thread blocks
// until there is something to do) and some do not (they return ErrWouldBlock);
// a session works on both and need not know which it has. Deadlines are
// absolute, in nanoseconds of CLOCK_MONOTONIC (see flight.Now); 0 is none. A
// stream that does not wait ignores them: whoever waits for it keeps them.
type Stream interface {
	// Read reads what has arrived, up to len(p) bytes. It returns 0, io.EOF
	// when the peer has ended its side.
	Read(p []byte) (int, error)

	// ReadIdle is Read where the session has nothing in hand and waits for a
	// new request to begin: the server may end that wait when it drains, and
	// then io.EOF is returned.
	ReadIdle(p []byte) (int, error)

	// Write writes p. It returns fewer than len(p) bytes only with an error,
	// which is ErrWouldBlock where a stream that does not wait is full.
	Write(p []byte) (int, error)

	SetReadDeadline(ns int64)
	SetWriteDeadline(ns int64)

	// CloseWrite ends our side of the stream; the peer reads an end of file.
	CloseWrite() error

	// Arrived is when the kernel received the data of the last Read, in
	// nanoseconds of CLOCK_MONOTONIC, or 0 when that is not being recorded.
	Arrived() int64
}

// FileSender is a Stream that can send a file without the bytes passing
// through the process.
type FileSender interface {
	// SendFile writes head and then n bytes, at least one, of the regular file
	// with descriptor src from offset on, and returns how many bytes of both
	// were written. That may be fewer without an error where the stream waits:
	// the peer takes them, and a new deadline is due. A stream that does not
	// wait returns ErrWouldBlock when it is full. The error is
	// io.ErrUnexpectedEOF where the file has less, and errors.ErrUnsupported
	// where its bytes have to be read and written.
	SendFile(head []byte, src int, offset, n int64) (int64, error)
}

// Next is what a connection needs after Session.Serve.
type Next uint8

const (
	Close     Next = iota // it is over: close it
	Idle                  // between requests: serve again when readable
	ReadMore              // within a request: serve again when readable
	WriteMore             // within a response: serve again when writable
	Linger                // after the last response: serve again when readable
)

// Reads tells whether a wait for the peer's bytes is meant that must not be
// drawn out by a byte now and then.
func (n Next) Reads() bool { return n == ReadMore || n == Linger }

// Session serves one connection at a time, and is reused for many. It is used
// by one thread at a time.
type Session interface {
	// Reset begins a new connection.
	Reset(Stream)

	// Serve serves the connection until it is over or must wait for its peer.
	// On a stream that waits it returns Close only.
	Serve(*Thread) Next

	// Deadline is until when the wait that Serve asked for may last; absolute,
	// in nanoseconds of CLOCK_MONOTONIC. For a Linger it may come nearer when
	// the server begins to drain.
	Deadline() int64

	// Expire is called in place of Serve when that deadline has passed. It
	// may tell the peer (408) but does not wait; the connection is closed after.
	Expire(*Thread)

	// Empty reports that the session holds nothing of its connection: after
	// Idle it may be given to another one by Reset, and a fresh session may
	// take this connection up.
	Empty() bool
}

// Service makes sessions, and is told when the server drains.
type Service interface {
	NewSession() Session

	// Drain is called once when the server begins to stop: from then on
	// sessions end their connection after the response in hand.
	Drain()

	// TurnAway is the answer to a peer that is not served because the server
	// ends. It fits into an empty send buffer.
	TurnAway() []byte
}

// State is what a thread does, as Apache's scoreboard shows it. Memory of
// zeros is a scoreboard without threads.
type State uint32

const (
	Dead      State = iota // '.' no thread has this row
	Starting               // 'S' has been started and does not serve yet
	Waiting                // '_' waits for a connection, or to be promoted: a follower, an idle worker
	Leading                // '_' waits for the next connection as leader or listener
	Reading                // 'R' reads a request
	Writing                // 'W' handles a request and sends the response
	KeepAlive              // 'K' waits for the next request
	Closing                // 'C' closes a connection
)

// String is the state's letter on Apache's scoreboard, which has none for a
// leader: it is idle there.
func (s State) String() string { return string(s.letter()) }

// letter is '?' for what no thread has set: rows may lie in memory that others
// write to.
func (s State) letter() byte {
	if s > Closing {
		return '?'
	}
	return ".S__RWKC"[s]
}

// Idle tells whether a thread in that state can take a connection, or soon
// will.
func (s State) Idle() bool { return s >= Starting && s <= Leading }

// Row is one thread's row of the scoreboard. It may lie in memory that
// processes share. The counters are written by its own thread only and may be
// read by any; they go on from where the row's last thread left them.
type Row struct {
	_           [128]byte
	State       atomic.Uint32
	TID         atomic.Int32 // the kernel's number of the thread, 0 where it has none of its own
	Connections atomic.Uint64
	Requests    atomic.Uint64
	Bytes       atomic.Uint64 // of responses, heads included
	Handoffs    atomic.Uint64 // received: promotions to leader, connections from a queue
	Since       atomic.Int64  // when the last request began, ns of CLOCK_MONOTONIC; 0 where nobody asks
	Busy        atomic.Uint64 // ns spent on requests, where somebody asks
	_           [128 - 56]byte
}

// Thread is one member of a server.
type Thread struct {
	*Row
	Log   *flight.Log // nil when nothing is recorded
	ID    int
	Began int64  // when the thread began with what it serves now, ns of CLOCK_MONOTONIC; 0 where nobody asks
	Yield func() // see BeforeLong; nil where the thread holds nothing
	Timed bool   // the row tells how long requests took, which costs readings of the clock

	// Scratch is memory for handlers that keep some on their thread, which alone
	// uses it.
	Scratch []byte
}

// BeforeLong gives up what the thread holds and others wait for, the
// leadership above all. Whoever is about to block the thread or to work for
// long calls it first, on that thread; any number of times.
func (t *Thread) BeforeLong() {
	if t.Yield != nil {
		t.Yield()
	}
}

// Set shows s on the scoreboard. It is called at every step, and storing costs
// more than looking.
func (r *Row) Set(s State) {
	if r.State.Load() != uint32(s) {
		r.State.Store(uint32(s))
	}
}
