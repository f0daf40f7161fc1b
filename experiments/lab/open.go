package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Open reads a results directory, histograms included: about 2 MB of memory
// for a trial of two phases. A directory whose run goes on or was interrupted
// gives the trials that are complete. An error names the file.
func Open(dir string) (*Run, error) {
	r, err := OpenRecords(dir)
	if err != nil {
		return nil, err
	}
	for i := range r.Trials {
		if err := r.Trials[i].loadHistograms(dir); err != nil {
			return nil, fmt.Errorf("open results: %w", err)
		}
	}
	return r, nil
}

// OpenRecords is Open without the histograms: their summaries are in the records.
func OpenRecords(dir string) (*Run, error) {
	r := &Run{Dir: dir}
	if err := readJSON(filepath.Join(dir, manifestFile), &r.Manifest); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("open results: %w (is %s a results directory of lflab run?)", err, dir)
		}
		return nil, fmt.Errorf("open results: %w", err)
	}
	if r.Manifest.Suite == "" || len(r.Manifest.Plan) == 0 {
		return nil, fmt.Errorf("open results: %s has no suite or no plan", filepath.Join(dir, manifestFile))
	}
	for _, p := range r.Manifest.Plan {
		t := Trial{ID: p.ID}
		path := t.jsonPath(dir)
		err := readJSON(path, &t)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // not run yet
		case err != nil:
			return nil, fmt.Errorf("open results: %w", err)
		case t.ID != p.ID || t.ID != trialID(t.Cell, t.Repetition):
			return nil, fmt.Errorf("open results: %s holds trial %s, cell %v, repetition %d, which has another name", path, t.ID, t.Cell, t.Repetition)
		}
		r.Trials = append(r.Trials, t)
	}
	return r, nil
}
