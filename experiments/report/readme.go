package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed readme.md.tmpl
var text string

// Mark is what the first line of a generated README.md begins with.
const ReadmeMark = "<!-- Generated from the data"

// Write reads every results directory in dir and writes dir/README.md anew,
// whole or not at all. It returns its path.
func WriteReadme(dir string) (path string, err error) {
	page, err := generate(dir, nil)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "README.md")
	if err := replaceFile(path, page); err != nil {
		return "", fmt.Errorf("write findings: %w", err)
	}
	return path, nil
}

// generate makes the page of the results directories in dir, or of those named.
func generate(dir string, only []string) ([]byte, error) {
	runs, left, err := read(dir, only)
	if err != nil {
		return nil, fmt.Errorf("write findings of %s: %w", dir, err)
	}
	t, err := template.New("findings").Funcs(template.FuncMap{"cell": cell, "join": strings.Join, "base": figureName, "stop": stop, "span": span}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("write findings: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newPage(runs, left)); err != nil {
		return nil, fmt.Errorf("write findings of %s: %w", dir, err)
	}
	return b.Bytes(), nil
}

// cell makes a sentence fit for a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}

// stop ends a sentence that a suite may have left open.
func stop(s string) string { return strings.TrimSuffix(s, ".") + "." }
