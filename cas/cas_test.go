package cas

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

func TestWordFields(t *testing.T) {
	for _, c := range []struct {
		name string
		w    Word
		head uint16
		free int
		term bool
		tag  uint32
	}{
		{"new", NewWord(1), End, 1, false, 0},
		{"four leaders", NewWord(4), End, 4, false, 0},
		{"claimed", NewWord(1).withoutFree(0), End, 0, false, 0},
		{"pushed", NewWord(1).withoutFree(0).withHead(7), 7, 0, false, 1},
		{"popped", NewWord(1).withoutFree(0).withHead(7).withHead(End), End, 0, false, 2},
		{"terminated", NewWord(0).withHead(End) | termBit, End, 0, true, 1},
		{"last thread", NewWord(0).withHead(End - 1), End - 1, 0, false, 1},
		{"tag wraps", (NewWord(3) | 0xffffffff<<tagShift).withHead(5), 5, 3, false, 0},
		{"slot 1 freed", NewWord(2).withoutFree(0).withoutFree(1).withFree(1), End, 1, false, 0},
		{"highest slot", NewWord(0).withFree(MaxLeaders - 1), End, 1, false, 0},
		{"term survives", (NewWord(2) | termBit).withHead(1).withoutFree(0), 1, 1, true, 1},
	} {
		if c.w.Head() != c.head || c.w.Free() != c.free || c.w.Terminated() != c.term || c.w.Tag() != c.tag {
			t.Errorf("%s: %v, want tag %d head %d free %d term %v", c.name, c.w, c.tag, c.head, c.free, c.term)
		}
	}
}

// TestWordSlots claims all slots, lowest first, and frees them again.
func TestWordSlots(t *testing.T) {
	w := NewWord(MaxLeaders).withHead(3) | choosingBit
	for slot := range uint8(MaxLeaders) {
		if got := w.FreeSlot(); got != slot {
			t.Errorf("%v: lowest free slot %d, want %d", w, got, slot)
		}
		w = w.withoutFree(slot)
	}
	if w.Free() != 0 || !w.Choosing() || w.Terminated() || w.Head() != 3 || w.Tag() != 1 {
		t.Errorf("all claimed: %v", w)
	}
	for slot := range uint8(MaxLeaders) {
		w = w.withFree(MaxLeaders - 1 - slot)
	}
	if want := NewWord(MaxLeaders).withHead(3) | choosingBit; w != want {
		t.Errorf("all freed: %v, want %v", w, want)
	}
	for slot := range uint8(MaxLeaders) {
		if p := grant(slot); p.Kind() != Granted || p.Slot() != slot {
			t.Errorf("grant of slot %d is of kind %v, slot %d", slot, p.Kind(), p.Slot())
		}
	}
}

func TestWordsDoNotShareLines(t *testing.T) {
	l := NewLeadership(2, 1)
	gap := uintptr(unsafe.Pointer(&l.followers[1].promise)) - uintptr(unsafe.Pointer(&l.followers[0].promise))
	if gap < CacheLine {
		t.Errorf("promises of two followers are %d bytes apart, want %d or more", gap, CacheLine)
	}
	var p [2]Permit
	gap = uintptr(unsafe.Pointer(&p[1].word)) - uintptr(unsafe.Pointer(&p[0].word))
	if gap < CacheLine {
		t.Errorf("two permits are %d bytes apart, want %d or more", gap, CacheLine)
	}
}

// TestMachinesAlone runs each machine to its end while no other thread steps.
func TestMachinesAlone(t *testing.T) {
	l := NewLeadership(3, 1)
	join := func(me uint16) JoinResult {
		for j := (Join{Me: me}); ; {
			if r := j.Step(l); r != JoinMore {
				return r
			}
		}
	}
	promote := func() (PromoteResult, uint16) {
		for p := (Promote{}); ; {
			if r := p.Step(l); r != PromoteMore {
				return r, p.Heir
			}
		}
	}
	expect := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %v, want %v; word %v", what, got, want, l.Load())
		}
	}
	expect("first joins", join(0), Leads)
	expect("second joins", join(1), Follows)
	expect("third joins", join(2), Follows)
	r, heir := promote()
	expect("promotion", r, Promoted)
	expect("heir: last in, first out", heir, uint16(2))
	expect("its promise", l.Promise(2).Kind(), Granted)
	expect("the other's", l.Promise(1), NoPromise)
	r, heir = promote()
	expect("next heir", [2]any{r, heir}, [2]any{Promoted, uint16(1)})
	r, _ = promote()
	expect("no thread waits", r, Freed)
	expect("returning thread", join(0), Leads)
	expect("another", join(2), Follows)

	var told []uint16
	for end := (Terminate{}); ; {
		r := end.Step(l)
		if r == TerminateWake {
			told = append(told, end.Heir)
		}
		if r == Terminated {
			break
		}
	}
	expect("told of the end", len(told) == 1 && told[0] == 2 && l.Promise(2) == Ended, true)
	expect("too late to join", join(1), JoinedTooLate)
	r, _ = promote()
	expect("too late to promote", r, PromoteTooLate)
	var again Terminate
	for again.Step(l) != Terminated {
	}
}

func TestPermitKeepsOne(t *testing.T) {
	var p Permit
	for range 2 {
		if p.Give() {
			t.Error("giving to an owner that is awake asked for a wake-up")
		}
	}
	var take Take
	for r := TakeMore; r != Taken; r = take.Step(&p) {
		if r == TakeSleep {
			t.Fatal("asked to sleep with a permit there")
		}
	}
	take = Take{}
	if r := take.Step(&p); r != TakeSleep {
		t.Fatalf("second take: %v, want TakeSleep: two gifts are one permit", r)
	}
	if p.Cancel() {
		t.Error("cancelled take found a permit")
	}
	take = Take{}
	take.Step(&p)
	if !p.Give() {
		t.Error("giving to a sleeping owner did not ask for a wake-up")
	}
	if !p.Cancel() {
		t.Error("cancelled take lost the permit")
	}
}

// TestRing moves numbers through a small ring whose positions are about to wrap
// around, and checks that each number comes out once and that the numbers of
// each producer come out in order.
func TestRing(t *testing.T) {
	const producers, consumers, each = 3, 3, 20_000
	r := newRingAt[uint64](8, ^uint64(0)-5)
	var wg sync.WaitGroup
	var taken atomic.Int64
	got := make([][]uint64, consumers)
	for p := range producers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for n := uint64(0); n < each; {
				if r.Push(uint64(p)<<32 | n) {
					n++
				} else {
					runtime.Gosched()
				}
			}
		}()
	}
	for c := range consumers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for taken.Load() < producers*each {
				if v, ok := r.Pop(); ok {
					got[c] = append(got[c], v)
					taken.Add(1)
				} else {
					runtime.Gosched()
				}
			}
		}()
	}
	wg.Wait()
	seen := map[uint64]bool{}
	for _, vs := range got {
		last := map[uint64]int64{0: -1, 1: -1, 2: -1}
		for _, v := range vs {
			if seen[v] {
				t.Fatalf("element %x came out twice", v)
			}
			seen[v] = true
			if p, n := v>>32, int64(uint32(v)); n <= last[p] {
				t.Fatalf("producer %d: %d came out after %d", p, n, last[p])
			} else {
				last[p] = n
			}
		}
	}
	if len(seen) != producers*each {
		t.Errorf("%d elements came out, want %d", len(seen), producers*each)
	}
	if _, ok := r.Pop(); ok {
		t.Error("an empty ring gave an element")
	}
}

func TestRingIsBounded(t *testing.T) {
	r := NewRing[int](4)
	for i := range 4 {
		if !r.Push(i) {
			t.Fatalf("push %d of 4 refused", i)
		}
	}
	if r.Push(4) {
		t.Error("a full ring took a fifth element")
	}
	if v, ok := r.Pop(); !ok || v != 0 {
		t.Errorf("popped %d %v, want 0", v, ok)
	}
	if !r.Push(4) {
		t.Error("no room after a pop")
	}
	for _, bad := range []int{0, 1, 3, 12} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a ring of capacity %d was made", bad)
				}
			}()
			NewRing[int](bad)
		}()
	}
}

// TestIdle lets workers push themselves while one consumer pops. It checks that
// each push is popped once and that a consumer that waits is told of the next
// push.
func TestIdle(t *testing.T) {
	const workers, times = 4, 20_000
	s := NewIdle(workers)
	turn := make([]chan struct{}, workers)
	told := make(chan struct{}, workers)
	var wg sync.WaitGroup
	for i := range workers {
		turn[i] = make(chan struct{}, 1)
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				switch s.Push(uint16(i)) {
				case PushedFirst:
					told <- struct{}{}
				case PushClosed:
					return
				}
				<-turn[i]
			}
		}()
	}
	var popped [workers]int
	for n := 0; n < times; {
		i, ok := s.Pop(true)
		if !ok {
			<-told // hangs if the push that ends the wait does not tell
			continue
		}
		popped[i]++
		n++
		turn[i] <- struct{}{}
	}
	s.Close()
	for n := 0; n < workers; n++ {
		if i, ok := s.Pop(false); ok {
			turn[i] <- struct{}{}
		}
	}
	// A worker that was between its turn and its push finds the stack closed.
	// One that pushed before the close was popped above.
	wg.Wait()
	total := 0
	for _, n := range popped {
		total += n
	}
	if total != times {
		t.Errorf("%d pops, want %d", total, times)
	}
}

func TestIdleIsLastInFirstOut(t *testing.T) {
	s := NewIdle(3)
	for i := range uint16(3) {
		s.Push(i)
	}
	for want := 2; want >= 0; want-- {
		if got, ok := s.Pop(false); !ok || int(got) != want {
			t.Errorf("popped %d %v, want %d", got, ok, want)
		}
	}
	if _, ok := s.Pop(false); ok {
		t.Error("popped from an empty stack")
	}
}

func BenchmarkLeadership(b *testing.B) {
	b.Run("op=promote+join/followers=1", func(b *testing.B) {
		l := NewLeadership(2, 1)
		for j := (Join{Me: 0}); j.Step(l) == JoinMore; {
		}
		me := uint16(1)
		for b.Loop() {
			for j := (Join{Me: me}); j.Step(l) == JoinMore; {
			}
			var p Promote
			for p.Step(l) == PromoteMore {
			}
			me = p.Heir
		}
	})
	b.Run("op=free+claim/followers=0", func(b *testing.B) {
		l := NewLeadership(1, 1)
		for b.Loop() {
			for j := (Join{Me: 0}); j.Step(l) == JoinMore; {
			}
			for p := (Promote{}); p.Step(l) == PromoteMore; {
			}
		}
	})
}

func BenchmarkRing(b *testing.B) {
	r := NewRing[int](1024)
	for i := range 512 {
		r.Push(i)
	}
	b.Run("op=push+pop/contention=none", func(b *testing.B) {
		for b.Loop() {
			r.Push(1)
			r.Pop()
		}
	})
	b.Run("op=push+pop/contention=all", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if rand.IntN(2) == 0 {
					r.Push(1)
				} else {
					r.Pop()
				}
			}
		})
	})
}
