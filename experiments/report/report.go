package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lflab/experiments/figure"
	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
)

//go:embed report.tmpl
var reportTemplate string

//go:embed report.css
var reportStyle string

//go:embed report.js
var reportScript string

// ScriptHash identifies the pages' script in a content security policy.
var ScriptHash = HashOf(reportScript)

// HashOf returns how a content security policy names a script.
func HashOf(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// WriteReport reads a results directory and replaces its tables, its figures/
// and report.html, from the data alone. It replaces each file as a whole. It
// returns the path of report.html, and the trials that it could not read and
// that are missing.
func WriteReport(dir string) (htmlPath string, damaged []record.Damage, err error) {
	run, err := record.Open(dir)
	if err != nil {
		return "", nil, fmt.Errorf("report on %s: %w", dir, err)
	}
	if err := run.WriteTables(); err != nil {
		return "", nil, fmt.Errorf("report on %s: %w", dir, err)
	}
	htmlPath, err = writeReport(run, dir)
	return htmlPath, run.Damaged, err
}

// writeReport writes the figures and report.html of a run into dir. It removes
// figures of an earlier report that it cannot draw now.
func writeReport(run *record.Run, dir string) (htmlPath string, err error) {
	v := newView(run)
	figs, err := v.Figures()
	if err != nil {
		return "", fmt.Errorf("report on %s: %w", dir, err)
	}
	out := filepath.Join(dir, "figures")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", fmt.Errorf("report on %s: %w", dir, err)
	}
	svgs := map[string][]byte{}
	for _, f := range figs {
		for _, format := range []string{"svg", "pdf", "png"} {
			path := filepath.Join(out, f.Name+"."+format)
			if f.Sheet == nil { // an earlier report may have had data for it
				if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
					return "", fmt.Errorf("report on %s: %w", dir, err)
				}
				continue
			}
			data, err := f.Sheet.Render(format)
			if err == nil {
				err = replaceFile(path, data)
			}
			if err != nil {
				return "", fmt.Errorf("report on %s: figure %s: %w", dir, f.Name, err)
			}
			if format == "svg" {
				svgs[f.Name] = data
			}
		}
	}
	page, err := v.page(figs, svgs, dir, nil)
	if err != nil {
		return "", fmt.Errorf("report on %s: %w", dir, err)
	}
	path := filepath.Join(dir, "report.html")
	if err := replaceFile(path, page); err != nil {
		return "", fmt.Errorf("report on %s: %w", dir, err)
	}
	return path, nil
}

// view is a run arranged for pages.
type view struct{ *figure.View }

func newView(run *record.Run) *view { return &view{figure.New(run)} }

// pageFigure is a figure on the page.
type pageFigure struct {
	figure.Figure
	Number      int
	SVG         template.HTML
	Wide        bool
	Shown, Rest string // of its caption; see captions
}

// Running says how far a run has come, for the page of a run that goes on.
type Running struct {
	Title  string // "12 of 72 trials"
	Left   string // "about 60 s left"
	Last   string // the last trial, and what it failed; may be empty
	Events string // path of the events that tell the page to renew itself
}

// RunningPage returns the page of a run that goes on, from the trials that are
// complete. It is report.html without figures, which take seconds to draw. It
// writes nothing.
func RunningPage(run *record.Run, now Running) ([]byte, error) {
	page, err := newView(run).page(nil, nil, run.Dir, &now)
	if err != nil {
		return nil, fmt.Errorf("page of %s: %w", run.Dir, err)
	}
	return page, nil
}

// page returns report.html, or, if running is not nil, the page of a run that
// goes on.
func (v *view) page(figs []figure.Figure, svgs map[string][]byte, dir string, running *Running) ([]byte, error) {
	m := v.Run.Manifest
	drawn, missing, shared := pageFigures(figs, svgs)
	first, others := explaining(drawn)
	t, err := template.New("report").Funcs(template.FuncMap{
		"together": together,
		"figure": func(name string) *pageFigure {
			if i := slices.IndexFunc(drawn, func(f pageFigure) bool { return f.Name == name }); i >= 0 {
				return &drawn[i]
			}
			return nil
		},
	}).Parse(reportTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Style":    template.CSS(reportStyle),
		"Script":   template.JS(reportScript),
		"M":        m,
		"Title":    titleOf(m),
		"Running":  running,
		"Trials":   len(v.Run.Trials),
		"Invalid":  len(v.Invalid()),
		"Subjects": v.glossary(),
		"Card":     v.card(),
		"Verdict":  v.verdictBox(),
		"Answer":   findings.Paragraphs(v.View.View),
		"First":    first,
		"Others":   others,
		"Shared":   shared,
		"Missing":  missing,
		"Tables":   v.tables(),
		"Points":   v.pointTables(dir),
		"Ratios":   v.ratioTables(),
		"Probe":    v.probeSection(),
		"Phases":   v.phaseRows(),
		"Words":    vocabulary,
		"Gates":    v.gateRows(),
		"Bad":      v.badTrials(),
		"Damaged":  v.damaged(),
		"Resumed":  v.resumed(),
		"Machine":  machineRows(&m),
		"Sysctl":   pairRows(m.Before.Sysctl),
		"Shields":  pairRows(m.Before.Mitigations),
		"Recorder": v.recorder(),
		"Threats":  v.threats(),
		"Files":    files(dir, drawn),
		"Planned":  len(m.Plan),
	})
	return b.Bytes(), err
}

// pageFigures returns the figures that are drawn, with their captions divided,
// and those that are missing and not silent. shared holds the sentences that
// several captions have.
func pageFigures(figs []figure.Figure, svgs map[string][]byte) (drawn []pageFigure, missing []figure.Figure, shared []string) {
	var texts []string
	for _, f := range figs {
		if f.Sheet == nil {
			if !f.Silent {
				missing = append(missing, f)
			}
			continue
		}
		drawn = append(drawn, pageFigure{
			Figure: f, Number: len(drawn) + 1, Wide: f.Sheet.Width > plot.OneColumn,
			// This is safe, because vgsvg escapes every text in it.
			SVG: template.HTML(plot.InlineSVG(svgs[f.Name], f.Sheet.Alt)),
		})
		texts = append(texts, f.Caption)
	}
	shown, rest, shared := captions(texts)
	for i := range drawn {
		drawn[i].Shown, drawn[i].Rest = shown[i], rest[i]
	}
	return drawn, missing, shared
}

// explaining divides the figures into the one that explains the answer, the
// first that does not draw the rules themselves, and the others. It is nil if
// there is none.
func explaining(drawn []pageFigure) (first *pageFigure, others []pageFigure) {
	i := slices.IndexFunc(drawn, func(f pageFigure) bool { return !strings.HasPrefix(f.Name, "verdict") })
	if i < 0 {
		return nil, drawn
	}
	return &drawn[i], slices.Delete(slices.Clone(drawn), i, i+1)
}

func titleOf(m record.Manifest) string {
	if m.Title != "" {
		return m.Title
	}
	return m.Suite
}

func when(m record.Manifest) string {
	if m.Started.IsZero() {
		return ""
	}
	s := m.Started.UTC().Format("2 January 2006, 15:04 UTC")
	if m.Ended.After(m.Started) {
		s += fmt.Sprintf(", %.0f s", m.Ended.Sub(m.Started).Seconds())
	}
	return s
}

// together keeps numbers on one line with their units and signs.
func together(s string) string {
	return strings.NewReplacer("p = ", "p\u00a0=\u00a0", "p < ", "p\u00a0<\u00a0", " µs", "\u00a0µs", " %", "\u00a0%", "n = ", "n\u00a0=\u00a0").Replace(s)
}
