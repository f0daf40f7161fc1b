package flight

import (
	"sync"
	"sync/atomic"

	_ "lflab/sync/linux" // makes the build elsewhere fail with an explanation

	"golang.org/x/sys/unix"
)

// Record holds one thread's stamps of one event, or of a further request on a
// connection (then Seq is 0). A stamp that was not taken is 0.
type Record struct {
	Seq      uint64 // number of the hand-off, counted by the giver
	Promoted bool   // the thread slept and got the leadership or item by this hand-off (f5)
	A1       int64
	U0       int64
	P0       int64
	P1       int64
	P3       int64
	F5       int64
	F6       int64
	H0       int64
	H1       int64
}

// Recorder owns the logs of a server's threads. Recording is off until On.
type Recorder struct {
	on    atomic.Bool
	epoch atomic.Uint64
	keep  int

	mu   sync.Mutex
	logs []*Log
}

// DefaultKeep is how many records each thread keeps. Later records replace the
// oldest.
const DefaultKeep = 1 << 16

// New makes a recorder whose logs keep the last `keep` records each.
func New(keep int) *Recorder { return &Recorder{keep: max(keep, 2)} }

// NewLog adds a log for one thread. Only that thread may call its methods.
func (r *Recorder) NewLog() *Log { return r.add(&Log{rec: r}) }

// NewLooseLog adds a log for a goroutine that may change threads. Its records
// have no thread ID. Only one goroutine at a time may call its methods.
func (r *Recorder) NewLooseLog() *Log { return r.add(&Log{rec: r, loose: true}) }

func (r *Recorder) add(l *Log) *Log {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on.Load() {
		l.ring = make([]Record, r.keep)
	}
	r.logs = append(r.logs, l)
	return l
}

// On begins a new recording and discards the previous one. No call of Records
// may be running. It takes the memory of all logs at once: a thread that
// allocated its own at its first record could start a garbage collection in the
// measured time.
func (r *Recorder) On() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.logs {
		if l.ring == nil {
			l.ring = make([]Record, r.keep)
		}
	}
	r.epoch.Add(1)
	r.on.Store(true)
}

// Off ends the recording. Records that threads have not finished are dropped.
func (r *Recorder) Off() { r.on.Store(false) }

// Recording reports whether recording is on.
func (r *Recorder) Recording() bool { return r != nil && r.on.Load() }

// Thread holds the records of one thread.
type Thread struct {
	TID         int      `json:"tid"`     // the kernel's thread ID; 0 if the thread recorded nothing or its log is loose
	Records     []Record `json:"records"` // oldest first
	Overwritten uint64   `json:"-"`       // older records that were lost because the log was full
	Unfinished  bool     `json:"-"`       // a further record was begun, and is not among Records
}

// Records returns the records of each thread since On, and how many records
// were lost because a log was full. Call it after Off.
func (r *Recorder) Records() (perThread []Thread, overwritten uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	epoch := r.epoch.Load()
	for _, l := range r.logs {
		if l.epochSeen.Load() != epoch {
			perThread = append(perThread, Thread{Records: []Record{}})
			continue
		}
		n := l.written.Load()
		from := uint64(0)
		if size := uint64(r.keep); n >= size {
			// A thread that checked `on` before Off may still overwrite the
			// oldest slot, so leave that slot out.
			from = n - size + 1
			overwritten += from
		}
		t := Thread{TID: l.tid, Records: make([]Record, 0, n-from), Overwritten: from, Unfinished: l.begun.Load() > n}
		for i := from; i < n; i++ {
			t.Records = append(t.Records, l.ring[i%uint64(r.keep)])
		}
		perThread = append(perThread, t)
	}
	return perThread, overwritten
}

// Log is one thread's part of a recording.
type Log struct {
	rec       *Recorder
	loose     bool // the writer may change threads
	tid       int  // the writer's thread ID; known from the first record on
	cur       Record
	open      bool
	ring      []Record
	begun     atomic.Uint64 // records begun, at least written
	written   atomic.Uint64
	epochSeen atomic.Uint64
}

func (l *Log) active() bool { return l != nil && l.rec.on.Load() }

// Leads records f5 of hand-off seq: this thread now leads, or has the item.
// promoted is true if the thread slept, false if it found the leadership free
// or the item waiting.
func (l *Log) Leads(seq uint64, promoted bool) {
	if l.active() {
		l.begin()
		l.cur.Seq, l.cur.Promoted, l.cur.F5 = seq, promoted, Now()
	}
}

// Arms records f6: the thread is about to wait on the handle set.
func (l *Log) Arms() {
	if l.active() {
		if !l.open {
			l.begin()
		}
		l.cur.F6 = Now()
	}
}

// Event records u0 and the number of the hand-off that this event will cause.
func (l *Log) Event(seq uint64) {
	if l.active() {
		if !l.open || l.cur.U0 != 0 {
			l.begin()
		}
		l.cur.Seq, l.cur.U0 = seq, Now()
	}
}

// Passes records p0: the hand-off begins.
func (l *Log) Passes() {
	if l.active() && l.open {
		l.cur.P0 = Now()
	}
}

// Published records p1: the word or the slot has been written.
func (l *Log) Published() {
	if l.active() && l.open {
		l.cur.P1 = Now()
	}
}

// Woke records p3: the wake-up system call has returned.
func (l *Log) Woke() {
	if l.active() && l.open {
		l.cur.P3 = Now()
	}
}

// HandlerBegins records h0, and a1 of the request in arrived, which is 0 if
// unknown.
func (l *Log) HandlerBegins(arrived int64) {
	if l.active() {
		if !l.open || l.cur.H0 != 0 {
			l.begin()
		}
		l.cur.A1, l.cur.H0 = arrived, Now()
	}
}

// HandlerEnds records h1.
func (l *Log) HandlerEnds() {
	if l.active() && l.open {
		l.cur.H1 = Now()
	}
}

// Flush finishes the open record. Threads call it when they go back to the
// pool.
func (l *Log) Flush() {
	if l.active() && l.open {
		l.flush()
	}
}

func (l *Log) begin() {
	if epoch := l.rec.epoch.Load(); l.epochSeen.Load() != epoch {
		if l.tid == 0 && !l.loose {
			l.tid = unix.Gettid()
		}
		l.open = false
		l.begun.Store(0)
		l.written.Store(0)
		l.epochSeen.Store(epoch)
	}
	if l.open {
		l.flush()
	}
	l.cur = Record{}
	l.open = true
	l.begun.Store(l.written.Load() + 1)
}

func (l *Log) flush() {
	l.open = false
	if l.epochSeen.Load() != l.rec.epoch.Load() {
		return // opened in an earlier recording
	}
	n := l.written.Load()
	l.ring[n%uint64(l.rec.keep)] = l.cur
	l.written.Store(n + 1)
}
