package figure

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"lflab/experiments/madeup"
	"lflab/experiments/suite"
)

var update = flag.Bool("update", false, "write testdata/figures.sum anew")

const goldenFile = "testdata/figures.sum"

// Every figure of the made-up runs is the same SVG, byte for byte, as when
// testdata/figures.sum was written. After an intended change, look at the
// figures, which the test leaves in a directory that it names, and write the
// sums again with
//
//	go test ./experiments/figure -run TestFiguresRegenerate -update
func TestFiguresRegenerate(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skipf("the sums were made on amd64; on %s the compiler may fuse multiplication and addition, which moves last digits", runtime.GOARCH)
	}
	var got bytes.Buffer
	pictures := map[string][]byte{}
	headlinesDrawn := map[string]bool{}
	drawn := drawnOnce(t)
	for _, name := range slices.Sorted(maps.Keys(drawn)) {
		headlinesDrawn[drawn[name].Headline] = true
		pictures[name] = drawn[name].svg
		fmt.Fprintf(&got, "%x  %s\n", sha256.Sum256(drawn[name].svg), name)
	}
	for _, number := range suite.FigureNames {
		if !headlinesDrawn[number] {
			t.Errorf("no made-up run draws %s", number)
		}
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(goldenFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got.Bytes(), want) {
		return
	}
	old := sums256(string(want))
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		t.Fatal(err)
	}
	for name, sum := range sums256(got.String()) {
		if old[name] == sum {
			continue
		}
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".svg")
		if err := os.WriteFile(path, pictures[name], 0o644); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s is drawn otherwise than before: %s", name, path)
	}
	for name := range old {
		if pictures[name] == nil {
			t.Errorf("%s is drawn no more", name)
		}
	}
}

// drawnFigure is a figure with its SVG file.
type drawnFigure struct {
	Figure
	svg []byte
}

// drawHeadlines draws every figure of the made-up runs, by "run/figure".
var drawHeadlines = sync.OnceValues(func() (map[string]drawnFigure, error) {
	out := map[string]drawnFigure{}
	for name, run := range madeup.HeadlineRuns() {
		figs, err := New(run).Figures()
		if err != nil {
			return nil, err
		}
		for _, f := range figs {
			if f.Sheet == nil {
				continue
			}
			svg, err := f.Sheet.Render("svg")
			if err != nil {
				return nil, err
			}
			out[name+"/"+f.Name] = drawnFigure{f, svg}
		}
	}
	return out, nil
})

func drawnOnce(t *testing.T) map[string]drawnFigure {
	t.Helper()
	drawn, err := drawHeadlines()
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

func sums256(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			out[name] = sum
		}
	}
	return out
}
