package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckOut returns why a run cannot write to dir, or nil. Callers ask before
// the run begins.
func CheckOut(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(dir); err == nil {
			return fmt.Errorf("results directory %s is a link that leads nowhere (name another one with --out)", dir)
		}
		return creatable(dir, filepath.Dir(filepath.Clean(dir)))
	case err != nil:
		return fmt.Errorf("results directory %s: %w", dir, cause(err))
	case !info.IsDir():
		return fmt.Errorf("results directory %s is a file (name another one with --out)", dir)
	}
	if _, err := os.Lstat(filepath.Join(dir, ManifestFile)); err == nil {
		return fmt.Errorf("results directory %s holds a run already (--resume %s continues it, --out chooses another)", dir, dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("results directory %s: %w", dir, cause(err))
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name != TrialsDir && !isHalf(name):
			return fmt.Errorf("results directory %s holds other files, %s for one (name one that is new or empty with --out)", dir, name)
		}
	}
	return writable(dir, dir)
}

// creatable returns why dir cannot be made in its nearest existing parent.
func creatable(dir, parent string) error {
	info, err := os.Stat(parent)
	switch {
	case errors.Is(err, fs.ErrNotExist) && filepath.Dir(parent) != parent:
		return creatable(dir, filepath.Dir(parent))
	case err != nil:
		return fmt.Errorf("results directory %s: %s: %w (name another one with --out)", dir, parent, cause(err))
	case !info.IsDir():
		return fmt.Errorf("results directory %s: %s is a file (name another one with --out)", dir, parent)
	}
	return writable(dir, parent)
}

// writable tries to create a file, because permissions alone do not tell.
func writable(dir, in string) error {
	f, err := os.CreateTemp(in, halfPrefix+"*")
	if err != nil {
		return fmt.Errorf("results directory %s: %s cannot be written to: %w (name another one with --out)", dir, in, cause(err))
	}
	f.Close()
	return os.Remove(f.Name())
}
