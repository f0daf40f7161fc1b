package load

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// anyCPU is where a thread runs that is not bound.
const anyCPU = -1

var (
	allowed    unix.CPUSet
	allowedErr = unix.SchedGetaffinity(0, &allowed) // before any thread is bound
)

// ownCPUs are those that this process could use when it began.
func ownCPUs() ([]int, error) {
	if allowedErr != nil {
		return nil, fmt.Errorf("read the CPUs of this process: %w", allowedErr)
	}
	var cpus []int
	for cpu := 0; len(cpus) < allowed.Count(); cpu++ {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func validateCPUs(asked []int) error {
	if len(asked) == 0 {
		return nil
	}
	own, err := ownCPUs()
	if err != nil {
		return err
	}
	for _, cpu := range asked {
		if !slices.Contains(own, cpu) {
			return &ConfigError{"--cpus", fmt.Sprint(cpu), fmt.Sprintf("of the CPUs of this process, %v", own)}
		}
	}
	return nil
}

// bindThread lets the calling thread, which must be locked, run on cpu only, and
// returns what undoes that on the same thread. A thread ends with the goroutine
// that it is locked to, but not the process's first: the Go runtime puts that to
// sleep for good, and who asks for the CPUs of the process is told that thread's.
func bindThread(cpu int) (unbind func(), err error) {
	if cpu == anyCPU {
		return func() {}, nil
	}
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, fmt.Errorf("read the CPUs of a generator thread: %w", err)
	}
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("bind generator thread to CPU %d: %w", cpu, err)
	}
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil // fails where the thread has lost these CPUs meanwhile
}
