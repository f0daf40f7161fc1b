package flight

import (
	"sync"
	"sync/atomic"

	_ "lflab/sync/linux" // says what is wrong elsewhere

	"golang.org/x/sys/unix"
)

// Record is what one thread noted about one event, or about one further
// request on a connection (Seq 0 then). A stamp that was not taken is 0.
type Record struct {
	Seq      uint64 // number of the hand-off, counted by whoever passes
	Promoted bool   // the thread was asleep and got this by a hand-off (f5)
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

// DefaultKeep is how many records each thread keeps: the last ones.
const DefaultKeep = 1 << 16

// New makes a recorder whose logs keep the last `keep` records each.
func New(keep int) *Recorder { return &Recorder{keep: max(keep, 2)} }

// NewLog adds a log for one thread. Only that thread may call its methods.
func (r *Recorder) NewLog() *Log { return r.add(&Log{rec: r}) }

// NewLooseLog adds a log for what is no thread, a goroutine that changes
// threads say: its records cannot be looked for on one. Only one goroutine at a
// time may call its methods.
func (r *Recorder) NewLooseLog() *Log { return r.add(&Log{rec: r, loose: true}) }

func (r *Recorder) add(l *Log) *Log {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	r.logs = append(r.logs, l)
	r.mu.Unlock()
	return l
}

// On begins a new recording and forgets the last one. No Records may be under
// way.
func (r *Recorder) On() {
	r.epoch.Add(1)
	r.on.Store(true)
}

// Off ends the recording. Records that threads have open are dropped.
func (r *Recorder) Off() { r.on.Store(false) }

// Recording reports whether stamps are being taken.
func (r *Recorder) Recording() bool { return r != nil && r.on.Load() }

// Thread is what one thread noted.
type Thread struct {
	TID     int      `json:"tid"`     // the kernel's number of it; 0 if it noted nothing, or its log is a loose one
	Records []Record `json:"records"` // oldest first
}

// Records returns what each thread noted since On, and how many records were
// overwritten because a log was full. Call it after Off.
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
			// A thread that passed the check of `on` before Off may still be
			// writing over the oldest slot: leave that one out.
			from = n - size + 1
			overwritten += from
		}
		t := Thread{TID: l.tid, Records: make([]Record, 0, n-from)}
		for i := from; i < n; i++ {
			t.Records = append(t.Records, l.ring[i%uint64(r.keep)])
		}
		perThread = append(perThread, t)
	}
	return perThread, overwritten
}

// Log is one thread's part of the recording.
type Log struct {
	rec       *Recorder
	loose     bool // it is not one thread that writes
	tid       int  // who writes; known from the first record on
	cur       Record
	open      bool
	ring      []Record
	written   atomic.Uint64
	epochSeen atomic.Uint64
}

func (l *Log) active() bool { return l != nil && l.rec.on.Load() }

// Leads notes f5 of the record of hand-off seq: this thread now leads, or
// holds the item. promoted tells a thread that slept from one that found the
// leadership free or the item waiting.
func (l *Log) Leads(seq uint64, promoted bool) {
	if l.active() {
		l.begin()
		l.cur.Seq, l.cur.Promoted, l.cur.F5 = seq, promoted, Now()
	}
}

// Arms notes f6: the thread is about to wait on the handle set.
func (l *Log) Arms() {
	if l.active() {
		if !l.open {
			l.begin()
		}
		l.cur.F6 = Now()
	}
}

// Event notes u0, and the number of the hand-off that this event will cause.
func (l *Log) Event(seq uint64) {
	if l.active() {
		if !l.open || l.cur.U0 != 0 {
			l.begin()
		}
		l.cur.Seq, l.cur.U0 = seq, Now()
	}
}

// Passes notes p0: the hand-off begins.
func (l *Log) Passes() {
	if l.active() && l.open {
		l.cur.P0 = Now()
	}
}

// Published notes p1: the word or the slot has been written.
func (l *Log) Published() {
	if l.active() && l.open {
		l.cur.P1 = Now()
	}
}

// Woke notes p3: the wake-up system call has returned.
func (l *Log) Woke() {
	if l.active() && l.open {
		l.cur.P3 = Now()
	}
}

// HandlerBegins notes h0. arrived is a1 of the request, 0 if unknown.
func (l *Log) HandlerBegins(arrived int64) {
	if l.active() {
		if !l.open || l.cur.H0 != 0 {
			l.begin()
		}
		l.cur.A1, l.cur.H0 = arrived, Now()
	}
}

// HandlerEnds notes h1.
func (l *Log) HandlerEnds() {
	if l.active() && l.open {
		l.cur.H1 = Now()
	}
}

// Flush ends the open record. Threads call it when they go back to the pool.
func (l *Log) Flush() {
	if l.active() && l.open {
		l.flush()
	}
}

func (l *Log) begin() {
	if epoch := l.rec.epoch.Load(); l.epochSeen.Load() != epoch {
		if l.ring == nil {
			l.ring = make([]Record, l.rec.keep)
			if !l.loose {
				l.tid = unix.Gettid()
			}
		}
		l.open = false
		l.written.Store(0)
		l.epochSeen.Store(epoch)
	}
	if l.open {
		l.flush()
	}
	l.cur = Record{}
	l.open = true
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
