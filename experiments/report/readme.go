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

// ReadmeMark is the beginning of the first line of a generated README.md.
const ReadmeMark = "<!-- Generated from the data"

// WriteReadme reads every results directory in dir, replaces dir/README.md, and
// returns its path. On an error the old file stays.
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

// generate returns the page of the results directories in dir, or only of those
// in only if it is not empty.
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

// cell escapes a sentence for a cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}

// stop ends a sentence of a suite with a full stop if it has none.
func stop(s string) string { return strings.TrimSuffix(s, ".") + "." }
