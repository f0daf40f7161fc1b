package mpm

import (
	"math/rand/v2"
	"testing"

	"lflab/lf/sock"
)

// TestTimingWheel steps a wheel beside a plain list of deadlines. None is found
// before its time, all are found by the next turn after it, and soonest is
// never later than the first.
func TestTimingWheel(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		var c timingWheel
		now := int64(1e15) + random.Int64N(1e12)
		c.begin(now)
		all := make([]*link, 50)
		for i := range all {
			all[i] = new(link)
		}
		held := map[*link]bool{}
		for range 4000 {
			switch random.IntN(8) {
			case 0: // it ends
				l := all[random.IntN(len(all))]
				c.drop(l)
				delete(held, l)
			case 1: // time passes, sometimes a lot
				step := random.Int64N(3 * grain)
				if random.IntN(50) == 0 {
					step = random.Int64N(3 * wheelSlots * grain)
				}
				now += step
				c.expire(now, func(l *link) {
					if !held[l] || l.deadline > now {
						t.Fatalf("seed %d: a connection was found %d ns early, or after its end (%v)", seed, l.deadline-now, !held[l])
					}
					delete(held, l)
				})
				for l := range held {
					if l.deadline != 0 && grains(l.deadline)*grain <= now {
						t.Fatalf("seed %d: a deadline was missed by %d ns", seed, now-l.deadline)
					}
				}
			default: // a deadline is set, or moves
				l := all[random.IntN(len(all))]
				var by int64
				if random.IntN(10) != 0 {
					by = now + random.Int64N(100*grain)
				}
				if random.IntN(20) == 0 {
					by = now + random.Int64N(4*wheelSlots*grain)
				}
				c.at(l, by)
				held[l] = true
			}
			first := int64(sock.Never)
			for l := range held {
				if l.deadline != 0 {
					first = min(first, grains(l.deadline)*grain)
				}
			}
			if got := c.soonest(); got > max(first, (now/grain+1)*grain) {
				t.Fatalf("seed %d: to be looked at %d ns late", seed, got-first)
			}
		}
		for l := range held {
			c.drop(l)
		}
		if got := c.soonest(); got != sock.Never {
			t.Fatalf("seed %d: an empty wheel is due in %d ns", seed, got-now)
		}
	}
}

// TestLinks checks that an event finds no later connection in its place.
func TestLinks(t *testing.T) {
	var all links
	a, b := all.add(10, false), all.add(11, false)
	if all.find(a.token()) != a || all.find(b.token()) != b || all.open.Load() != 2 {
		t.Fatal("not found")
	}
	stale := a.token()
	if fd := all.remove(a); fd != 10 || all.find(stale) != nil || all.open.Load() != 1 {
		t.Fatalf("removed %d, found %v", fd, all.find(stale))
	}
	next := all.add(12, false)
	if next != a {
		t.Error("the place is not used again")
	}
	if all.find(stale) != nil || all.find(next.token()) != next {
		t.Error("an event for a connection found its successor")
	}
	for _, token := range []uint64{7, ^uint64(0)} {
		if all.find(token) != nil {
			t.Errorf("token %#x found something", token)
		}
	}
}
