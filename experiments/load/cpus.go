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

// bindThread lets the calling thread, which must be locked, run on cpu only. The
// thread keeps that; it must end with its goroutine.
func bindThread(cpu int) error {
	if cpu == anyCPU {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("bind generator thread to CPU %d: %w", cpu, err)
	}
	return nil
}
