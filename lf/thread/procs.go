package thread

import (
	"runtime"
	"sync"

	"lflab/sync/block"
)

// spare is how many Ps are left for goroutines that are not locked.
const spare = 2 + block.AnchorPs

// procs is what Reserve has made of GOMAXPROCS.
var procs struct {
	sync.Mutex
	holders int // reservations that were not given back
	threads int // that they are for
	before  int // GOMAXPROCS without them
	set     int // what Reserve or a release has set it to last
	weigh   func()
}

// Reserve sees to it that n more threads find a P whenever they return from a
// blocking call: it raises GOMAXPROCS to the number of all threads that are
// reserved for and three more, where it is lower (two for other goroutines, one
// for the anchor of package block, which it starts), and never lowers it.
//
// release gives the reservation back, when the threads have ended; called
// again it does nothing. GOMAXPROCS is then what the remaining reservations
// need, and with the last of them what it was before the first. A value that
// the program sets meanwhile stays: a release leaves it alone, and only a later
// Reserve may raise it. A program whose threads last as long as it does need
// not release.
//
// Reserve also fixes GOMAXPROCS, even where it is high enough: left to itself
// the runtime adapts it to the CPU limit of the process, and each change stops
// the world. (runtime.SetDefaultGOMAXPROCS has it adapt again.) Raising it stops
// the world, too, so call this before the threads start.
func Reserve(n int) (release func()) {
	procs.Lock()
	defer procs.Unlock()
	if procs.holders == 0 {
		procs.weigh = block.Anchor()
	}
	if now := runtime.GOMAXPROCS(0); procs.holders == 0 || now != procs.set {
		procs.before = now
	}
	procs.holders++
	procs.threads += n
	setProcs()
	return sync.OnceFunc(func() {
		procs.Lock()
		defer procs.Unlock()
		procs.holders--
		procs.threads -= n
		if procs.holders == 0 {
			procs.weigh()
		}
		if runtime.GOMAXPROCS(0) == procs.set {
			setProcs()
		}
	})
}

// setProcs makes GOMAXPROCS what the reservations need.
func setProcs() {
	procs.set = procs.before
	if procs.holders > 0 {
		procs.set = max(procs.before, procs.threads+spare)
	}
	runtime.GOMAXPROCS(procs.set)
}
