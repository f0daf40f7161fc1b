package cas

import (
	"fmt"
	"sync/atomic"
)

// Word is the leadership word: who may lead and who waits to, in 64 bits that
// are only ever changed together, by compare-and-swap.
//
//	bits   field  meaning
//	0-15   head   the follower on top of the stack, or End
//	16-30  free   leader slots with nobody in them
//	31     term   the pool ends: nobody leads or follows any more
//	32-63  tag    number of pushes and pops, modulo 2^32
//
// free and head are one word because the question "is there a leader?" and the
// act "then I wait" must not be separated: a leader that leaves in between
// would strand the thread that waits.
//
//	free > 0  =>  head == End
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

	freeShift        = 16
	freeMask  uint64 = 0x7fff
	termBit   Word   = 1 << 31
	tagShift         = 32
)

// NewWord is the word of a pool in which `free` threads may lead and nobody waits.
func NewWord(free int) Word { return Word(End) | Word(free)<<freeShift }

// Head is the follower on top of the stack, or End.
func (w Word) Head() uint16 { return uint16(w) }

// Free is the number of leader slots with nobody in them.
func (w Word) Free() int { return int(uint64(w) >> freeShift & freeMask) }

// Terminated reports whether the pool ends.
func (w Word) Terminated() bool { return w&termBit != 0 }

// Tag counts pushes and pops.
func (w Word) Tag() uint32 { return uint32(w >> tagShift) }

func (w Word) withHead(head uint16) Word {
	return Word(w.Tag()+1)<<tagShift | w&(1<<tagShift-1)&^0xffff | Word(head)
}

func (w Word) withFree(delta int) Word {
	return w&^Word(freeMask<<freeShift) | Word(w.Free()+delta)<<freeShift
}

// String shows the word for transcripts: "tag 3 head 1 free 0".
func (w Word) String() string {
	head := "-"
	if w.Head() != End {
		head = fmt.Sprint(w.Head())
	}
	term := ""
	if w.Terminated() {
		term = " term"
	}
	return fmt.Sprintf("tag %d head %s free %d%s", w.Tag(), head, w.Free(), term)
}

// Promise is what a follower waits for.
type Promise uint32

const (
	NoPromise Promise = iota // wait on
	Granted                  // the leadership is yours
	Ended                    // the pool ends
)

// Follower is one thread's record. It lives as long as its Leadership, so that
// a popper with an outdated head reads a stale link and never freed memory.
type Follower struct {
	_       [CacheLine]byte
	next    atomic.Uint32 // the follower below on the stack; written by its owner before the push
	promise atomic.Uint32
	_       [CacheLine - 8]byte
}

// Leadership is the word together with the followers' records. It must not be
// copied after first use.
type Leadership struct {
	_         [CacheLine]byte
	word      atomic.Uint64
	_         [CacheLine - 8]byte
	followers []Follower
}

// NewLeadership is for `threads` threads of which `leaders` may lead at once.
func NewLeadership(threads, leaders int) *Leadership {
	if threads < 1 || threads > MaxFollowers {
		panic(fmt.Sprintf("cas: %d threads, want 1 to %d", threads, MaxFollowers))
	}
	if leaders < 1 || leaders > int(freeMask) {
		panic(fmt.Sprintf("cas: %d leaders, want 1 to %d", leaders, freeMask))
	}
	l := &Leadership{followers: make([]Follower, threads)}
	l.word.Store(uint64(NewWord(leaders)))
	return l
}

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
	Word    Word
	Next    [4]uint16
	Promise [4]Promise
}

// Save copies the state out. Only the first four threads fit.
func (l *Leadership) Save() (m Image) {
	m.Word = l.Load()
	for i := range l.followers {
		m.Next[i] = uint16(l.followers[i].next.Load())
		m.Promise[i] = l.Promise(uint16(i))
	}
	return m
}

// Restore puts a saved state back. No thread may be using l.
func (l *Leadership) Restore(m Image) {
	l.word.Store(uint64(m.Word))
	for i := range l.followers {
		l.followers[i].next.Store(uint32(m.Next[i]))
		l.followers[i].promise.Store(uint32(m.Promise[i]))
	}
}
