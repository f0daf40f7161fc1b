package run

import (
	"fmt"
	"os"
	"path/filepath"
)

// makeDocRoot makes the suite's files, which have a size and no content. They
// take no space on the disk, but up to their size in the page cache once they
// are read.
func (x *Experiment) makeDocRoot() error {
	if len(x.suite.DocRoot) == 0 {
		return nil
	}
	if err := x.makeTemp(); err != nil {
		return fmt.Errorf("make files to be served: %w", err)
	}
	dir := filepath.Join(x.temp, "docroot")
	files := map[string]string{}
	for _, f := range x.suite.DocRoot {
		files[f.Name] = ""
	}
	if err := writePublic(dir, files); err != nil {
		return fmt.Errorf("make files to be served: %w", err)
	}
	for _, f := range x.suite.DocRoot {
		if err := os.Truncate(filepath.Join(dir, f.Name), f.Size); err != nil {
			return fmt.Errorf("make files to be served: %w", err)
		}
	}
	x.docRoot = dir
	return nil
}
