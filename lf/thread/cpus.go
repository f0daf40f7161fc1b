package thread

import (
	"fmt"

	"golang.org/x/sys/unix"
)

var (
	allowed    unix.CPUSet
	allowedErr = unix.SchedGetaffinity(0, &allowed) // before any thread is pinned
)

// CPUs returns the CPUs that the process may run on, in ascending order: its
// affinity mask at its start. Pinning threads later does not change it.
func CPUs() []int {
	if allowedErr != nil {
		// The only possible cause is a mask of more than 1024 CPUs, the size of
		// x/sys's set.
		panic(fmt.Sprintf("thread: get affinity: %v", allowedErr))
	}
	cpus := make([]int, 0, allowed.Count())
	for cpu := 0; len(cpus) < cap(cpus); cpu++ {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}
