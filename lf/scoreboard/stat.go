package scoreboard

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of times in /proc. The kernel reports 100 ticks a second to
// programs on every platform that Go runs on.
const tick = time.Second / 100

// stat returns the fields of /proc/PID/stat from the state on, which is field 3
// in proc(5). It returns nil if there is no such process.
func stat(pid int) [][]byte {
	text := read(fmt.Sprintf("/proc/%d/stat", pid))
	// The process name is in parentheses and may contain any character.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return nil
	}
	return fields
}

// read returns up to 4096 bytes of a file in /proc, or nil if it cannot be
// read. It avoids package os, which would start the runtime's network poller
// and with it a thread that waits in epoll_wait. Children call read while they
// are measured.
func read(path string) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	text := make([]byte, 4096)
	n, err := unix.Read(fd, text)
	if err != nil {
		return nil
	}
	return text[:n]
}

func number(b []byte) uint64 {
	n, _ := strconv.ParseUint(string(b), 10, 64)
	return n
}

// startTicks returns when a process was started, in ticks since boot, or 0 if
// there is none. The start and the PID together identify a process for ever. A
// zombie counts as none.
func startTicks(pid int) uint64 {
	fields := stat(pid)
	if fields == nil || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return 0
	}
	return number(fields[19])
}

// cpuTime returns the CPU time that a process has used, or 0 if there is none.
func cpuTime(pid int) (user, system time.Duration) {
	fields := stat(pid)
	if fields == nil {
		return 0, 0
	}
	return time.Duration(number(fields[11])) * tick, time.Duration(number(fields[12])) * tick
}
