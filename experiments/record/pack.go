package record

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// archiveFile replaces the trials' files in a packed directory. It is an
// uncompressed zip archive, compressed as a whole (zstd, RFC 8878), because
// trials resemble each other. `zstd -d` and `unzip` open it.
const archiveFile = "trials.zip.zst"

// packedTime is the time of every file in an archive, the earliest that the
// format allows. A fixed time lets equal files make equal archives.
var packedTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Pack moves the trials' files of a results directory into one archive,
// trials.zip.zst. It removes them after it has read the archive back and found
// it equal. Equal trials make equal archives. Pack leaves a packed directory as
// it is. Open reads both forms; a resumed run unpacks first.
func Pack(dir string) error {
	if err := pack(dir); err != nil {
		return fmt.Errorf("pack %s: %w", dir, err)
	}
	return nil
}

// Unpack restores the trials' files. It leaves an unpacked directory alone.
func Unpack(dir string) error {
	if err := unpack(dir); err != nil {
		return fmt.Errorf("unpack %s: %w", dir, err)
	}
	return nil
}

func pack(dir string) error {
	if _, err := OpenRecords(dir); err != nil { // ensures that dir is a results directory, because files are removed
		return err
	}
	unlock, err := Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := RemoveHalves(dir); err != nil {
		return err
	}
	names, err := trialNames(os.DirFS(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // packed already, or without a trial
	}
	if err != nil {
		return err
	}
	archive := filepath.Join(dir, archiveFile)
	if err := writeWhole(archive, func(w io.Writer) error { return writeArchive(w, os.DirFS(dir), names) }); err != nil {
		return err
	}
	if err := sameFiles(archive, os.DirFS(dir), names); err != nil {
		return errors.Join(err, os.Remove(archive))
	}
	// The rename makes all files vanish at once, not one after the other.
	half := filepath.Join(dir, halfPrefix+TrialsDir)
	if err := os.Rename(filepath.Join(dir, TrialsDir), half); err != nil {
		return err
	}
	return os.RemoveAll(half)
}

// trialNames returns the names of the trials' files, sorted. It refuses any
// other file, which would be lost or be taken for one of a trial.
func trialNames(files fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(files, TrialsDir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		name := path.Join(TrialsDir, e.Name())
		if !isTrialFile(name) || !e.Type().IsRegular() {
			return nil, fmt.Errorf("%s is no file of a trial (move it elsewhere)", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// isTrialFile reports whether name, with slashes, is that of a trial's file.
func isTrialFile(name string) bool {
	base, ok := strings.CutPrefix(name, TrialsDir+"/")
	ext := path.Ext(base)
	return ok && (ext == ".json" || ext == ".hdr") && !strings.ContainsAny(base, `/\`) && !strings.HasPrefix(base, ".")
}

func writeArchive(w io.Writer, files fs.FS, names []string) error {
	// One thread, so that equal files make equal archives.
	whole, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(32<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	z := zip.NewWriter(whole)
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: packedTime})
		if err != nil {
			return err
		}
		if _, err := f.Write(content); err != nil {
			return err
		}
	}
	return errors.Join(z.Close(), whole.Close())
}

// mostPacked is the size limit of a decompressed archive, in bytes.
const mostPacked = 1 << 30

// openArchive reads an archive into memory.
func openArchive(archive string) (*zip.Reader, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPacked))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	content, err := io.ReadAll(io.LimitReader(d, mostPacked+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > mostPacked:
		return nil, fmt.Errorf("it holds more than %d bytes", mostPacked)
	}
	return zip.NewReader(bytes.NewReader(content), int64(len(content)))
}

// sameFiles checks that the archive holds exactly the named files.
func sameFiles(archive string, files fs.FS, names []string) error {
	z, err := openArchive(archive)
	if err != nil {
		return fmt.Errorf("read %s back: %w", archive, err)
	}
	var held []string
	for _, f := range z.File {
		held = append(held, f.Name)
	}
	if !slices.Equal(held, names) {
		return fmt.Errorf("%s holds %d files instead of %d", archive, len(held), len(names))
	}
	for _, name := range names {
		want, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		got, err := fs.ReadFile(z, name)
		if err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("%s holds another %s than was put in: %w", archive, name, errors.Join(err, fs.ErrInvalid))
		}
	}
	return nil
}

func unpack(dir string) error {
	if _, err := OpenRecords(dir); err != nil {
		return err
	}
	unlock, err := Lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	return UnpackLocked(dir)
}

// UnpackLocked is Unpack for callers that hold the lock. It writes into a
// directory of another name and renames that, so that all files appear or none.
func UnpackLocked(dir string) error {
	archive, trials := filepath.Join(dir, archiveFile), filepath.Join(dir, TrialsDir)
	z, err := openArchive(archive)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", archive, err)
	}
	if _, err := os.Stat(trials); err == nil {
		// Packing or unpacking was killed, and the directory is complete.
		return os.Remove(archive)
	}
	half := filepath.Join(dir, halfPrefix+TrialsDir)
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	if err := os.Mkdir(half, 0o755); err != nil {
		return err
	}
	for _, f := range z.File {
		if !isTrialFile(f.Name) {
			return fmt.Errorf("%s holds %q, which is no file of a trial", archive, f.Name)
		}
		content, err := fs.ReadFile(z, f.Name)
		if err != nil {
			return fmt.Errorf("read %s of %s: %w", f.Name, archive, err)
		}
		write := func(w io.Writer) error { _, err := w.Write(content); return err }
		if err := writeWhole(filepath.Join(half, path.Base(f.Name)), write); err != nil {
			return err
		}
	}
	if err := os.Rename(half, trials); err != nil {
		return err
	}
	return os.Remove(archive)
}
