package figure

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"lflab/experiments/madeup"
	"lflab/experiments/plot"
	"lflab/experiments/record"
)

var (
	textGroup = regexp.MustCompile(`<g transform="matrix\(([^ ]+) 0 0 ([^ ]+) ([^ ]+) ([^ )]+)\)" aria-label="([^"]*)"[^>]*>(.*?)</g>`)
	lastGlyph = regexp.MustCompile(`x="(\d+)"/>$`)
	sheetSize = regexp.MustCompile(`<svg [^>]*width="([0-9.]+)pt" height="([0-9.]+)pt"`)
)

// unitsPerEm is the number of units of an SVG file's glyphs in one em.
const unitsPerEm = 512

func parsed(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Every figure is made for one of the two widths of a journal's page, and there
// no text is smaller than 6.5 points or reaches out of the sheet. All text is
// outlines, so that no reader's font can change that, and every file says in
// words what it shows.
func TestTextIsReadableAsPrinted(t *testing.T) {
	const least = 6.5
	texts := 0
	for name, f := range drawnOnce(t) {
		svg := string(f.svg)
		size := sheetSize.FindStringSubmatch(svg)
		if size == nil {
			t.Fatalf("%s: no size in %.200s", name, svg)
		}
		width, height := parsed(t, size[1]), parsed(t, size[2])
		if mm := width / float64(vg.Millimeter); mm > 178.01 || mm > 84.01 && mm < 177.99 {
			t.Errorf("%s is %.1f mm wide, want 84 or 178", name, mm)
		}
		if strings.Contains(svg, "<text") || strings.Contains(svg, "font-family") {
			t.Errorf("%s needs a font", name)
		}
		if !strings.Contains(svg, `<svg role="img" `) || !strings.Contains(svg, "<title>"+f.Title) {
			t.Errorf("%s has no text for readers who cannot see it", name)
		}
		for _, at := range textGroup.FindAllStringSubmatchIndex(svg, -1) {
			m := make([]string, 7)
			for i := range m {
				m[i] = svg[at[2*i]:at[2*i+1]]
			}
			texts++
			scale, x := parsed(t, m[1]), parsed(t, m[3])
			if points := scale * unitsPerEm; points < least-0.01 {
				t.Errorf("%s: %q is %.2f points high, want %v or more", name, m[5], points, least)
			}
			end := x
			if last := lastGlyph.FindStringSubmatch(m[6]); last != nil {
				end += parsed(t, last[1]) * scale
			}
			limit := width
			if strings.HasSuffix(strings.TrimSpace(svg[:at[0]]), `<g transform="rotate(90)">`) { // it runs upwards
				limit = height
			}
			if x < 0 || end > limit {
				t.Errorf("%s: %q reaches from %.1f to %.1f of %.1f points", name, m[5], x, end, limit)
			}
		}
	}
	if texts < 1000 {
		t.Errorf("only %d texts were read", texts)
	}
}

// A description names the panels and tells their values.
func TestDescriptionsTellValues(t *testing.T) {
	run := madeup.ProbedRun(1)
	for name, parts := range map[string][]string{
		"cpu":             {"CPU time per request. CPU time per request (µs).", "Closing · open loop", "leader ", "worker "},
		"where-time-goes": {"Mean dispatch latency D (µs)", "kernel "},
		"dispatch":        {"Share of requests against dispatch latency D (µs)", "leader's p50 "},
	} {
		f := figureOf(t, run, name)
		for _, part := range parts {
			if !strings.Contains(f.Sheet.Alt, part) {
				t.Errorf("%s does not say %q: %s", name, part, f.Sheet.Alt)
			}
		}
	}
}

// Hand-offs that are few for the requests, and cells with few values, have no
// curve. The panel counts them.
func TestFewValuesHaveNoCurve(t *testing.T) {
	of := func(requests int64) (drawn int, notes []string) {
		run := madeup.QuickRun(1)
		for i := range run.Trials {
			if r := run.Trials[i].Phase("open"); r != nil && run.Trials[i].Cell["mpm"] == "leader" {
				r.Latency.Count = requests
			}
		}
		v := New(run)
		at := slices.IndexFunc(v.Phases, func(ph record.Phase) bool { return ph.Name == "open" })
		cs := newCurves()
		cs.add(v, v.Phases[at], 0, "leader", "H", true, false)
		return len(cs.drawn), cs.notes[[2]int{at, 0}]
	}
	whole := New(madeup.QuickRun(1))
	hs := whole.Histograms("open", whole.Panels[0], "leader", "H")
	count := hs[0].TotalCount() // alike for all processes
	if drawn, notes := of(count); drawn != 1 || len(notes) != 0 {
		t.Errorf("%d curves and %q where every request has a hand-off", drawn, notes)
	}
	if drawn, notes := of(count * 21); drawn != 0 || len(notes) != 1 || !strings.HasPrefix(notes[0], "leader  ") {
		t.Errorf("%d curves and %q where one request in 21 has a hand-off", drawn, notes)
	}
	if drawn, notes := of(count * 19); drawn != 1 || len(notes) != 0 {
		t.Errorf("%d curves and %q where one request in 19 has a hand-off", drawn, notes)
	}
	if c := plot.NewCurve(hs[:0], plot.Style{}); len(c.Xs) != 0 {
		t.Errorf("a curve of nothing has %d points", len(c.Xs))
	}
}

// More subjects than a panel can tell apart are sorted, and the floor is a line
// instead of a row.
func TestManyRowsAreSorted(t *testing.T) {
	v := New(manySubjects())
	m := record.MetricOf("cpu_us_per_request")
	rows := v.rows(*m, v.Phases)
	if want := []string{"s9", "s8", "s7", "s6", "s5", "s4", "s3", "s2", "s1", "s0"}; !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
	f := figureOf(t, v.Run, "cpu")
	if len(f.Sheet.Legend) != 1 || f.Sheet.Legend[0].Label != "median of the floor" {
		t.Errorf("legend %+v", f.Sheet.Legend)
	}
}

// manySubjects returns a run whose subjects s0 to s9 take less and less CPU
// time, with a floor below them.
func manySubjects() *record.Run {
	run := &record.Run{Manifest: record.Manifest{Suite: "many", Phases: []record.Phase{{Name: "closed", Connections: 4}}}}
	axis := record.Axis{Name: "subject", Values: []string{"floor"}}
	for i := range 10 {
		axis.Values = append(axis.Values, "s"+strconv.Itoa(i))
	}
	run.Manifest.Axes = []record.Axis{axis}
	for i, name := range axis.Values {
		for rep := range 3 {
			cpu := float64(40 - 2*i)
			if name == "floor" {
				cpu = 10
			}
			r := record.PhaseResult{Name: "closed", Requests: 1000, CPUPerRequest: cpu}
			run.Trials = append(run.Trials, record.Trial{Cell: record.Cell{"subject": name}, Repetition: rep, Phases: []record.PhaseResult{r}})
		}
	}
	return run
}

// Many servers under many loads have another figure of CPU time with one load,
// that with the most requests.
func TestCPUTimeAtTheFullestLoad(t *testing.T) {
	run := manySubjects()
	run.Manifest.Phases = append(run.Manifest.Phases, record.Phase{Name: "full", Connections: 64})
	for i := range run.Trials {
		tr := &run.Trials[i]
		more := tr.Phases[0]
		more.Name, more.RequestsPerSecond = "full", 9000
		tr.Phases[0].RequestsPerSecond = 3000
		tr.Phases = append(tr.Phases, more)
	}
	whole, brief := figureOf(t, run, "cpu"), figureOf(t, run, "cpu-fullest")
	if n := len(brief.Sheet.Rows) * len(brief.Sheet.Rows[0]); n != 1 || !strings.Contains(brief.Caption, "64 connections") || strings.Contains(brief.Caption, "4 connections;") {
		t.Errorf("%d panels: %s", n, brief.Caption)
	}
	if !strings.Contains(whole.Caption, "4 connections; closed loop with 64 connections") {
		t.Errorf("the whole figure's caption: %s", whole.Caption)
	}
}
