package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Open reads a results directory, histograms included: about 2 MB of memory
// for a trial of two phases. A directory whose run goes on or was interrupted
// gives the trials that are complete. Trials may be packed (see Pack). An error
// names the file.
func Open(dir string) (*Run, error) { return open(dir, true) }

// OpenRecords is Open without the histograms: their summaries are in the records.
func OpenRecords(dir string) (*Run, error) { return open(dir, false) }

func open(dir string, histograms bool) (*Run, error) {
	r := &Run{Dir: dir}
	if err := readJSON(os.DirFS(dir), dir, manifestFile, &r.Manifest); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open results: %w (is %s a results directory of lflab run?)", err, dir)
		}
		return nil, fmt.Errorf("open results: %w", err)
	}
	if r.Manifest.Suite == "" || len(r.Manifest.Plan) == 0 {
		return nil, fmt.Errorf("open results: %s has no suite or no plan", filepath.Join(dir, manifestFile))
	}
	files, in, err := trialFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	for _, p := range r.Manifest.Plan {
		t := Trial{ID: p.ID}
		err := readJSON(files, in, t.jsonName(), &t)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // not run yet
		case err != nil:
			return nil, fmt.Errorf("open results: %w", err)
		case t.ID != p.ID || t.ID != trialID(t.Cell, t.Repetition):
			return nil, fmt.Errorf("open results: %s holds trial %s, cell %v, repetition %d, which has another name",
				filepath.Join(in, trialsDir, p.ID+".json"), t.ID, t.Cell, t.Repetition)
		}
		if histograms {
			if err := t.loadHistograms(files, in); err != nil {
				return nil, fmt.Errorf("open results: %w", err)
			}
		}
		r.Trials = append(r.Trials, t)
	}
	return r, nil
}

// trialFiles are the files of a directory's trials, packed or not. in is where
// they lie. Where packing or unpacking was interrupted there may be both: the
// directory comes and goes whole, under another name, so that it counts.
func trialFiles(dir string) (files fs.FS, in string, err error) {
	archive := filepath.Join(dir, archiveFile)
	if _, err := os.Stat(filepath.Join(dir, trialsDir)); err == nil {
		return os.DirFS(dir), dir, nil
	}
	z, err := openArchive(archive)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.DirFS(dir), dir, nil // nothing was run yet
	case err != nil:
		return nil, "", fmt.Errorf("read %s: %w", archive, err)
	}
	return z, archive, nil
}
