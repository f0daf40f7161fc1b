package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"lflab/experiments/figure"
	"lflab/experiments/madeup"
	"lflab/experiments/record"
)

func write(t *testing.T, run *record.Run) (dir string) {
	t.Helper()
	dir = t.TempDir()
	path, err := writeReport(run, dir)
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(dir, "report.html") {
		t.Errorf("report at %s", path)
	}
	return dir
}

// filesIn returns the content of every file below dir.
func filesIn(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// written returns the files of a report on madeup.QuickRun(1), which it writes
// once.
func written(t *testing.T) map[string][]byte {
	t.Helper()
	whole.Do(func() { files1 = filesIn(t, write(t, madeup.QuickRun(1))) })
	return files1
}

func TestEqualDataGiveEqualBytes(t *testing.T) {
	first, second := written(t), filesIn(t, write(t, madeup.QuickRun(1)))
	if len(first) != 6*3+1 {
		t.Errorf("%d files, want six figures in three formats and the report", len(first))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs between two drawings of the same data", name)
		}
	}
	for name, data := range filesIn(t, write(t, madeup.QuickRun(2))) {
		if bytes.Equal(data, first[name]) {
			t.Errorf("%s is the same for other data", name)
		}
	}
}

func TestFormats(t *testing.T) {
	for name, data := range written(t) {
		switch filepath.Ext(name) {
		case ".svg":
			d := xml.NewDecoder(bytes.NewReader(data))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					break
				}
			}
			if bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Inf")) {
				t.Errorf("%s has coordinates that are no numbers", name)
			}
		case ".pdf":
			if !bytes.HasPrefix(data, []byte("%PDF-")) || !bytes.Contains(data, []byte("(D:20000101000000")) {
				t.Errorf("%s is no PDF file with the fixed date", name)
			}
		case ".png":
			if !bytes.HasPrefix(data, []byte("\x89PNG")) {
				t.Errorf("%s is no PNG file", name)
			}
		}
	}
}

func TestFiguresWithoutDataAreLeftOutWithAReason(t *testing.T) {
	figs, err := figure.New(madeup.HandoffRun(4)).Figures()
	if err != nil {
		t.Fatal(err)
	}
	var drawn, missing []string
	for _, f := range figs {
		if f.Silent { // the suite did not ask for it
			continue
		}
		if f.Sheet != nil {
			drawn = append(drawn, f.Name)
		} else if missing = append(missing, f.Name); f.Missing == "" {
			t.Errorf("%s is left out without a reason", f.Name)
		}
	}
	if !slices.Equal(drawn, []string{"handoff-mean"}) || len(missing) != 6 {
		t.Errorf("drawn %v, left out %v", drawn, missing)
	}
	// A report that draws fewer figures removes those of an earlier report.
	dir := write(t, madeup.QuickRun(1))
	if _, err := writeReport(madeup.HandoffRun(4), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "figures", "cpu.svg")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("figures/cpu.svg of the earlier report is still there (%v)", err)
	}
}

// A run in which no trial counts, and one without trials, have reports. Trials
// that do not count are drawn hollow.
func TestReportsWithoutValidTrials(t *testing.T) {
	failed, empty := madeup.QuickRun(1), madeup.QuickRun(1)
	for i := range failed.Trials {
		failed.Trials[i].Failed = true
	}
	empty.Trials = nil
	for _, c := range []struct {
		name    string
		run     *record.Run
		figures int // CPU, switches, and throughput against latency
	}{{"failed", failed, 3}, {"empty", empty, 0}} {
		files := filesIn(t, write(t, c.run))
		if len(files) != 1+3*c.figures || !bytes.Contains(files["report.html"], []byte("no answer")) {
			t.Errorf("%s: %d files, want the report and %d figures; it should say that it has no answer", c.name, len(files), c.figures)
		}
	}
}

var (
	whole  sync.Once
	files1 map[string][]byte
)
