package thread

import (
	"runtime"
	"sync"

	"lflab/sync/block"
)

// spare is the number of Ps for goroutines that are not locked.
const spare = 2 + block.AnchorPs

// procs is the state of Reserve.
var procs struct {
	sync.Mutex
	holders  int // reservations that were not released
	threads  int // the sum of their threads
	before   int // GOMAXPROCS before the first reservation
	set      int // the value that Reserve or a release set last
	unanchor func()
}

// Reserve makes sure that n more threads find a P whenever they return from a
// blocking call. It raises GOMAXPROCS to the number of all reserved threads
// plus three, if it is lower: two for other goroutines, and one for the anchor
// of package block, which it starts. It never lowers GOMAXPROCS.
//
// release ends the reservation. Call it when the threads have ended. A second
// call does nothing. GOMAXPROCS becomes what the remaining reservations need,
// and after the last one what it was before the first. If the program has set
// GOMAXPROCS meanwhile, release leaves it alone, and only a later Reserve may
// raise it. A program whose threads live as long as the program need not
// release.
//
// Reserve also fixes GOMAXPROCS, even if it is high enough. Otherwise the
// runtime adapts it to the CPU limit of the process, and each change stops the
// world. (runtime.SetDefaultGOMAXPROCS makes it adapt again.) Raising
// GOMAXPROCS stops the world, too, so call Reserve before the threads start.
func Reserve(n int) (release func()) {
	procs.Lock()
	defer procs.Unlock()
	if procs.holders == 0 {
		procs.unanchor = block.Anchor()
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
			procs.unanchor()
		}
		if runtime.GOMAXPROCS(0) == procs.set {
			setProcs()
		}
	})
}

// setProcs sets GOMAXPROCS to what the reservations need.
func setProcs() {
	procs.set = procs.before
	if procs.holders > 0 {
		procs.set = max(procs.before, procs.threads+spare)
	}
	runtime.GOMAXPROCS(procs.set)
}
