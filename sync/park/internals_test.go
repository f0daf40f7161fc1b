package park

import (
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"lflab/cas"
	"lflab/sync/futex"
)

// internals gives tests access to a kind beyond its methods.
type internals struct {
	// asleep reports whether the owner sleeps or is about to.
	asleep func(Parker) bool

	// stray ends the sleep of the owner, which must be asleep, without giving a
	// permit. It reports whether it did. If that is impossible for the kind,
	// noStray says why.
	stray   func(Parker) bool
	noStray string

	// give and wake are the two halves of Unpark, for a test of a late wake-up.
	// If Unpark has no halves, noHalves says why.
	give     func(Parker) bool
	wake     func(Parker)
	noHalves string

	// token says that wake leaves something behind in the kernel.
	token bool

	// unlocked is the kind's field of that name.
	unlocked bool
}

var internalsOf = map[string]internals{
	"futex":     permitInternals(func(p Parker) *cas.Permit { return &p.(*futexParker).permit }),
	"spinfutex": permitInternals(func(p Parker) *cas.Permit { return &p.(*spinFutex).permit }),
	"yield":     permitInternals(func(p Parker) *cas.Permit { return &p.(*yielder).permit }),
	"waitv":     permitInternals(func(p Parker) *cas.Permit { return &p.(*waitvParker).permit }),
	"uring":     permitInternals(func(p Parker) *cas.Permit { return &p.(*uringParker).permit }),
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
	"eventfd": descriptorInternals,
	"pipe":    descriptorInternals,
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
	"channel":          channelInternals(false),
	"unlocked-channel": channelInternals(true),
}

func baton(p Parker) *atomic.Uint32 { return &p.(*lifosemParker).sem.nodes[0].baton }

// permitInternals is for kinds that futex(2) wakes on a permit's word.
func permitInternals(of func(Parker) *cas.Permit) internals {
	return internals{
		asleep: func(p Parker) bool { return asleepOn(of(p)) },
		stray:  func(p Parker) bool { return futex.Wake(of(p).Word(), 1) == 1 },
		give:   func(p Parker) bool { return of(p).Give() },
		wake:   func(p Parker) { futex.Wake(of(p).Word(), 1) },
	}
}

func channelInternals(unlocked bool) internals {
	return internals{
		asleep:   func(p Parker) bool { return p.(*channelParker).asleep.Load() },
		noStray:  "what wakes the owner is the permit itself; there is no other way to end a receive",
		noHalves: "Unpark is one send",
		unlocked: unlocked,
	}
}

var descriptorInternals = internals{
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

// drained waits until the descriptor has been read.
func drained(d *descriptor) bool {
	return poll(func() bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(d.read), Events: unix.POLLIN}}, 0)
		return n == 0 && err == nil
	})
}

// TestInternals checks that every kind has an entry.
func TestInternals(t *testing.T) {
	for _, k := range Kinds() {
		d, ok := internalsOf[k.Name]
		switch {
		case !ok || d.asleep == nil:
			t.Errorf("%s: not in internalsOf: conformance is not tested", k.Name)
		case (d.stray == nil) != (d.noStray != ""):
			t.Errorf("%s: needs a stray wake-up or a reason for there being none", k.Name)
		case (d.give == nil || d.wake == nil) != (d.noHalves != ""):
			t.Errorf("%s: needs the halves of Unpark or a reason for there being none", k.Name)
		case d.unlocked != k.Unlocked:
			t.Errorf("%s: unlocked %v, its internals %v", k.Name, k.Unlocked, d.unlocked)
		}
	}
}
