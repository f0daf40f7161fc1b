package machine

import (
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime is the CPU time of the machine since it started, summed over all
// CPUs. Its resolution is the kernel's tick of 10 ms (proc_stat(5)).
type CPUTime struct {
	Busy   time.Duration // not idle, not waiting for a disk, not stolen
	CPUs   int           // online CPUs
	Stolen time.Duration // ready to run while the hypervisor ran something else

	// Throttled is how long a CPU quota has stopped threads of the control
	// group of this process and its children, summed over CPUs. It is 0 without
	// a quota.
	Throttled time.Duration
}

// ReadCPUTime reads the CPU time of the machine.
func ReadCPUTime() (CPUTime, error) { return readCPUTime(os.DirFS("/")) }

func readCPUTime(root fs.FS) (CPUTime, error) {
	const tick = 10 * time.Millisecond
	b, err := fs.ReadFile(root, "proc/stat")
	if err != nil {
		return CPUTime{}, fmt.Errorf("read CPU time: %w", err)
	}
	first, rest, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(first)
	if len(f) < 9 || f[0] != "cpu" {
		return CPUTime{}, fmt.Errorf("read CPU time: /proc/stat begins with %q", first)
	}
	t := CPUTime{Throttled: throttled(root)}
	// user nice system idle iowait irq softirq steal; guest time is part of user
	for i, field := range f[1:9] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return CPUTime{}, fmt.Errorf("read CPU time: %w", err)
		}
		switch i {
		case 3, 4:
		case 7:
			t.Stolen += time.Duration(n) * tick
		default:
			t.Busy += time.Duration(n) * tick
		}
	}
	for l := range strings.Lines(rest) {
		if strings.HasPrefix(l, "cpu") {
			t.CPUs++
		}
	}
	return t, nil
}

// OwnCPU returns the CPU time of this process, including ended threads.
func OwnCPU() time.Duration {
	var ts unix.Timespec
	// The call cannot fail.
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}
