package record

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestPackedResultsReadTheSame(t *testing.T) {
	t.Parallel()
	r, err := Open(handmade(t).Dir)
	if err != nil {
		t.Fatal(err)
	}
	files := contents(t, r.Dir)
	archive := filepath.Join(r.Dir, archiveFile)
	for range 2 { // the second time changes nothing
		if err := Pack(r.Dir); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(r.Dir, TrialsDir)); err == nil {
			t.Error("the files are still there")
		}
	}
	packed, err := Open(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(packed.Trials, r.Trials) {
		t.Error("packed trials read otherwise")
	}
	if records, err := OpenRecords(r.Dir); err != nil || len(records.Trials) != 4 || records.Trials[0].Phases[0].Histograms != nil {
		t.Errorf("records: %v", err)
	}
	first, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	z, err := openArchive(archive)
	if err != nil || len(z.File) != 8 {
		t.Fatalf("%v, %d files", err, len(z.File))
	}
	for i, f := range z.File {
		if f.Method != zip.Store || !f.Modified.Equal(packedTime) || i > 0 && f.Name <= z.File[i-1].Name {
			t.Errorf("entry %+v", f.FileHeader)
		}
	}

	for range 2 {
		if err := Unpack(r.Dir); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, r.Dir); !reflect.DeepEqual(got, files) {
			t.Error("unpacked files differ")
		}
	}
	if err := Pack(r.Dir); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(archive); err != nil || !bytes.Equal(again, first) {
		t.Errorf("packed again, the archive differs: %v", err)
	}
}

// contents returns all files below dir, by name.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Wherever packing and unpacking stop early, all trials can still be read, and
// the next attempt finishes.
func TestPackingInterrupted(t *testing.T) {
	t.Parallel()
	r := handmade(t)
	files := contents(t, r.Dir)
	archive, trials := filepath.Join(r.Dir, archiveFile), filepath.Join(r.Dir, TrialsDir)
	half := filepath.Join(r.Dir, halfPrefix+TrialsDir)
	do := func(steps ...error) {
		t.Helper()
		for _, err := range steps {
			if err != nil {
				t.Fatal(err)
			}
		}
		if again, err := Open(r.Dir); err != nil || len(again.Trials) != 4 {
			t.Fatalf("%v", err)
		}
	}
	save := filepath.Join(t.TempDir(), "saved.zip")
	do(Pack(r.Dir), os.Link(archive, save), Unpack(r.Dir))
	do(os.Link(save, archive)) // both archive and files exist
	do(Pack(r.Dir))
	do(Unpack(r.Dir), os.Link(save, archive), os.Rename(trials, half)) // the files are being removed
	do(os.Remove(filepath.Join(half, filepath.Base(r.Trials[0].jsonName()))))
	do(Pack(r.Dir), Unpack(r.Dir))
	do(os.WriteFile(archive, []byte("half"), 0o644)) // no Pack writes this; the files count before it
	do(Pack(r.Dir))
	do(os.Mkdir(half, 0o755), os.WriteFile(filepath.Join(half, "x.json"), []byte("{"), 0o644), Unpack(r.Dir))
	if got := contents(t, r.Dir); !reflect.DeepEqual(got, files) {
		t.Error("unpacked files differ")
	}
}

func TestPackRefuses(t *testing.T) {
	t.Parallel()
	r := handmade(t)
	refused := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	mine := filepath.Join(r.Dir, TrialsDir, "notes.txt")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(Pack(r.Dir), "trials/notes.txt is no file of a trial")
	if err := os.Remove(mine); err != nil {
		t.Fatal(err)
	}
	refused(Pack(t.TempDir()), "results directory of lflab run?")
	unlock, err := Lock(r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	refused(Pack(r.Dir), "another run is writing")
	unlock()

	// An archive from elsewhere must not write files outside the directory.
	if err := os.RemoveAll(filepath.Join(r.Dir, TrialsDir)); err != nil {
		t.Fatal(err)
	}
	err = writeWhole(filepath.Join(r.Dir, archiveFile), func(w io.Writer) error {
		whole, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		z := zip.NewWriter(whole)
		if _, err := z.Create("trials/../../out.json"); err != nil {
			return err
		}
		return errors.Join(z.Close(), whole.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	refused(Unpack(r.Dir), "which is no file of a trial")
}
