package park

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func lifoSem(t testing.TB, waiters int, limit uint32) *LifoSem {
	t.Helper()
	s, err := newLifoSem(waiters, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLifoSemOrder checks that each post wakes one sleeping thread, the one
// that came last. A thread that comes in between is served first.
func TestLifoSemOrder(t *testing.T) {
	const waiters = 8
	s := lifoSem(t, waiters, 1)
	granted := make(chan int)
	wait := func(id int) {
		go func() {
			runtime.LockOSThread()
			s.Wait(id)
			granted <- id
		}()
		if !poll(func() bool { return s.nodes[id].baton.Load() == batonWaiting }) {
			t.Fatalf("waiter %d does not sleep", id)
		}
	}
	var order []int
	post := func() {
		if !s.Post() {
			t.Fatal("Post reports that it woke no thread")
		}
		order = append(order, <-granted)
	}
	for id := range waiters {
		wait(id)
	}
	for range waiters / 2 {
		post()
	}
	wait(waiters - 1)
	for range waiters/2 + 1 {
		post()
	}
	if want := []int{7, 6, 5, 4, 7, 3, 2, 1, 0}; !slices.Equal(order, want) {
		t.Errorf("granted to %v, want %v", order, want)
	}
	if s.Post() {
		t.Error("Post reports that it woke a thread, but none waits")
	}
	s.Wait(3)
	if s.WaitUntil(3, 0) {
		t.Error("there is a unit that was not posted")
	}
}

// TestLifoSemLosesNoWake makes as many waits as posts in many threads, and each
// must end. There are always fewer units than waiters, so that waiters sleep.
// If one post of 100 or more finds a sleeping thread, a run in which none does
// has a chance of 0.99^3000, about 10^-13.
func TestLifoSemLosesNoWake(t *testing.T) {
	const waiters, posters, about = 6, 3, 2
	posts := int64(max(scaled(3_000, 60_000), 3_000) / posters * posters)
	s := lifoSem(t, waiters, math.MaxUint32)
	var claimed, posted, granted, woken atomic.Int64
	var all sync.WaitGroup
	for id := range waiters {
		all.Go(func() {
			runtime.LockOSThread()
			for claimed.Add(1) <= posts {
				s.Wait(id)
				granted.Add(1)
			}
		})
	}
	for range posters {
		all.Go(func() {
			runtime.LockOSThread()
			for range posts / posters {
				for nth := posted.Add(1); nth > granted.Load()+about; {
					_, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0)
				}
				if s.Post() {
					woken.Add(1)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	watch(t, &granted, done)
	if n := granted.Load(); n != posts {
		t.Errorf("%d granted of %d", n, posts)
	}
	if w := s.word.Load(); w&(lifoTag-1) != 0 {
		t.Errorf("left behind: word %#x", w)
	}
	t.Logf("%d posts woke %d", posts, woken.Load())
	if woken.Load() == 0 {
		t.Errorf("none of %d posts found a waiter asleep: nothing was tested", posts)
	}
}

// TestLifoSemWithDeadlines lets posts race deadlines, and waiters that gave up
// come again. Each unit is granted once or stays in the value. Posts go on
// until each kind of race has been seen.
func TestLifoSemWithDeadlines(t *testing.T) {
	const waiters = 4
	posts := scaled(1_000, 20_000)
	s := lifoSem(t, waiters, math.MaxUint32)
	var granted, late, revived atomic.Int64
	var over atomic.Bool
	var all sync.WaitGroup
	for id := range waiters {
		all.Go(func() {
			runtime.LockOSThread()
			for !over.Load() {
				if s.nodes[id].baton.Load() == batonGone {
					revived.Add(1)
				}
				if s.WaitUntil(id, now()+rand.Int64N(int64(30*time.Microsecond))) {
					granted.Add(1)
				} else {
					late.Add(1)
				}
			}
		})
	}
	raced := func() bool { return granted.Load() > 0 && late.Load() > 0 && revived.Load() > 0 }
	posted := 0
	for end := time.Now().Add(patience); posted < posts || !raced() && time.Now().Before(end); posted++ {
		s.Post()
		for until := now() + rand.Int64N(int64(60*time.Microsecond)); now() < until; {
		}
	}
	over.Store(true)
	all.Wait()
	left := int64(0)
	for s.WaitUntil(0, 0) {
		left++
	}
	if n := granted.Load(); n+left != int64(posted) {
		t.Errorf("%d granted and %d left of %d", n, left, posted)
	}
	t.Logf("%d granted, %d deadlines passed, %d came again to their old place, %d units left", granted.Load(), late.Load(), revived.Load(), left)
	if !raced() {
		t.Error("no race")
	}
}

// TestLifoSemGone checks that a post skips the nodes of waiters that have given
// up. A waiter that comes again before that has its old place.
func TestLifoSemGone(t *testing.T) {
	s := lifoSem(t, 3, 1)
	for id := range 3 {
		if s.WaitUntil(id, 0) {
			t.Fatal("there is a unit that was not posted")
		}
	}
	again := own(t, nil, internals{asleep: func(Parker) bool { return s.nodes[1].baton.Load() == batonWaiting }}, func() { s.Wait(1) })
	again.asleep()
	if !s.Post() {
		t.Error("the post did not reach the only waiter that is there")
	}
	again.ends()
	for id, want := range []uint32{batonGone, batonOut, batonOut} {
		if b := s.nodes[id].baton.Load(); b != want {
			t.Errorf("baton %d is %d, want %d", id, b, want)
		}
	}
	if s.Post() || !s.WaitUntil(2, 0) || s.nodes[0].baton.Load() != batonOut {
		t.Error("the post did not skip the last waiter, which is gone, to leave the unit in the value")
	}
}

// TestLifoSemTag: a post reads the list, and before its CAS others change the
// list until it looks the same again. The CAS must fail.
func TestLifoSemTag(t *testing.T) {
	s := lifoSem(t, 2, 1)
	s.WaitUntil(0, 0)
	s.WaitUntil(1, 0)
	before := s.word.Load()
	stale := relinked(before, s.nodes[1].next.Load()) // the post would write this: waiter 0 is the last
	s.Post()
	s.WaitUntil(0, 0) // takes the unit
	s.WaitUntil(1, 0) // waiter 1 is the last again, with none before it
	if now := s.word.Load(); uint32(now) != uint32(before) || now&lifoList == 0 {
		t.Fatalf("the list was %#x, is %#x: not the case that was meant", before, now)
	}
	if s.word.CompareAndSwap(before, stale) {
		t.Error("the tag did not stop a post with a stale list")
	}
	// When the tag wraps around, the other fields do not change.
	if w := relinked(^uint64(0), 5); w != lifoList|5 {
		t.Errorf("the tag's wrap-around left %#x", w)
	}
}

func TestLifoSemLimit(t *testing.T) {
	s := lifoSem(t, 1, 3)
	for range 5 {
		s.Post()
	}
	for i := range 3 {
		if !s.WaitUntil(0, 0) {
			t.Errorf("unit %d of 3 is not there", i)
		}
	}
	if s.WaitUntil(0, 0) {
		t.Error("more units than the limit")
	}
	for _, bad := range []struct {
		waiters int
		limit   uint32
	}{{0, 1}, {1<<16 + 1, 1}, {1, 0}} {
		if _, err := newLifoSem(bad.waiters, bad.limit); err == nil || !strings.Contains(err.Error(), "want 1 to") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// BenchmarkWaiters gives a unit to one of several sleeping threads and waits
// for its answer. threads is the number of those that took their equal share or
// more: a semaphore that grants to the last waiter always wakes the same one,
// the kernel's queue wakes each in turn.
func BenchmarkWaiters(b *testing.B) {
	kinds := []struct {
		name string
		make func(waiters int) (post func() bool, wait func(id int))
	}{
		{"lifosem", func(waiters int) (func() bool, func(int)) {
			s := lifoSem(b, waiters, 1)
			return s.Post, s.Wait
		}},
		{"sema", func(int) (func() bool, func(int)) {
			p := new(semaParker)
			return p.Unpark, func(int) { p.Park() }
		}},
	}
	for _, k := range kinds {
		for _, waiters := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("primitive=%s/waiters=%d", k.name, waiters), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(waiters + 3))
				post, wait := k.make(waiters)
				answer := make1(b, futexKind)
				var taken atomic.Int64
				var over atomic.Bool
				shares := make([]struct {
					n int
					_ [120]byte
				}, waiters)
				var all sync.WaitGroup
				for id := range waiters {
					all.Go(func() {
						runtime.LockOSThread()
						for wait(id); !over.Load(); wait(id) {
							shares[id].n++
							taken.Add(1)
							answer.Unpark()
						}
						post() // to the next one, until none waits
					})
				}
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				hand := func() {
					want := taken.Load() + 1
					for post(); taken.Load() < want; {
						answer.Park()
					}
				}
				hand() // some are asleep by now
				b.ResetTimer()
				for range b.N {
					hand()
				}
				b.StopTimer()
				over.Store(true)
				post()
				all.Wait()
				busy := 0
				for id := range shares {
					if shares[id].n*waiters >= b.N {
						busy++
					}
				}
				b.ReportMetric(float64(busy), "threads")
			})
		}
	}
}
