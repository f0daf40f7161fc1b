package cas

import (
	"fmt"
	"math/bits"
	"sync/atomic"
)

// Word is the leadership word: who may lead and who waits to, in 64 bits that
// are only ever changed together, by compare-and-swap.
//
//	bits   field     meaning
//	0-15   head      the follower on top of the stack, or End
//	16-29  free      a bit for each leader slot with nobody in it
//	30     choosing  somebody looks for an heir below the top of the stack
//	31     term      the pool ends: nobody leads or follows any more
//	32-63  tag       number of pushes and pops, modulo 2^32
//
// free and head are one word because the question "is there a leader?" and the
// act "then I wait" must not be separated: a leader that leaves in between
// would strand the thread that waits.
//
// Where the leadership is granted to a named follower, free slots and waiting
// followers exclude each other, but for the moment in which somebody chooses:
//
//	free > 0  =>  head == End or choosing
//
// Open and lazy promotion free the slot with followers waiting; then somebody
// is on the way who looks at the word, a follower that was called or the
// sentinel.
//
// The tag tells a stack that was popped and pushed back from one that was
// never touched. With one leader there is one popper and the tag is not
// needed; with several it is.
type Word uint64

const (
	// End is the head of an empty stack.
	End uint16 = 0xffff
	// MaxFollowers is how many threads a word can name.
	MaxFollowers = int(End)
	// MaxLeaders is how many leader slots a word has.
	MaxLeaders = 14

	freeShift        = 16
	freeMask    Word = (1<<MaxLeaders - 1) << freeShift
	choosingBit Word = 1 << 30
	termBit     Word = 1 << 31
	tagShift         = 32
)

// NewWord is the word of a pool with `leaders` slots in which nobody leads and
// nobody waits.
func NewWord(leaders int) Word { return Word(End) | (1<<leaders-1)<<freeShift }

// Head is the follower on top of the stack, or End.
func (w Word) Head() uint16 { return uint16(w) }

// Free is the number of leader slots with nobody in them.
func (w Word) Free() int { return bits.OnesCount64(uint64(w & freeMask)) }

// FreeSlot is the lowest of them. There must be one.
func (w Word) FreeSlot() uint8 { return uint8(bits.TrailingZeros64(uint64(w&freeMask)) - freeShift) }

// Choosing reports whether somebody looks for an heir.
func (w Word) Choosing() bool { return w&choosingBit != 0 }

// Terminated reports whether the pool ends.
func (w Word) Terminated() bool { return w&termBit != 0 }

// Tag counts pushes and pops.
func (w Word) Tag() uint32 { return uint32(w >> tagShift) }

func (w Word) withHead(head uint16) Word {
	return Word(w.Tag()+1)<<tagShift | w&(1<<tagShift-1)&^0xffff | Word(head)
}

func (w Word) withFree(slot uint8) Word    { return w | 1<<(freeShift+slot) }
func (w Word) withoutFree(slot uint8) Word { return w &^ (1 << (freeShift + slot)) }

// String shows the word for transcripts: "tag 3 head 1 free 0".
func (w Word) String() string {
	head := "-"
	if w.Head() != End {
		head = fmt.Sprint(w.Head())
	}
	rest := ""
	if w.Choosing() {
		rest += " choosing"
	}
	if w.Terminated() {
		rest += " term"
	}
	return fmt.Sprintf("tag %d head %s free %b%s", w.Tag(), head, w&freeMask>>freeShift, rest)
}

// Promise is what a follower waits for.
type Promise uint32

const (
	NoPromise Promise = iota // wait on
	Granted                  // the leadership is yours: Slot tells which
	Called                   // leave the stack and join again: there may be something for you
	Ended                    // the pool ends

	// What the follower itself says, where events may be bound to threads:
	Absent // it handles an event that is bound to it: choose another one
	Off    // it was absent and has been taken off the stack: join again
)

const promiseShift = 8

func grant(slot uint8) Promise { return Granted | Promise(slot)<<promiseShift }

// Kind is one of the constants above.
func (p Promise) Kind() Promise { return p & (1<<promiseShift - 1) }

// Slot is the leader slot that is Granted.
func (p Promise) Slot() uint8 { return uint8(p >> promiseShift) }

// Follower is one thread's record. It lives as long as its Leadership, so that
// a popper with an outdated head reads a stale link and never freed memory.
type Follower struct {
	_       [CacheLine]byte
	next    atomic.Uint32 // the follower below on the stack; written by its owner before the push
	promise atomic.Uint32
	rank    uint8 // for order priority; written before the first push
	_       [CacheLine - 9]byte
}

// Leadership is the word together with the followers' records, the leases of
// the leader slots, and the name of the sentinel. It must not be copied after
// first use.
type Leadership struct {
	_         [CacheLine]byte
	word      atomic.Uint64
	_         [CacheLine - 8]byte
	sentinel  atomic.Uint32 // see Sentinel
	_         [CacheLine - 4]byte
	leases    [MaxLeaders]lease
	followers []Follower
}

// NewLeadership is for `threads` threads of which `leaders` may lead at once.
func NewLeadership(threads, leaders int) *Leadership {
	if threads < 1 || threads > MaxFollowers {
		panic(fmt.Sprintf("cas: %d threads, want 1 to %d", threads, MaxFollowers))
	}
	if leaders < 1 || leaders > MaxLeaders {
		panic(fmt.Sprintf("cas: %d leaders, want 1 to %d", leaders, MaxLeaders))
	}
	l := &Leadership{followers: make([]Follower, threads)}
	l.word.Store(uint64(NewWord(leaders)))
	return l
}

// Leave has follower i be passed over while it handles an event that is bound
// to it. It reports false when i was promised something already. i's own to
// call, while it is on the stack; one atomic access.
func (l *Leadership) Leave(i uint16) bool {
	return l.followers[i].promise.CompareAndSwap(uint32(NoPromise), uint32(Absent))
}

// Return ends Leave. It reports false when i is not on the stack any more: its
// promise tells whether it is to join again. One atomic access.
func (l *Leadership) Return(i uint16) bool {
	return l.followers[i].promise.CompareAndSwap(uint32(Absent), uint32(NoPromise))
}

// Rank sets thread i's rank for order priority: the highest is promoted first.
// Call it before i joins.
func (l *Leadership) Rank(i uint16, rank uint8) { l.followers[i].rank = rank }

// Load reads the word: a snapshot for statistics and checks.
func (l *Leadership) Load() Word { return Word(l.word.Load()) }

// Promise reads what thread i was promised. One atomic access.
func (l *Leadership) Promise(i uint16) Promise { return Promise(l.followers[i].promise.Load()) }

func (l *Leadership) swap(old, new Word) bool {
	return l.word.CompareAndSwap(uint64(old), uint64(new))
}

// Image is the state of a Leadership as plain data, for a checker that saves
// and restores it between steps.
type Image struct {
	Word     Word
	Sentinel Sentinel
	Lease    [2]Lease
	Next     [4]uint16
	Promise  [4]Promise
}

// Save copies the state out. Only the first four threads and two slots fit.
func (l *Leadership) Save() (m Image) {
	m.Word = l.Load()
	m.Sentinel = l.Sentinel()
	for i := range m.Lease {
		m.Lease[i] = l.Lease(uint8(i))
	}
	for i := range l.followers {
		m.Next[i] = uint16(l.followers[i].next.Load())
		m.Promise[i] = l.Promise(uint16(i))
	}
	return m
}

// Restore puts a saved state back. No thread may be using l.
func (l *Leadership) Restore(m Image) {
	l.word.Store(uint64(m.Word))
	l.sentinel.Store(uint32(m.Sentinel))
	for i := range m.Lease {
		l.leases[i].state.Store(uint64(m.Lease[i]))
	}
	for i := range l.followers {
		l.followers[i].next.Store(uint32(m.Next[i]))
		l.followers[i].promise.Store(uint32(m.Promise[i]))
	}
}
