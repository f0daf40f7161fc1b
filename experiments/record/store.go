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
	halfPrefix   = ".new-" // of the name of a file that is not whole yet
)

// writeWhole writes a file under another name and renames it, so that whoever
// reads, or resumes after a crash, finds all of it or nothing. It waits for the
// disk: a name must not survive a power cut that its content does not, and what
// is on the disk is not written there in the middle of the next trial.
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

// RemoveHalves removes what a run that was killed, or a disk that was full, has
// left half-written.
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

// WriteManifest writes it for people to read, too.
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

// jsonName and hdrName are a trial's files in a results directory; fs.FS has
// slashes.
func (t *Trial) jsonName() string { return TrialsDir + "/" + t.ID + ".json" }
func (t *Trial) hdrName() string  { return TrialsDir + "/" + t.ID + ".hdr" }

// Save writes a trial's histograms and then its record: a record stands for a
// trial that is complete.
func (t *Trial) Save(dir string) error {
	if slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return len(p.Histograms) > 0 }) {
		if err := writeWhole(filepath.Join(dir, t.hdrName()), t.writeHistograms); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, t.jsonName()), t)
}

// Lock keeps a second run out of the directory while this one lives; the
// kernel forgets the lock with the process.
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
		// Closing is not enough: a process that is being started has the file until
		// it executes its program.
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		f.Close()
	}, nil
}
