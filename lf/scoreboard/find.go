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
	// ErrNoProcess is what OpenProcess finds where none has that number.
	ErrNoProcess = errors.New("no such process")
	// ErrNoBoard is what it finds where a process has no scoreboard.
	ErrNoBoard = errors.New("the process has no scoreboard")
)

// OpenProcess maps, to read it, the board that a process has: a parent or any
// of its children. That takes the right to look into the process: to be its
// user, or root.
func OpenProcess(pid int) (*Board, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid), "fd")
	open, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || startTicks(pid) == 0:
		return nil, fmt.Errorf("process %d: %w", pid, ErrNoProcess)
	case err != nil:
		return nil, fmt.Errorf("look into process %d: %w", pid, err)
	}
	for _, entry := range open {
		path := filepath.Join(dir, entry.Name())
		info, err := os.Stat(path) // of what it leads to
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
