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

// removeHalves removes what a run that was killed, or a disk that was full, has
// left half-written.
func removeHalves(dir string) error {
	for _, d := range []string{dir, filepath.Join(dir, trialsDir)} {
		found, err := filepath.Glob(filepath.Join(escape.Replace(d), halfPrefix+"*"))
		if err != nil {
			return fmt.Errorf("tidy results directory: %w", err)
		}
		for _, path := range found {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("tidy results directory: %w", err)
			}
		}
	}
	return nil
}

// escape makes a path stand for itself in a pattern.
var escape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)

// writeManifest writes it for people to read, too.
func writeManifest(dir string, m *Manifest) error {
	return writeWhole(filepath.Join(dir, manifestFile), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

func writeJSON(path string, v any) error {
	return writeWhole(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

// readJSON reads a file of one value; in is where files lies, for errors.
func readJSON(files fs.FS, in, name string, v any) error {
	f, err := files.Open(name)
	if err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(in, name), cause(err))
	}
	defer f.Close()
	if err := json.NewDecoder(bufio.NewReader(f)).Decode(v); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(in, name), err)
	}
	return nil
}

// cause is err without the path it names: which one it is depends on the kind of
// files.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// jsonName and hdrName are a trial's files in a results directory; fs.FS has
// slashes.
func (t *Trial) jsonName() string { return trialsDir + "/" + t.ID + ".json" }
func (t *Trial) hdrName() string  { return trialsDir + "/" + t.ID + ".hdr" }

// save writes a trial's histograms and then its record: a record stands for a
// trial that is complete.
func (t *Trial) save(dir string) error {
	if slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return len(p.Histograms) > 0 }) {
		if err := writeWhole(filepath.Join(dir, t.hdrName()), t.writeHistograms); err != nil {
			return err
		}
	}
	return writeJSON(filepath.Join(dir, t.jsonName()), t)
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
func (t *Trial) loadHistograms(files fs.FS, in string) error {
	path := filepath.Join(in, t.hdrName())
	f, err := files.Open(t.hdrName())
	if errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc(t.Phases, func(p PhaseResult) bool { return p.Latency.Count > 0 }) {
		return nil // a trial without histograms has no file
	}
	if err != nil {
		return fmt.Errorf("read histograms of %s: %w", path, cause(err))
	}
	defer f.Close()
	log := hdrhistogram.NewHistogramLogReader(f)
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			return fmt.Errorf("read histograms of %s: %w", path, err)
		}
		if h == nil {
			break
		}
		phase, name, _ := strings.Cut(h.Tag(), ".")
		i := slices.IndexFunc(t.Phases, func(p PhaseResult) bool { return p.Name == phase })
		if i < 0 || name == "" {
			return fmt.Errorf("read histograms of %s: tag %q belongs to no phase of the trial", path, h.Tag())
		}
		if t.Phases[i].Histograms == nil {
			t.Phases[i].Histograms = map[string]*hdrhistogram.Histogram{}
		}
		t.Phases[i].Histograms[name] = h
	}
	for i := range t.Phases {
		if p := &t.Phases[i]; p.Latency.Count > 0 && p.Histograms["latency"] == nil {
			return fmt.Errorf("read histograms of %s: %s.latency is missing", path, p.Name)
		}
	}
	return nil
}
