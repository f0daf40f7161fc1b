package run

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"

	"lflab/experiments/suite"
)

// configure writes a subject's configuration and its other files to a new
// directory below in, and adds their paths to values. remove removes the
// directory. All users may read the files, because servers that root starts
// change their user.
func configure(in string, sub *suite.Subject, values map[string]string) (remove func(), err error) {
	if sub.Config == "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp(in, sub.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("configure %s: %w", sub.Name, err)
	}
	remove = func() { _ = os.RemoveAll(dir) } // Close removes the rest with the run's directory
	values["dir"] = dir
	values["config"] = filepath.Join(dir, path.Base(sub.Config))
	files := map[string]string{path.Base(sub.Config): sub.Configuration(values)}
	maps.Copy(files, sub.Files)
	if err := writePublic(dir, files); err != nil {
		remove()
		return nil, fmt.Errorf("configure %s: %w", sub.Name, err)
	}
	return remove, nil
}

// writePublic writes files that all users may read, whatever the umask.
func writePublic(dir string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})
}
