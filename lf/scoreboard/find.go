package scoreboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

var (
	// ErrNoProcess is returned by OpenProcess if no process has that PID.
	ErrNoProcess = errors.New("no such process")
	// ErrNoBoard is returned by OpenProcess if the process has no scoreboard.
	ErrNoBoard = errors.New("the process has no scoreboard")
)

// OpenProcess maps, for reading, the board of a process, which may be the
// parent or any child. The caller must be root or the process's user.
func OpenProcess(pid int) (*Board, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	open, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || startTicks(pid) == 0:
		return nil, fmt.Errorf("process %d: %w", pid, ErrNoProcess)
	case err != nil:
		return nil, fmt.Errorf("list descriptors of process %d: %w", pid, err)
	}
	for _, entry := range open {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path) // of the link's target
		if err != nil || !info.Mode().IsRegular() || info.Size() < headerSize {
			continue
		}
		b, err := OpenFile(path)
		if err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("process %d: %w", pid, ErrNoBoard)
}
