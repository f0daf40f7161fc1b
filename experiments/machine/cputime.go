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

// CPUTime is what all CPUs of the machine have spent since it started, by the
// kernel's ticks of 10 ms (proc_stat(5)).
type CPUTime struct {
	Busy   time.Duration // neither idle, nor waiting for a disk, nor stolen
	CPUs   int           // online
	Stolen time.Duration // ready to run while the hypervisor ran something else

	// Throttled is how long a CPU quota has held back the control group of this
	// process and of what it starts, on all CPUs. It is 0 without a quota.
	Throttled time.Duration
}

// ReadCPUTime reads the machine's CPU time.
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

// OwnCPU is the CPU time of this process, ended threads included.
func OwnCPU() time.Duration {
	var ts unix.Timespec
	// The clock cannot be missing nor the pointer be bad.
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}
