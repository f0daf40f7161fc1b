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

// ManifestFormat is the form of a results directory that this program writes, and
// the newest that it reads. Directories without one have form 1; in form 2 a trial
// says what it was measured as.
const ManifestFormat = 2

// Damage is a file of a results directory that cannot be read. What it holds is
// missing, and nothing else.
type Damage struct {
	Path string
	ID   string // of the trial; empty: of all that are packed
	Err  error
}

// String says what is wrong and what to do.
func (d Damage) String() string {
	if d.ID == "" {
		return fmt.Sprintf("%s: %v (no trial in it counts; put a copy of it there, or move it away and measure again with: lflab run --resume %s)", d.Path, d.Err, filepath.Dir(d.Path))
	}
	return fmt.Sprintf("%s: %v (this trial does not count; lflab run --resume measures it again)", d.Path, d.Err)
}

// Open reads a results directory, histograms included: about 2 MB of memory
// for a trial of two phases. A directory whose run goes on or was interrupted
// gives the trials that are complete. Trials may be packed (see Pack). A trial that
// cannot be read is among Damaged; only a manifest that cannot be read is an
// error, which names the file.
func Open(dir string) (*Run, error) { return open(dir, true) }

// OpenRecords is Open without the histograms: their summaries are in the records.
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
	return r, nil
}

// openManifest reads it and checks what the rest relies on.
func (r *Run) openManifest() error {
	path, m := filepath.Join(r.Dir, ManifestFile), &r.Manifest
	if err := readJSON(os.DirFS(r.Dir), ManifestFile, m); err != nil {
		// What is wrong with one that is too new is that it is.
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
		case p.ID != TrialID(p.Cell, p.Repetition):
			return fmt.Errorf("%s: trial %d of the plan has the name %q, which is not that of its cell %v and repetition %d (put a copy of the file there)", path, i+1, p.ID, p.Cell, p.Repetition)
		case seen[p.ID]:
			return fmt.Errorf("%s: trial %s stands in the plan twice (put a copy of the file there)", path, p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// open reads a trial of its ID. It returns the file that is at fault.
func (t *Trial) open(files fs.FS, in string, m *Manifest, histograms bool) (path string, err error) {
	planned := t.ID
	if err := readJSON(files, t.jsonName(), t); err != nil {
		t.ID = planned
		return t.jsonName(), err
	}
	read := t.ID
	t.ID = planned // of the file, whatever it says
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

// trialFiles are the files of a directory's trials, packed or not. in is where
// they lie. Where packing or unpacking was interrupted there may be both: the
// directory comes and goes whole, under another name, so that it counts.
func trialFiles(dir string) (files fs.FS, in string, err error) {
	archive := filepath.Join(dir, archiveFile)
	if _, err := os.Stat(filepath.Join(dir, TrialsDir)); err == nil {
		return os.DirFS(dir), dir, nil
	}
	z, err := openArchive(archive)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.DirFS(dir), dir, nil // nothing was run yet
	case err != nil:
		return nil, "", err
	}
	return z, archive, nil
}

// longestRecord is more than any record or manifest has.
const longestRecord = 256 << 20

// readJSON reads a file of one value.
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

// jsonName is what JSON calls the form of a value.
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

// readRegular reads a file; others, a pipe say, might never end.
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

// cause is err without the path it names: which one it is depends on the kind of
// files.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
