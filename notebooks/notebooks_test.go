package notebooks

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var executed = flag.String("executed", "", "`directory` with the notebooks as they were executed just now")

// names are the notebooks of this directory.
func names(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.ipynb")
	if err != nil || len(names) == 0 {
		t.Fatalf("no notebooks here: %v", err)
	}
	return names
}

// without fails for every fault of a notebook.
func without(t *testing.T, path string) {
	t.Helper()
	nb, err := readNotebook(path)
	if err != nil {
		t.Error(err)
		return
	}
	for _, f := range nb.faults() {
		t.Errorf("%s: %s", filepath.Base(path), f)
	}
}

func TestNotebooksAreCommittedWithTheirOutputs(t *testing.T) {
	var size int64
	for _, name := range names(t) {
		without(t, name)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if most := int64(1_500_000); size > most {
		t.Errorf("the notebooks have %d bytes, more than %d: show fewer figures", size, most)
	}
}

func TestReadmeNamesEveryNotebook(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t) {
		if !strings.Contains(string(readme), "("+name+")") {
			t.Errorf("README.md has no link to %s", name)
		}
	}
}

// TestExecuted looks at notebooks that ./run has executed.
func TestExecuted(t *testing.T) {
	if *executed == "" {
		t.Skip("nothing was executed: notebooks/run does that")
	}
	paths, err := filepath.Glob(filepath.Join(*executed, "*.ipynb"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebooks in %s: %v", *executed, err)
	}
	for _, path := range paths {
		without(t, path)
	}
}

// TestOutputsAreCurrent compares what ./run has executed with what is committed:
// a results directory, or the code that reads it, may have changed since. What
// is measured on the spot may differ.
func TestOutputsAreCurrent(t *testing.T) {
	if *executed == "" {
		t.Skip("nothing was executed: notebooks/run --check does that")
	}
	paths, err := filepath.Glob(filepath.Join(*executed, "*.ipynb"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebooks in %s: %v", *executed, err)
	}
	for _, path := range paths {
		name := filepath.Base(path)
		now, err := readNotebook(path)
		if err != nil {
			t.Fatal(err)
		}
		then, err := readNotebook(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range stale(then, now) {
			t.Errorf("%s: cell %s shows something else now: run notebooks/run %s and commit it", name, id, name)
		}
	}
}

// stale are the cells whose outputs differ, those aside that measure.
func stale(then, now *notebook) []string {
	before := map[string]*cell{}
	for i := range then.Cells {
		before[then.Cells[i].ID] = &then.Cells[i]
	}
	var ids []string
	for i := range now.Cells {
		c := &now.Cells[i]
		b := before[c.ID]
		if c.measured() && b != nil && len(b.Outputs) > 0 {
			continue
		}
		if b == nil || !equal(b.Outputs, c.Outputs) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func equal(a, b []output) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
