package scoreboard

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit of /proc's times: the kernel tells 100 a second to
// programs on every platform Go runs on.
const tick = time.Second / 100

// stat are the fields of /proc/PID/stat from the state on, which is number 3
// in the manual's count; nil when there is no such process.
func stat(pid int) [][]byte {
	text := read(fmt.Sprintf("/proc/%d/stat", pid))
	// The name is in brackets and may contain anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return nil
	}
	return fields
}

// read is a short file of /proc, as much of it as a line; nil when it cannot be
// read. It does not go through package os, which would start the runtime's
// network poller, and with it a thread that waits in epoll_wait: children call
// this while they are measured.
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

// startTicks is when a process was started; 0 when there is none. Together
// with its number it names a process for good. One that has ended and was not
// waited for does not count.
func startTicks(pid int) uint64 {
	fields := stat(pid)
	if fields == nil || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return 0
	}
	return number(fields[19])
}

// CPU is the CPU time a process has used, 0 when there is none.
func CPU(pid int) (user, system time.Duration) {
	fields := stat(pid)
	if fields == nil {
		return 0, 0
	}
	return time.Duration(number(fields[11])) * tick, time.Duration(number(fields[12])) * tick
}
