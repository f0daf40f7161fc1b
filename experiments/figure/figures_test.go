package figure

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lflab/experiments/findings"
	"lflab/experiments/madeup"
	"lflab/experiments/plot"
	"lflab/experiments/record"
)

func write(t *testing.T, run *record.Run) (dir string) {
	t.Helper()
	dir = t.TempDir()
	path, err := Write(run, dir)
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(dir, "report.html") {
		t.Errorf("report at %s", path)
	}
	return dir
}

// read is every file below dir.
func read(t *testing.T, dir string) map[string][]byte {
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

// written is what a report of quickRun(1) leaves behind, drawn once.
func written(t *testing.T) map[string][]byte {
	t.Helper()
	once.Do(func() { files1 = read(t, write(t, madeup.QuickRun(1))) })
	return files1
}

var (
	once   sync.Once
	files1 map[string][]byte
)

func TestEqualDataGiveEqualBytes(t *testing.T) {
	first, second := written(t), read(t, write(t, madeup.QuickRun(1)))
	if len(first) != 6*3+1 {
		t.Errorf("%d files, want six figures in three formats and the report", len(first))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs between two drawings of the same data", name)
		}
	}
	for name, data := range read(t, write(t, madeup.QuickRun(2))) {
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

// Both axes carry a name, and a unit where the quantity has one.
func TestEveryPanelNamesItsAxes(t *testing.T) {
	for _, run := range []*record.Run{madeup.QuickRun(1), madeup.ProbedRun(1), madeup.HandoffRun(), madeup.StepRun(1)} {
		figs, err := newView(run).figures()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figs {
			if f.sheet == nil {
				continue
			}
			if f.Caption == "" || f.Title == "" {
				t.Errorf("%s has no caption or title", f.Name)
			}
			if f.sheet.Width != plot.OneColumn && f.sheet.Width != plot.TwoColumns {
				t.Errorf("%s is %v wide, neither one column nor two", f.Name, f.sheet.Width)
			}
			for _, row := range f.sheet.Rows {
				for _, tile := range row {
					if tile.Plot == nil {
						continue
					}
					x := tile.Plot.X.Label.Text
					unitless := slices.Contains([]string{"switches", "economy"}, f.Name)
					if f.Headline != "F1" && (x == "" || !strings.Contains(x, "(") && !unitless) {
						t.Errorf("%s: x axis %q has no unit", f.Name, x)
					}
					if y := tile.Plot.Y.Label.Text; y == "" && len(tile.Plot.Y.Tick.Marker.Ticks(0, 1)) == 0 {
						t.Errorf("%s: y axis names nothing", f.Name)
					}
				}
			}
		}
	}
}

func TestCaptionsStateTheConditions(t *testing.T) {
	figs, err := newView(madeup.ProbedRun(1)).figures()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figs {
		if f.silent { // needs a server with a flight recorder
			continue
		}
		if f.Missing != "" {
			t.Errorf("%s is missing: %s", f.Name, f.Missing)
		}
		for _, part := range []string{"open loop", "Poisson", "3,000", "6,000", "n = 5 to 6 processes",
			"event, closing connections, repetition 4 (invalid)", "goroutine, keep-alive connections, repetition 6 (failed)"} {
			if !strings.Contains(f.Caption, part) {
				t.Errorf("caption of %s does not say %q: %s", f.Name, part, f.Caption)
			}
		}
	}
}

func TestFiguresWithoutDataAreLeftOutWithAReason(t *testing.T) {
	figs, err := newView(madeup.HandoffRun()).figures()
	if err != nil {
		t.Fatal(err)
	}
	var drawn, missing []string
	for _, f := range figs {
		if f.silent { // nothing of the probe's was asked for
			continue
		}
		if f.sheet != nil {
			drawn = append(drawn, f.Name)
		} else if missing = append(missing, f.Name); f.Missing == "" {
			t.Errorf("%s is left out without a reason", f.Name)
		}
	}
	if !slices.Equal(drawn, []string{"handoff-mean"}) || len(missing) != 6 {
		t.Errorf("drawn %v, left out %v", drawn, missing)
	}
	// A report with less to show takes away what an earlier one drew.
	dir := write(t, madeup.QuickRun(1))
	if _, err := Write(madeup.HandoffRun(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "figures", "cpu.svg")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("figures/cpu.svg of the earlier report is still there (%v)", err)
	}
}

// A run in which no trial counts, and one without any trial, still report; what
// there is, is drawn hollow.
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
		files := read(t, write(t, c.run))
		if len(files) != 1+3*c.figures || !bytes.Contains(files["report.html"], []byte("no answer")) {
			t.Errorf("%s: %d files, want the report and %d figures; it should say that it has no answer", c.name, len(files), c.figures)
		}
	}
}

func TestInvalidTrialsDoNotCount(t *testing.T) {
	v := newView(madeup.QuickRun(1))
	m := findings.MetricOf(findings.KeyCPU)
	s := v.Sample("open", v.Panels[0], "event", m)
	if len(s.Valid) != 5 || len(s.Invalid) != 1 {
		t.Errorf("%d values count and %d do not, want 5 and 1", len(s.Valid), len(s.Invalid))
	}
	if _, there := s.ByBlock[3]; there || len(s.ByBlock) != 5 {
		t.Errorf("blocks %v hold the invalid trial", s.ByBlock)
	}
	if hs := v.Histograms("open", v.Panels[0], "event", "H"); len(hs) != 5 {
		t.Errorf("%d histograms count, want 5", len(hs))
	}
}
