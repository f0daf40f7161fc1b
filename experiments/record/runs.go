package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Is reports whether dir is a results directory, damaged or not. A
// manifest.json is not enough, because other programs write files of that name
// too.
func Is(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, ManifestFile)); err != nil {
		return false
	}
	for _, name := range []string{TrialsDir, archiveFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	r := &Run{Dir: dir}
	return r.openManifest() == nil
}

// In returns the names of the results directories in dir, in alphabetical
// order, and the number of other directories there that are not hidden.
func In(dir string) (runs []string, others int, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, fmt.Errorf("look for results: %w", err)
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // follows a link
		switch {
		case err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), "."):
		case Is(filepath.Join(dir, e.Name())):
			runs = append(runs, e.Name())
		default:
			others++
		}
	}
	return runs, others, nil
}
