package queue

import (
	"math/rand/v2"
	"testing"
	"time"

	"lflab/cas"
)

// TestFIFOBetweenTwoSteps stops a worker between claiming its place and writing
// its number there. The listener finds no worker and says that it waits, and
// that worker must wake it. A closed queue waits for such a worker.
func TestFIFOBetweenTwoSteps(t *testing.T) {
	f := newFIFO(3)
	claim := func() (write func(i uint16)) {
		at := f.at(f.word.Add(fifoPush)/fifoPush - 1)
		return func(i uint16) { at.Store(uint32(i) + 1) }
	}
	write := claim()
	if _, ok := f.Pop(false); ok {
		t.Fatal("popped a worker that is not there yet")
	}
	if _, ok := f.Pop(true); ok {
		t.Fatal("popped a worker that is not there yet")
	}
	if f.word.Load()&fifoWaiting == 0 {
		t.Fatal("the listener sleeps, and no worker knows")
	}
	// Another worker overtakes it. It wakes the listener, which still cannot
	// pop.
	if got := f.Push(2); got != cas.PushedFirst {
		t.Errorf("the push behind it returned %v", got)
	}
	if _, ok := f.Pop(true); ok {
		t.Fatal("popped one out of its turn")
	}
	write(1)
	if !f.clear(fifoWaiting) {
		t.Error("the worker would not wake the listener")
	}
	for _, want := range []uint16{1, 2} {
		if i, ok := f.Pop(true); i != want || !ok {
			t.Errorf("popped %d, %v; want %d", i, ok, want)
		}
	}
	write = claim()
	f.Close()
	if got := f.Push(0); got != cas.PushClosed {
		t.Errorf("a push after the end returned %v", got)
	}
	time.AfterFunc(time.Millisecond, func() { write(2) })
	if i, ok := f.Pop(false); i != 2 || !ok {
		t.Errorf("a worker that was on its way at the end: %d, %v", i, ok)
	}
	if _, ok := f.Pop(false); ok {
		t.Error("popped one more")
	}
}

// TestFIFOAgainstAList compares any sequence of pushes and pops with a plain
// list.
func TestFIFOAgainstAList(t *testing.T) {
	const workers = 5
	random := rand.New(rand.NewPCG(1, 2))
	f := newFIFO(workers)
	var list []uint16
	away := []uint16{0, 1, 2, 3, 4}
	waiting := false
	for range 20_000 {
		if len(away) > 0 && random.IntN(2) == 0 {
			at := random.IntN(len(away))
			i := away[at]
			away = append(away[:at], away[at+1:]...)
			list = append(list, i)
			if got := f.Push(i); (got == cas.PushedFirst) != waiting {
				t.Fatalf("push returned %v, and the listener waits: %v", got, waiting)
			}
			waiting = false
			continue
		}
		wait := random.IntN(2) == 0
		i, ok := f.Pop(wait)
		if ok != (len(list) > 0) || ok && i != list[0] {
			t.Fatalf("popped %d, %v; want %v", i, ok, list)
		}
		if ok {
			list, away = list[1:], append(away, i)
		}
		waiting = !ok && (waiting || wait)
	}
}
