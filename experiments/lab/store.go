package lab

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	manifestFile = "manifest.json"
	trialsDir    = "trials"
)

// writeWhole writes a file under another name and renames it, so that whoever
// reads, or resumes after a crash, finds all of it or nothing.
func writeWhole(path string, write func(io.Writer) error) error {
	temp := filepath.Join(filepath.Dir(path), ".new-"+filepath.Base(path))
	f, err := os.Create(temp)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	buf := bufio.NewWriter(f)
	err = errors.Join(write(buf), buf.Flush(), f.Close())
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(temp)))
	}
	return nil
}

func writeJSON(path string, v any) error {
	return writeWhole(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

func readJSON(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return err // it names the path
	}
	defer f.Close()
	if err := json.NewDecoder(bufio.NewReader(f)).Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

func (t *Trial) jsonPath(dir string) string { return filepath.Join(dir, trialsDir, t.ID+".json") }
func (t *Trial) hdrPath(dir string) string  { return filepath.Join(dir, trialsDir, t.ID+".hdr") }

// save writes a trial's histograms and then its record: a record stands for a
// trial that is complete.
func (t *Trial) save(dir string) error {
	if slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return len(p.Histograms) > 0 }) {
		if err := writeWhole(t.hdrPath(dir), t.writeHistograms); err != nil {
			return err
		}
	}
	return writeJSON(t.jsonPath(dir), t)
}

func (t *Trial) writeHistograms(w io.Writer) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	start := t.Started.UnixMilli()
	opts := hdrhistogram.DefaultHistogramLogOptions()
	if err := errors.Join(
		log.OutputComment("[Trial "+t.ID+" of suite "+t.Suite+"; values in ns]"),
		log.OutputLogFormatVersion(), log.OutputStartTime(start), log.OutputLegend()); err != nil {
		return err
	}
	log.SetBaseTime(start)
	for i := range t.Phases {
		p := &t.Phases[i]
		for _, name := range slices.Sorted(maps.Keys(p.Histograms)) {
			h := p.Histograms[name]
			h.SetTag(p.Name + "." + name)
			h.SetStartTimeMs(start)
			h.SetEndTimeMs(start + int64(t.DurationS*1000))
			if err := log.OutputIntervalHistogramWithLogOptions(h, opts); err != nil {
				return fmt.Errorf("histogram %s: %w", h.Tag(), err)
			}
		}
	}
	return nil
}

// loadHistograms reads the trial's histogram log back into its phases.
func (t *Trial) loadHistograms(dir string) error {
	f, err := os.Open(t.hdrPath(dir))
	if errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return p.Latency.Count > 0 }) {
		return nil // a trial without histograms has no file
	}
	if err != nil {
		return fmt.Errorf("read histograms: %w", err)
	}
	defer f.Close()
	log := hdrhistogram.NewHistogramLogReader(f)
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			return fmt.Errorf("read histograms of %s: %w", f.Name(), err)
		}
		if h == nil {
			break
		}
		phase, name, _ := strings.Cut(h.Tag(), ".")
		i := slices.IndexFunc(t.Phases, func(p PhaseResult) bool { return p.Name == phase })
		if i < 0 || name == "" {
			return fmt.Errorf("read histograms of %s: tag %q belongs to no phase of the trial", f.Name(), h.Tag())
		}
		if t.Phases[i].Histograms == nil {
			t.Phases[i].Histograms = map[string]*hdrhistogram.Histogram{}
		}
		t.Phases[i].Histograms[name] = h
	}
	for i := range t.Phases {
		if p := &t.Phases[i]; p.Latency.Count > 0 && p.Histograms["latency"] == nil {
			return fmt.Errorf("read histograms of %s: %s.latency is missing", f.Name(), p.Name)
		}
	}
	return nil
}
