package probe

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Target is a process that can be probed.
type Target struct {
	PID  int    // in the pid namespace of this process
	Comm string // its name, with unprintable characters escaped
}

// kernelThread is PF_KTHREAD, a flag in /proc/PID/stat (see proc(5)).
const kernelThread = 0x00200000

// Find looks up a process. It returns an error for what cannot be probed: an
// unused ID, a thread that is not the process's first, a kernel thread, or a
// zombie.
func Find(pid int) (Target, error) {
	t := Target{PID: pid}
	if pid <= 0 {
		return t, fmt.Errorf("process id %d is not allowed (allowed: the id of a running process, 1 or more)", pid)
	}
	if err := procIsOurs(); err != nil {
		return t, err
	}
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return t, fmt.Errorf("no process %d (it has ended, or its ID belongs to another pid namespace)", pid)
	} else if err != nil {
		return t, fmt.Errorf("look at process %d: %w", pid, err)
	}
	var fields []string
	t.Comm, fields = parseStat(string(stat))
	if len(fields) < 18 {
		return t, fmt.Errorf("look at process %d: /proc/%d/stat reads %.60q", pid, pid, stat)
	}
	if flags, err := strconv.ParseUint(fields[6], 10, 64); err == nil && flags&kernelThread != 0 {
		return t, fmt.Errorf("process %d (%s) is a kernel thread: it accepts no connections and calls no futex", pid, t.Comm)
	}
	// A process can outlive its first thread.
	threads, _ := strconv.Atoi(fields[17])
	if ended := fields[0] == "Z" || fields[0] == "X"; ended && threads < 2 {
		return t, fmt.Errorf("process %d (%s) has ended, but its parent has not waited for it", pid, t.Comm)
	}
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return t, fmt.Errorf("look at process %d: %w", pid, err)
	}
	for line := range strings.Lines(string(status)) {
		if tgid, ok := strings.CutPrefix(line, "Tgid:"); ok {
			if group := strings.TrimSpace(tgid); group != strconv.Itoa(pid) {
				return t, fmt.Errorf("%d is a thread of process %s: probe that (-p %s)", pid, group, group)
			}
		}
	}
	return t, nil
}

// parseStat splits /proc/PID/stat into the process's name and the fields after
// it. The name is in parentheses and may contain any character.
func parseStat(stat string) (comm string, fields []string) {
	open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return "", nil
	}
	return stat[open+1 : end], strings.Fields(stat[end+1:])
}

// Name returns the process's name with control characters escaped, because a
// process chooses its name itself.
func (t Target) Name() string { return printable(t.Comm) }

// procIsOurs returns an error unless /proc shows this process's pid namespace.
// Otherwise a process ID that the user found in /proc would mean another
// process to the kernel.
func procIsOurs() error {
	self, err := os.Readlink("/proc/self")
	if err != nil {
		return fmt.Errorf("look a process up: %w (procfs is not mounted: mount -t proc proc /proc)", err)
	}
	if self != strconv.Itoa(os.Getpid()) {
		return errors.New("/proc shows another pid namespace than the one that lflab runs in (mount that one's: mount -t proc proc /proc, or unshare --mount-proc)")
	}
	return nil
}

// pidNamespace returns the inode of this process's pid namespace.
func pidNamespace() (uint32, error) {
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &st); err != nil {
		return 0, fmt.Errorf("find the pid namespace: %w (is /proc mounted?)", err)
	}
	return uint32(st.Ino), nil
}
