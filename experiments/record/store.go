package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	ManifestFile = "manifest.json"
	TrialsDir    = "trials"
	halfPrefix   = ".new-" // begins the name of an unfinished file
)

// writeWhole writes a file under a temporary name and renames it, so that a
// reader, or a run resumed after a crash, finds the whole file or none. It
// waits for the disk, for two reasons: a power cut must not leave a name
// without its content, and delayed writing would disturb the next trial.
func writeWhole(path string, write func(io.Writer) error) error {
	temp := filepath.Join(filepath.Dir(path), halfPrefix+filepath.Base(path))
	f, err := os.Create(temp)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	buf := bufio.NewWriter(f)
	err = errors.Join(write(buf), buf.Flush(), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return nil
}

// RemoveHalves removes unfinished files that a killed run or a full disk left.
func RemoveHalves(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, TrialsDir)} {
		entries, err := os.ReadDir(d)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("tidy results directory: %w", err)
		}
		for _, e := range entries {
			if !isHalf(e.Name()) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(d, e.Name())); err != nil {
				return fmt.Errorf("tidy results directory: %w", err)
			}
		}
	}
	return nil
}

func isHalf(name string) bool { return strings.HasPrefix(name, halfPrefix) }

// WriteManifest writes the manifest as indented JSON, for readers too.
func WriteManifest(dir string, m *Manifest) error {
	return writeWhole(filepath.Join(dir, ManifestFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

func writeJSON(path string, v any) error {
	return writeWhole(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// jsonName and hdrName return the paths of a trial's files in a results
// directory, with slashes because fs.FS has them.
func (t *Trial) jsonName() string { return TrialsDir + "/" + t.ID + ".json" }
func (t *Trial) hdrName() string  { return TrialsDir + "/" + t.ID + ".hdr" }

// Save writes a trial's histograms first and then its record, because the
// record marks the trial as complete.
func (t *Trial) Save(dir string) error {
	if slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return len(p.Histograms) > 0 }) {
		if err := writeWhole(filepath.Join(dir, t.hdrName()), t.writeHistograms); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, t.jsonName()), t)
}

// Lock keeps other runs out of the directory until unlock. The kernel drops the
// lock when the process ends.
func Lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock results directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("results directory %s is in use: another run is writing to it (wait for its end, or choose another directory): %w", dir, err)
		}
		return nil, fmt.Errorf("lock results directory %s: %w", dir, err)
	}
	return func() {
		// Closing is not enough: a child process inherits the file until it
		// executes its program.
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		f.Close()
	}, nil
}
