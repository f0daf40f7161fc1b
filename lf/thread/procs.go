package thread

import (
	"runtime"
	"sync"

	"lflab/sync/block"
)

// spare is how many Ps are left for goroutines that are not locked.
const spare = 2 + block.AnchorPs

var reserving sync.Mutex

// Reserve sees to it that n threads find a P whenever they return from a
// blocking call: it raises GOMAXPROCS to n+3 where it is lower (two for other
// goroutines, one for the anchor of package block, which it starts), and never
// lowers it. n is the number of all threads of the process that will be
// started by this package, not of those that are added.
//
// It also fixes GOMAXPROCS, even where it is high enough: left to itself the
// runtime adapts it to the CPU limit of the process, and each change stops the
// world. Raising it does that, too, so call this before the threads start.
func Reserve(n int) {
	reserving.Lock()
	defer reserving.Unlock()
	block.Anchor()
	runtime.GOMAXPROCS(max(runtime.GOMAXPROCS(0), n+spare))
}
