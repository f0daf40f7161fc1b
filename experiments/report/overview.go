package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/plot"
	"lflab/experiments/record"
)

//go:embed overview.tmpl
var overviewTemplate string

// overviewRun is one results directory on the overview page.
type overviewRun struct {
	Name, Link string // of the directory; to its report, "" if there is none
	Title      string
	Question   string
	When       string
	Trials     int
	Invalid    int
	Damaged    int // trials that cannot be read
	Verdict    *verdictBox
	Hypothesis string
	Answer     string // first paragraph; "" if there is a verdict
	Figure     template.HTML
	Wide       bool
	Caption    string
}

// WriteOverview writes dir/overview.html from the data of all results
// directories in dir, and returns its path. The page opens with a row for each
// hypothesis and each other claim that has a run (see matrix). For each run it
// has its title, its verdict, its report's first figure and a link to the
// report. Runs are sorted by name, and numbers in names by value. The page names
// results directories that cannot be read, and leaves out other directories. It
// needs no network, and equal data give equal bytes. Runs are read one after the
// other, so the largest determines the memory needed.
func WriteOverview(dir string) (path string, err error) {
	names, _, err := record.In(dir)
	if err != nil {
		return "", fmt.Errorf("overview of results: %w", err)
	}
	slices.SortFunc(names, byNumber)
	var runs []overviewRun
	var all []judged
	var left []string // errors of results directories that cannot be read
	for _, name := range names {
		at := filepath.Join(dir, name)
		run, err := record.Open(at)
		if err != nil {
			left = append(left, strings.ReplaceAll(err.Error(), at+string(filepath.Separator), name+"/"))
			continue
		}
		v := newView(run)
		r, err := overviewOf(v, name, at)
		if err != nil {
			return "", fmt.Errorf("overview of results in %s: %w", dir, err)
		}
		runs = append(runs, r)
		m := run.Manifest // a copy, because the run is large
		all = append(all, judged{name, &m, v.Judged()})
	}
	if len(runs) == 0 {
		return "", fmt.Errorf("overview of results: no directory in %s has a manifest.json that can be read [name the directory that holds results directories, as in results/]%s", dir, strings.Join(append([]string{""}, left...), "\n"))
	}
	t, err := template.New("overview").Funcs(template.FuncMap{"together": together}).Parse(overviewTemplate)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Style": template.CSS(reportStyle), "Script": template.JS(reportScript), "Matrix": judgedRows(all), "Runs": runs, "Left": left})
	if err == nil {
		path = filepath.Join(dir, "overview.html")
		err = replaceFile(path, b.Bytes())
	}
	if err != nil {
		return "", fmt.Errorf("overview of results: %w", err)
	}
	return path, nil
}

// judgedRows returns the rows of the matrix that have a run.
func judgedRows(all []judged) []matrixRow {
	return slices.DeleteFunc(matrix(all), func(r matrixRow) bool { return r.Run == "" })
}

func overviewOf(v *view, name, at string) (overviewRun, error) {
	run := v.Run
	m := run.Manifest
	r := overviewRun{
		Name: name, Title: titleOf(m), Question: m.Question, When: when(m), Trials: len(run.Trials), Invalid: len(v.Invalid()), Damaged: len(run.Damaged),
		Verdict: v.verdictBox(), Hypothesis: m.Hypothesis,
	}
	if _, err := os.Stat(filepath.Join(at, "report.html")); err == nil {
		r.Link = (&url.URL{Path: name + "/report.html"}).EscapedPath()
	}
	if r.Verdict == nil {
		r.Answer = findings.Paragraphs(v.View.View)[0].Text()
	}
	figs, err := v.Figures()
	if err != nil {
		return r, fmt.Errorf("%s: %w", name, err)
	}
	for _, f := range figs {
		if f.Sheet == nil {
			continue
		}
		svg, err := f.Sheet.Render("svg")
		if err != nil {
			return r, fmt.Errorf("%s: figure %s: %w", name, f.Name, err)
		}
		r.Figure = template.HTML(plot.InlineSVG(svg, f.Sheet.Alt)) // safe, because vgsvg escapes every text in it
		r.Wide = f.Sheet.Width > plot.OneColumn
		r.Caption = strings.TrimSuffix(f.Title, ".") + "."
		break
	}
	return r, nil
}

// byNumber compares names of results directories for sorting. It compares
// numbers in them by value, so that h2 comes before h10.
func byNumber(a, b string) int {
	letters := func(s string) (string, int) {
		head := strings.TrimRight(s, "0123456789")
		n, _ := strconv.Atoi(s[len(head):]) // 0 if there is no number
		return head, n
	}
	as, bs := strings.Split(a, "-"), strings.Split(b, "-")
	for i := range min(len(as), len(bs)) {
		x, n := letters(as[i])
		y, m := letters(bs[i])
		if c := cmp.Or(cmp.Compare(x, y), cmp.Compare(n, m)); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(as), len(bs)), cmp.Compare(a, b))
}
