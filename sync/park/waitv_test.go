package park

import (
	"strings"
	"sync/atomic"
	"testing"

	"lflab/sync/futex"
)

func several(t *testing.T, words ...*atomic.Uint32) Several {
	t.Helper()
	usable(t, waitvKind)
	p := make1(t, waitvKind).(Several)
	if err := p.Also(words...); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWaitForPromotionEventAndShutdown makes the waits of a follower: for its
// promotion (the permit), for an event that is bound to it, and for the end of
// the pool, which ends all followers' waits at once. Each must end a wait.
func TestWaitForPromotionEventAndShutdown(t *testing.T) {
	const followers, rounds = 3, 30
	shutdown := new(atomic.Uint32)
	var owners []*owner
	var events []*atomic.Uint32
	var promotions, bound [followers]atomic.Int32
	for i := range followers {
		event := new(atomic.Uint32)
		p := several(t, event, shutdown)
		events = append(events, event)
		owners = append(owners, own(t, p, internalsOf["waitv"], func() {
			for shutdown.Load() == 0 {
				if p.ParkUntil(noDeadline) {
					promotions[i].Add(1)
				}
				if event.Swap(0) != 0 {
					bound[i].Add(1)
				}
			}
		}))
	}
	woken := 0
	for round := range int32(rounds) {
		for i, o := range owners {
			o.unpark()
			if !poll(func() bool { return promotions[i].Load() == round+1 }) {
				t.Fatalf("round %d: follower %d is not promoted", round, i)
			}
			o.asleep()
			events[i].Store(1)
			woken += futex.Wake(events[i], 1) // 0 if the follower has not entered the kernel yet
			if !poll(func() bool { return bound[i].Load() == round+1 }) {
				t.Fatalf("round %d: follower %d does not see its event", round, i)
			}
		}
	}
	for i, o := range owners {
		o.asleep()
		if p, b := promotions[i].Load(), bound[i].Load(); p != rounds || b != rounds {
			t.Errorf("follower %d: %d promotions, %d events, want %d of each", i, p, b, rounds)
		}
	}
	// Each was seen asleep before its event.
	if woken == 0 || woken > rounds*followers {
		t.Errorf("%d events woke %d sleeping followers", rounds*followers, woken)
	}
	shutdown.Store(1)
	if n := futex.Wake(shutdown, futex.All); n > followers {
		t.Errorf("shutdown woke %d of %d", n, followers)
	}
	for _, o := range owners {
		o.ends()
	}
}

// TestAlsoBeforeTheSleep checks that a word that is already set ends a wait at
// once, and that the wait neither leaves a permit nor takes one.
func TestAlsoBeforeTheSleep(t *testing.T) {
	first, second := new(atomic.Uint32), new(atomic.Uint32)
	p := several(t, first, second)
	for _, w := range []*atomic.Uint32{first, second} {
		w.Store(1)
		if p.ParkUntil(forever) {
			t.Error("took a permit that was not given")
		}
		p.Park()
		if p.Unpark() {
			t.Error("Unpark says that it woke an owner that does not sleep")
		}
		if !p.ParkUntil(forever) {
			t.Error("the other word hid a permit")
		}
		w.Store(0)
	}
	noPermit(t, p)
	second.Store(1)
	if err := p.Also(first); err != nil {
		t.Fatal(err)
	}
	if p.ParkUntil(now() + 1000) {
		t.Error("took a permit that was not given")
	}
	own(t, p, internalsOf["waitv"], func() { p.Unpark(); p.Park() }).ends()
	if err := p.Also(make([]*atomic.Uint32, futex.MaxWaiters)...); err == nil || !strings.Contains(err.Error(), "at most 127") {
		t.Errorf("128 words besides the permit: %v", err)
	}
}
