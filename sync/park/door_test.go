package park

import (
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/futex"
)

// A door is a test's way into a kind, past its methods.
type door struct {
	// asleep reports whether the owner sleeps or is about to.
	asleep func(Parker) bool

	// stray ends the owner's sleep without giving a permit. It reports
	// whether it hit; the owner is asleep. Where a kind has no such door,
	// noStray says why.
	stray   func(Parker) bool
	noStray string

	// give and wake are the two halves of Unpark, for a wake-up that comes
	// late. Where Unpark has no halves, noHalves says why.
	give     func(Parker) bool
	wake     func(Parker)
	noHalves string

	// token is set where wake leaves something behind in the kernel.
	token bool

	// unlocked is the kind's.
	unlocked bool
}

var doors = map[string]door{
	"futex":     permitDoor(func(p Parker) *cas.Permit { return &p.(*futexParker).permit }),
	"spinfutex": permitDoor(func(p Parker) *cas.Permit { return &p.(*spinFutex).permit }),
	"yield":     permitDoor(func(p Parker) *cas.Permit { return &p.(*yielder).permit }),
	"waitv":     permitDoor(func(p Parker) *cas.Permit { return &p.(*waitvParker).permit }),
	"uring":     permitDoor(func(p Parker) *cas.Permit { return &p.(*uringParker).permit }),
	"sema": {
		asleep: func(p Parker) bool {
			w := p.(*semaParker).sema.word.Load()
			return w&semaValue == 0 && w >= semaWaiter
		},
		stray: func(p Parker) bool { return futex.Wake(&p.(*semaParker).sema.word, 1) == 1 },
		give:  func(p Parker) bool { return p.(*semaParker).sema.post() },
		wake:  func(p Parker) { p.(*semaParker).sema.wake() },
	},
	"lifosem": {
		asleep: func(p Parker) bool { return baton(p).Load() == batonWaiting },
		stray:  func(p Parker) bool { return futex.Wake(baton(p), 1) == 1 },
		give:   func(p Parker) bool { return p.(*lifosemParker).sem.post() != nil },
		wake:   func(p Parker) { futex.Wake(baton(p), 1) },
	},
	"eventfd": descriptorDoor,
	"pipe":    descriptorDoor,
	"cond": {
		asleep: func(p Parker) bool {
			c := p.(*condParker)
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.asleep
		},
		stray: func(p Parker) bool {
			p.(*condParker).cond.Signal()
			return true
		},
		noHalves: "Unpark sets the permit under the mutex, and a signal without a permit is the stray one",
	},
	"channel":          channelDoor(false),
	"unlocked-channel": channelDoor(true),
}

func baton(p Parker) *atomic.Uint32 { return &p.(*lifosemParker).sem.nodes[0].baton }

// permitDoor is the door of kinds that are woken by futex(2) on a permit's word.
func permitDoor(of func(Parker) *cas.Permit) door {
	return door{
		asleep: func(p Parker) bool { return asleepOn(of(p)) },
		stray:  func(p Parker) bool { return futex.Wake(of(p).Word(), 1) == 1 },
		give:   func(p Parker) bool { return of(p).Give() },
		wake:   func(p Parker) { futex.Wake(of(p).Word(), 1) },
	}
}

func channelDoor(unlocked bool) door {
	return door{
		asleep:   func(p Parker) bool { return p.(*channelParker).asleep.Load() },
		noStray:  "what wakes the owner is the permit itself; there is no other way to end a receive",
		noHalves: "Unpark is one send",
		unlocked: unlocked,
	}
}

var descriptorDoor = door{
	asleep: func(p Parker) bool { return asleepOn(&p.(*descriptor).permit) },
	stray: func(p Parker) bool {
		d := p.(*descriptor)
		d.issue()
		return drained(d)
	},
	give:  func(p Parker) bool { return p.(*descriptor).permit.Give() },
	wake:  func(p Parker) { p.(*descriptor).issue() },
	token: true,
}

func asleepOn(p *cas.Permit) bool { return p.Word().Load() == cas.Asleep }

// drained waits until somebody has read what is in the descriptor.
func drained(d *descriptor) bool {
	return poll(func() bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(d.read), Events: unix.POLLIN}}, 0)
		return n == 0 && err == nil
	})
}

// TestDoors sees to it that a new kind gets one.
func TestDoors(t *testing.T) {
	for _, k := range Kinds() {
		d, ok := doors[k.Name]
		switch {
		case !ok || d.asleep == nil:
			t.Errorf("%s: no door: conformance is not tested", k.Name)
		case (d.stray == nil) != (d.noStray != ""):
			t.Errorf("%s: needs a stray wake-up or a reason for there being none", k.Name)
		case (d.give == nil || d.wake == nil) != (d.noHalves != ""):
			t.Errorf("%s: needs the halves of Unpark or a reason for there being none", k.Name)
		case d.unlocked != k.Unlocked:
			t.Errorf("%s: unlocked %v, its door %v", k.Name, k.Unlocked, d.unlocked)
		}
	}
}
