package report

import (
	"fmt"
	"os"
	"path/filepath"
)

// file describes an entry of the results directory.
type file struct {
	Path, What string
	Link       bool
}

// files lists the files that the directory has, with links to those that a
// browser can show.
func files(dir string, figs []pageFigure) []file {
	var fs []file
	for _, f := range []file{
		{"manifest.json", "suite, plan, seed, revision, machine before and after", true},
		{"summary.csv", "one row for each cell, with intervals", true},
		{"ratios.csv", "the ratios that the suite asks for, with intervals", true},
		{"bench.txt", "Go's benchmark format, for benchstat", true},
		{"trials.zip.zst", "the trials, packed: ID.json with cell, order, metrics and gates, and ID.hdr with its histograms", false},
	} {
		if _, err := os.Stat(filepath.Join(dir, f.Path)); err == nil {
			fs = append(fs, f)
		}
	}
	for _, f := range []struct{ glob, path, what string }{
		{"trials/*.json", "trials/ID.json", "one for each trial: cell, order, metrics, gates"},
		{"trials/*.hdr", "trials/ID.hdr", "its histograms, HdrHistogram V2 log"},
	} {
		if found, _ := filepath.Glob(filepath.Join(dir, f.glob)); len(found) > 0 {
			fs = append(fs, file{f.path, fmt.Sprintf("%s (%d)", f.what, len(found)), false})
		}
	}
	if len(figs) > 0 {
		fs = append(fs, file{"figures/", fmt.Sprintf("%d figures as SVG, PDF and PNG", len(figs)), false})
	}
	return fs
}
