package cas

import (
	"fmt"
	"math/bits"
	"sync/atomic"
)

// Word is the leadership word: which leader slots are free and which threads
// wait. Its 64 bits change only together, by compare-and-swap.
//
//	bits   field     meaning
//	0-15   head      the follower on top of the stack, or End
//	16-29  free      one bit for each leader slot that no thread holds
//	30     choosing  a thread looks for an heir below the top of the stack
//	31     term      the pool ends: no thread leads or follows any more
//	32-63  tag       number of pushes and pops, modulo 2^32
//
// free and head share one word because a thread must look for a free slot and
// begin to wait in one access. If a leader could leave in between, the thread
// would wait for ever.
//
// Where a leader grants the leadership to a certain follower, there are never
// both free slots and waiting followers, except while a thread chooses:
//
//	free > 0  =>  head == End or choosing
//
// Open and lazy promotion free the slot while followers wait. Then a called
// follower or the sentinel is about to look at the word.
//
// The tag tells a stack that was popped and pushed back from one that did not
// change (the ABA problem). Only pools with several leaders need it, because a
// single leader is the only thread that pops.
type Word uint64

const (
	// End is the head of an empty stack.
	End uint16 = 0xffff
	// MaxFollowers is the largest number of threads in a pool.
	MaxFollowers = int(End)
	// MaxLeaders is the largest number of leader slots.
	MaxLeaders = 14

	freeShift        = 16
	freeMask    Word = (1<<MaxLeaders - 1) << freeShift
	choosingBit Word = 1 << 30
	termBit     Word = 1 << 31
	tagShift         = 32
)

// NewWord returns the word of a pool with `leaders` slots, all free, and no
// followers.
func NewWord(leaders int) Word { return Word(End) | (1<<leaders-1)<<freeShift }

// Head returns the follower on top of the stack, or End.
func (w Word) Head() uint16 { return uint16(w) }

// Free counts the leader slots that no thread holds.
func (w Word) Free() int { return bits.OnesCount64(uint64(w & freeMask)) }

// FreeSlot returns the lowest free slot. There must be one.
func (w Word) FreeSlot() uint8 { return uint8(bits.TrailingZeros64(uint64(w&freeMask)) - freeShift) }

// Choosing reports whether a thread is looking for an heir.
func (w Word) Choosing() bool { return w&choosingBit != 0 }

// Terminated reports whether the pool ends.
func (w Word) Terminated() bool { return w&termBit != 0 }

// Tag returns the number of pushes and pops, modulo 2^32.
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

// Promise is the word that a follower waits on. It says what the thread may do
// next.
type Promise uint32

const (
	NoPromise Promise = iota // keep waiting
	Granted                  // lead the slot that Slot returns
	Called                   // the caller took it off the stack: join again, because there may be a slot
	Ended                    // the pool ends

	// The follower itself sets Absent, in pools where events are bound to
	// threads.
	Absent // the follower handles an event that is bound to it: choose another one
	Off    // the follower was absent and was taken off the stack: it must join again
)

const promiseShift = 8

func grant(slot uint8) Promise { return Granted | Promise(slot)<<promiseShift }

// Kind returns the promise without its slot.
func (p Promise) Kind() Promise { return p & (1<<promiseShift - 1) }

// Slot returns the leader slot of a promise of kind Granted.
func (p Promise) Slot() uint8 { return uint8(p >> promiseShift) }

// Follower is one thread's record. Records live as long as their Leadership. So
// a thread that pops with an outdated head reads a stale link but never freed
// memory.
type Follower struct {
	_       [CacheLine]byte
	next    atomic.Uint32 // the follower below on the stack; written by its owner before the push
	promise atomic.Uint32
	rank    uint8 // for order priority; written before the thread's first push
	_       [CacheLine - 9]byte
}

// Leadership holds the word, the followers' records, the leases of the leader
// slots, and which thread is the sentinel. It must not be copied after first
// use.
type Leadership struct {
	_         [CacheLine]byte
	word      atomic.Uint64
	_         [CacheLine - 8]byte
	sentinel  atomic.Uint32 // see Sentinel
	_         [CacheLine - 4]byte
	leases    [MaxLeaders]lease
	followers []Follower
}

// NewLeadership makes a Leadership for `threads` threads, of which `leaders`
// may lead at once.
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

// Leave marks follower i as absent, so that leaders pass it over while it
// handles an event that is bound to it. Only thread i calls it, while it is on
// the stack. It returns false, and changes nothing, if i already has a promise.
// One atomic access.
func (l *Leadership) Leave(i uint16) bool {
	return l.followers[i].promise.CompareAndSwap(uint32(NoPromise), uint32(Absent))
}

// Return undoes Leave. It returns false if i is no longer on the stack; the
// promise then says whether i must join again. One atomic access.
func (l *Leadership) Return(i uint16) bool {
	return l.followers[i].promise.CompareAndSwap(uint32(Absent), uint32(NoPromise))
}

// Rank sets thread i's rank for order priority: the highest is promoted first.
// Call it before i joins.
func (l *Leadership) Rank(i uint16, rank uint8) { l.followers[i].rank = rank }

// Load reads the word, for statistics and checks.
func (l *Leadership) Load() Word { return Word(l.word.Load()) }

// Promise reads thread i's promise. One atomic access.
func (l *Leadership) Promise(i uint16) Promise { return Promise(l.followers[i].promise.Load()) }

func (l *Leadership) swap(old, new Word) bool {
	return l.word.CompareAndSwap(uint64(old), uint64(new))
}

// Image is the state of a Leadership as plain data. A checker saves and
// restores it between steps.
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
