package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// ManifestFormat is the format of results directories that this program writes,
// and the newest that it reads. A manifest without one has format 1. Since
// format 2 a trial says under which conditions it was measured (MeasuredAs).
// Since format 3 the flight recorder's D, H and G and the server's own counters
// are of the measured time (Manifest.FlightWindow).
const ManifestFormat = 3

// Damage describes an unreadable file of a results directory. Only its own
// content is missing from the Run.
type Damage struct {
	Path string
	ID   string // of the trial; empty for the archive of all trials
	Err  error
}

// String says what is wrong and what to do.
func (d Damage) String() string {
	if d.ID == "" {
		return fmt.Sprintf("%s: %v (no trial in it counts; put a copy of it there, or move it away and measure again with: lflab run --resume %s)", d.Path, d.Err, filepath.Dir(d.Path))
	}
	return fmt.Sprintf("%s: %v (this trial does not count; lflab run --resume measures it again)", d.Path, d.Err)
}

// Open reads a results directory with its histograms, which take about 2 MB of
// memory for a trial of two phases. If the run still goes on or was
// interrupted, Open returns the complete trials. The trials may be packed (see
// Pack). Unreadable trials are listed in Damaged; only an unreadable manifest
// is an error, which names the file.
func Open(dir string) (*Run, error) { return open(dir, true) }

// OpenRecords is Open without the histograms; the records hold their summaries.
func OpenRecords(dir string) (*Run, error) { return open(dir, false) }

func open(dir string, histograms bool) (*Run, error) {
	r := &Run{Dir: dir}
	if err := r.openManifest(); err != nil {
		return nil, fmt.Errorf("open results: %w", err)
	}
	files, in, err := trialFiles(dir)
	if err != nil {
		r.Damaged = append(r.Damaged, Damage{Path: filepath.Join(dir, archiveFile), Err: err})
		return r, nil
	}
	for _, p := range r.Manifest.Plan {
		t := Trial{ID: p.ID}
		path, err := t.open(files, in, &r.Manifest, histograms)
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == t.jsonName():
			// not run yet
		case err != nil:
			r.Damaged = append(r.Damaged, Damage{Path: filepath.Join(in, filepath.FromSlash(path)), ID: p.ID, Err: err})
		default:
			r.Trials = append(r.Trials, t)
		}
	}
	r.Elect()
	return r, nil
}

// openManifest reads the manifest and checks what later steps rely on.
func (r *Run) openManifest() error {
	path, m := filepath.Join(r.Dir, ManifestFile), &r.Manifest
	if err := readJSON(os.DirFS(r.Dir), ManifestFile, m); err != nil {
		// A manifest of a newer format may not parse; then report its format.
		var newer struct {
			Format int `json:"format"`
		}
		if readJSON(os.DirFS(r.Dir), ManifestFile, &newer) == nil && newer.Format > ManifestFormat {
			m.Format = newer.Format
		} else if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read %s: %w (is %s a results directory of lflab run?)", path, err, r.Dir)
		} else {
			return fmt.Errorf("read %s: %w (put a copy of it there; without it nobody knows what the trials beside it were planned as)", path, err)
		}
	}
	if m.Format > ManifestFormat {
		return fmt.Errorf("%s has format %d, and this lflab reads formats up to %d (use the lflab that wrote it, or a newer one)", path, m.Format, ManifestFormat)
	}
	if m.Suite == "" || len(m.Plan) == 0 || len(m.Phases) == 0 {
		return fmt.Errorf("%s has no suite, no plan or no phases (is %s a results directory of lflab run?)", path, r.Dir)
	}
	seen := map[string]bool{}
	for i, p := range m.Plan {
		switch {
		case p.ID != MakeupID(p.Cell, p.Repetition, p.Makeup):
			return fmt.Errorf("%s: trial %d of the plan has the name %q, which is not that of its cell %v and repetition %d (put a copy of the file there)", path, i+1, p.ID, p.Cell, p.Repetition)
		case seen[p.ID]:
			return fmt.Errorf("%s: trial %s stands in the plan twice (put a copy of the file there)", path, p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// open reads the trial t.ID. On an error it returns the file at fault.
func (t *Trial) open(files fs.FS, in string, m *Manifest, histograms bool) (path string, err error) {
	planned := t.ID
	if err := readJSON(files, t.jsonName(), t); err != nil {
		t.ID = planned
		return t.jsonName(), err
	}
	read := t.ID
	t.ID = planned // the file's name decides, whatever the record says
	if err := t.check(read, m); err != nil {
		return t.jsonName(), err
	}
	if histograms {
		if err := t.loadHistograms(files); err != nil {
			return t.hdrName(), err
		}
	}
	return "", nil
}

// trialFiles returns the files of a directory's trials, packed or not, and the
// path in which they lie. If both the trials' directory and the archive exist,
// because packing or unpacking was interrupted, the directory counts: it
// appears and vanishes as a whole, by a rename.
func trialFiles(dir string) (files fs.FS, in string, err error) {
	archive := filepath.Join(dir, archiveFile)
	if _, err := os.Stat(filepath.Join(dir, TrialsDir)); err == nil {
		return os.DirFS(dir), dir, nil
	}
	z, err := openArchive(archive)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.DirFS(dir), dir, nil // no trial was run yet
	case err != nil:
		return nil, "", err
	}
	return z, archive, nil
}

// longestRecord is the size limit of a record or manifest, in bytes.
const longestRecord = 256 << 20

// readJSON reads a file that holds one JSON value.
func readJSON(files fs.FS, name string, v any) error {
	text, err := readRegular(files, name, longestRecord)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return errors.New("the file is empty")
	}
	err = json.Unmarshal(text, v)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("it is no JSON from byte %d of %d on: %w", syntax.Offset, len(text), err)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := ""
		if wrong.Field != "" {
			where = " in " + wrong.Field
		}
		if number, ok := strings.CutPrefix(wrong.Value, "number "); ok {
			return fmt.Errorf("it has %s%s, which is not %s that fits there", number, where, jsonName(wrong.Type.Kind()))
		}
		return fmt.Errorf("it has %s%s, and %s is due there", withArticle(wrong.Value), where, jsonName(wrong.Type.Kind()))
	}
	return err
}

func withArticle(noun string) string {
	if strings.HasPrefix(noun, "array") || strings.HasPrefix(noun, "object") {
		return "an " + noun
	}
	return "a " + noun
}

// jsonName returns JSON's name for a Go kind.
func jsonName(kind reflect.Kind) string {
	switch kind {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64, reflect.Float32:
		return "a number"
	}
	return "a whole number"
}

// readRegular reads a regular file of at most that many bytes. It refuses
// others, because a pipe, for example, might never end.
func readRegular(files fs.FS, name string, most int64) ([]byte, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return nil, cause(err)
	}
	switch {
	case info.IsDir():
		return nil, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("it is no regular file (%v)", info.Mode().Type())
	case info.Size() > most:
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), most)
	}
	text, err := fs.ReadFile(files, name)
	return text, cause(err)
}

// cause strips the path from err, because it depends on the kind of fs.FS.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
