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
// directory below in, which remove removes, and adds their places to the placeholders'
// values. Everybody may read them, for servers that root starts change their
// user.
func configure(in string, sub *suite.Subject, values map[string]string) (remove func(), err error) {
	if sub.Config == "" {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp(in, sub.Name+"-")
	if err != nil {
		return nil, fmt.Errorf("configure %s: %w", sub.Name, err)
	}
	remove = func() { _ = os.RemoveAll(dir) } // what cannot be removed is in the place for such things
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

// writePublic writes files that everybody may read, whatever the umask is.
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
