package record

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A manifest that was read and is written again has the same bytes. Thus the
// types of a suite that a manifest holds keep its form.
func TestManifestsStayTheSame(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "results", "*", ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the reference results are no part of this copy")
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m Manifest
		if err := json.Unmarshal(want, &m); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		dir := t.TempDir()
		if err := WriteManifest(dir, &m); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, ManifestFile))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is written as\n%s", file, got)
		}
	}
}
