package thread

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// findTracepoints returns the kernel's IDs of tracepoints, or skips the test.
// The IDs are in tracefs, which is often not mounted: with sufficient privilege
// it is mounted in a namespace of one thread, and vanishes with that thread.
func findTracepoints(t *testing.T, names ...string) (ids []uint64) {
	t.Helper()
	const tracefs = "/sys/kernel/tracing"
	read := func() error {
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(tracefs, "events", name, "id"))
			if err != nil {
				return err
			}
			id, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}
	err := read()
	if errors.Is(err, os.ErrNotExist) {
		joined := Start(Options{CPU: AnyCPU}, func(*Thread) {
			if err = unix.Unshare(unix.CLONE_NEWNS); err != nil {
				return
			}
			if err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
				return
			}
			if err = unix.Mount("tracefs", tracefs, "tracefs", 0, ""); err == nil {
				err = read()
			}
		}).Join()
		if joined != nil {
			t.Fatal(joined)
		}
	}
	if err != nil {
		t.Skipf("tracepoints cannot be read: %v (root can)", err)
	}
	return ids
}

// counter counts a tracepoint in all threads of the process, and in those that
// they start meanwhile.
type counter struct {
	t   *testing.T
	fds []int
	n   uint64
}

// count starts counting. It skips the test if that is not permitted.
func count(t *testing.T, tracepoint uint64, filter string) *counter {
	t.Helper()
	c := &counter{t: t}
	attr := &unix.PerfEventAttr{
		Type:   unix.PERF_TYPE_TRACEPOINT,
		Size:   uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Config: tracepoint,
		Bits:   unix.PerfBitDisabled | unix.PerfBitInherit,
	}
	for _, tid := range threads(t) {
		fd, err := unix.PerfEventOpen(attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
		switch {
		case errors.Is(err, unix.ESRCH):
			continue // the thread has ended
		case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSYS):
			t.Skipf("perf events are not permitted: %v", err)
		case err != nil:
			t.Fatalf("open perf event: %v", err)
		}
		c.fds = append(c.fds, fd)
		if filter != "" {
			text, err := unix.BytePtrFromString(filter)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_SET_FILTER, uintptr(unsafe.Pointer(text))); errno != 0 {
				t.Fatalf("filter perf event by %q: %v", filter, errno)
			}
		}
	}
	for _, fd := range c.fds {
		if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
			t.Fatalf("enable perf event: %v", err)
		}
	}
	return c
}

// stop ends the counting and sets c.n to the number of events of all threads.
func (c *counter) stop() {
	c.t.Helper()
	for _, fd := range c.fds {
		if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_DISABLE, 0); err != nil {
			c.t.Errorf("disable perf event: %v", err)
		}
		var buf [8]byte
		if _, err := unix.Read(fd, buf[:]); err != nil {
			c.t.Errorf("read perf event: %v", err)
		}
		c.n += binary.NativeEndian.Uint64(buf[:])
		unix.Close(fd)
	}
	c.fds = nil
}
