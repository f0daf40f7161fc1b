package load

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// anyCPU stands for a thread that is not bound.
const anyCPU = -1

var (
	allowed    unix.CPUSet
	allowedErr = unix.SchedGetaffinity(0, &allowed) // before any thread is bound
)

// ownCPUs returns the CPUs that this process could use when it began.
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

// bindThread makes the calling thread, which must be locked, run only on cpu.
// It returns a function that undoes this on the same thread. The undoing
// matters for the process's first thread: it does not end with its goroutine,
// and its affinity counts as that of the process.
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
	return func() { _ = unix.SchedSetaffinity(0, &before) }, nil // fails if the thread has lost these CPUs meanwhile
}
