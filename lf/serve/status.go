package serve

import "time"

// Status is the status of a server of one or more processes. /server-status
// shows it.
type Status struct {
	MPM         string
	Primitive   string
	Threads     int
	Started     int64  // ns of CLOCK_MONOTONIC
	Connections uint64 // accepted since the start
	Requests    uint64 // answered since the start
	Bytes       uint64
	Spent       time.Duration // on requests, if threads are Timed
	Busy, Idle  int           // threads; those of processes that finish are neither
	Graceful    int           // threads of processes that finish

	// Scoreboard has a letter for each row. LeaderFollower has a mark for each
	// row: 'L' for a thread that waits for the next connection as leader or
	// listener, 'F' for one that waits for its promotion or for a connection,
	// '-' for others.
	Scoreboard     string
	LeaderFollower string

	Counters map[string]uint64 // of the architecture: promotions, wakes_issued, ...

	// Open counts all present connections. The others count connections that
	// wait without a thread; there are such only if Async is true.
	Async          bool
	Open           int
	AsyncWriting   int
	AsyncKeepAlive int
	AsyncClosing   int
	NotAccepting   bool // the server accepts no connections now

	// Board describes a server of several processes. It is nil for a single
	// process.
	Board *Board
	// Processes are the slots that have, or had, a process. PID is 0 if it has
	// ended; its rows still count. A server of a single process has one.
	Processes []Process
}

// Board describes a server of several processes.
type Board struct {
	ServerLimit, ThreadLimit     int
	Generation, ConfigGeneration int
	StartedAt, RestartedAt       time.Time
	ParentPID                    int
	ParentUser, ParentSystem     time.Duration // CPU time of the parent
	GoneUser, GoneSystem         time.Duration // CPU time of children that have ended
}

// Process is one process of a server.
type Process struct {
	Slot, PID, Generation int
	Group                 int
	Stopping              bool // it finishes its current work and then ends
	NotAccepting          bool
	Started               int64 // ns of CLOCK_MONOTONIC
	User, System          time.Duration

	Busy, Graceful, Idle                             int // threads
	Open, AsyncWriting, AsyncKeepAlive, AsyncClosing int // connections

	Rows []RowStatus
}

// RowStatus is a row as it was read.
type RowStatus struct {
	State       State
	Letter      byte // 'G' if the process finishes
	TID         int
	Connections uint64
	Requests    uint64
	Bytes       uint64
	Handoffs    uint64
	Since       int64
	Spent       time.Duration
}

// Mark returns 'L' for a leader or listener, 'F' for a follower or idle worker,
// and '-' for others.
func (s State) Mark() byte {
	switch s {
	case Leading:
		return 'L'
	case Waiting:
		return 'F'
	}
	return '-'
}

// Look reads the row. It reads one field after the other while the thread goes
// on.
func (r *Row) Look(stopping bool) RowStatus {
	state := State(r.State.Load())
	v := RowStatus{
		State: state, Letter: state.letter(), TID: int(r.TID.Load()),
		Connections: r.Connections.Load(), Requests: r.Requests.Load(), Bytes: r.Bytes.Load(), Handoffs: r.Handoffs.Load(),
		Since: r.Since.Load(), Spent: time.Duration(r.Busy.Load()),
	}
	if stopping && state != Dead {
		v.Letter = 'G'
	}
	return v
}

// Add adds a process to the sums. It appends to Processes.
func (s *Status) Add(p Process) {
	for _, r := range p.Rows {
		s.Connections += r.Connections
		s.Requests += r.Requests
		s.Bytes += r.Bytes
		s.Spent += r.Spent
		switch {
		case r.State == Dead || p.PID == 0:
		case p.Stopping:
			p.Graceful++
		case r.State.Idle():
			p.Idle++
		default:
			p.Busy++
		}
	}
	s.Busy += p.Busy
	s.Graceful += p.Graceful
	s.Idle += p.Idle
	s.Open += p.Open
	s.AsyncWriting += p.AsyncWriting
	s.AsyncKeepAlive += p.AsyncKeepAlive
	s.AsyncClosing += p.AsyncClosing
	s.Processes = append(s.Processes, p)
}

// Alone fills in the sums of a server of one process. If there is no count of
// open connections, it counts a connection for each busy thread.
func (s *Status) Alone() {
	p := &s.Processes[0]
	for _, r := range p.Rows {
		s.Scoreboard += string(r.Letter)
		s.LeaderFollower += string(r.Mark())
	}
	s.Threads = len(p.Rows)
	if s.Open == 0 {
		s.Open = p.Busy
		p.Open = p.Busy
	}
}

// Mark returns the state's mark, or '-' if the process finishes.
func (r RowStatus) Mark() byte {
	if r.Letter == 'G' {
		return '-'
	}
	return r.State.Mark()
}
