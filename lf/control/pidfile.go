package control

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// PidFile tells which process is the parent, see SendSignal.
type PidFile string

// write makes the file. One that is there already and names a process that
// lives and is a server of ours is an error; any other is overwritten, with a
// line that says so.
func (f PidFile) write() error {
	if f == "" {
		return nil
	}
	switch pid, err := f.Read(); {
	case err == nil && pid != os.Getpid() && isParent(pid):
		return fmt.Errorf("PidFile %s: process %d is a running server (stop it with -k stop, or give this one another PidFile)", f, pid)
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		slog.Warn("PidFile is overwritten: the server before was not stopped in order", "file", string(f))
	}
	// Written whole and renamed, so that nobody reads half a number.
	temporary := fmt.Sprintf("%s.%d", f, os.Getpid())
	if err := os.WriteFile(temporary, fmt.Appendf(nil, "%d\n", os.Getpid()), 0o644); err != nil {
		return fmt.Errorf("PidFile: %w", err)
	}
	if err := os.Rename(temporary, string(f)); err != nil {
		return errors.Join(fmt.Errorf("PidFile: %w", err), os.Remove(temporary))
	}
	return nil
}

// remove removes the file if it is still this process's.
func (f PidFile) remove() {
	if f == "" {
		return
	}
	if pid, err := f.Read(); err == nil && pid == os.Getpid() {
		if err := os.Remove(string(f)); err != nil {
			slog.Warn("cannot remove PidFile", "error", err)
		}
	}
}

// Read returns the pid in the file.
func (f PidFile) Read() (int, error) {
	text, err := os.ReadFile(string(f))
	if err != nil {
		return 0, fmt.Errorf("PidFile: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 1 {
		return 0, fmt.Errorf("PidFile %s: %.20q is no process number", f, text)
	}
	return pid, nil
}

// Signals are what -k sends, by its argument.
var Signals = map[string]unix.Signal{
	"stop":          unix.SIGTERM,
	"restart":       unix.SIGHUP,
	"graceful":      unix.SIGUSR1,
	"graceful-stop": unix.SIGWINCH,
}

// SendSignal sends the parent that the file names what -k asks for. It refuses
// a process that is no server: the number may be another's by now.
func SendSignal(f PidFile, action string) error {
	signal, ok := Signals[action]
	if !ok {
		return fmt.Errorf("-k %q (want stop, restart, graceful or graceful-stop)", action)
	}
	pid, err := f.Read()
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no server to %s: %w", action, err)
	}
	if err != nil {
		return err
	}
	if !isParent(pid) {
		return fmt.Errorf("PidFile %s: process %d is no server of ours (the server has ended without removing it)", f, pid)
	}
	if err := unix.Kill(pid, signal); err != nil {
		return fmt.Errorf("send %v to process %d: %w", signal, pid, err)
	}
	return nil
}

// parentName is the name that a parent gives itself in the kernel, by which it
// is known from other processes.
const parentName = "lflab-parent"

// isParent tells whether that process is the parent of a server.
func isParent(pid int) bool {
	name, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	return err == nil && strings.TrimSpace(string(name)) == parentName
}
