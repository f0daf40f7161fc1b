package report

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// run is one results directory.
type run struct {
	Name    string // of the directory
	Data    *record.Run
	Verdict *verdict.Verdict // nil if the suite has no rules
	Figures []string         // paths of its SVG files, from the directory above
	Report  string           // path of report.html, from the directory above, or ""
	Agrees  []string         // how it agrees with the suite's runs before it in the list
}

// read opens the results directories in dir, or only those named in only if it
// is not empty. It returns them sorted by name (see byNumber). left has a
// sentence on each that cannot be read. It is an error if none can be read.
func read(dir string, only []string) (runs []*run, left []string, err error) {
	names, _, err := record.In(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		path := filepath.Join(dir, name)
		r, err := open(path)
		if err != nil {
			left = append(left, strings.ReplaceAll(err.Error(), path+string(filepath.Separator), name+"/"))
			continue
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, nil, fmt.Errorf("no directory in it has a manifest.json that can be read (is it a directory of results directories?)%s", strings.Join(append([]string{""}, left...), "\n"))
	}
	slices.SortFunc(runs, func(a, b *run) int { return byNumber(a.Name, b.Name) })
	for i, r := range runs {
		for _, earlier := range runs[:i] {
			if suite.FullName(earlier.Data.Manifest.Suite) == suite.FullName(r.Data.Manifest.Suite) {
				r.Agrees = append(r.Agrees, agreeText(earlier, r))
			}
		}
	}
	return runs, left, nil
}

func open(path string) (*run, error) {
	data, err := record.OpenRecords(path)
	if err != nil {
		return nil, err
	}
	r := &run{Name: filepath.Base(path), Data: data}
	if len(data.Manifest.Rules) > 0 {
		r.Verdict = verdict.Judge(data)
	}
	drawn, err := filepath.Glob(filepath.Join(path, "figures", "*.svg"))
	if err != nil {
		return nil, err
	}
	slices.Sort(drawn)
	for _, f := range drawn {
		r.Figures = append(r.Figures, r.Name+"/figures/"+filepath.Base(f))
	}
	if _, err := os.Stat(filepath.Join(path, "report.html")); err == nil {
		r.Report = r.Name + "/report.html"
	}
	return r, nil
}

// Summary names the verdict, with its mark: "✔ H2: confirmed".
func (r *run) Summary() string {
	if r.Verdict == nil {
		return "What it shows"
	}
	return r.Verdict.Outcome.Mark() + " " + headline(r.Verdict.Hypothesis, r.Verdict.Outcome)
}

// Found returns sentences on what the run found, all computed from its data.
func (r *run) Found() []string {
	var why []string
	for _, f := range findings.Explained(r.Data) {
		why = append(why, f.Sentence())
	}
	if r.Verdict == nil {
		return append(strings.Split(findings.Answer(r.Data), "\n"), why...)
	}
	v := r.Verdict
	found := []string{v.Sentence()}
	if s := v.Sensitivity(); s != "" {
		found = append(found, s)
	}
	for i := range v.Rules {
		if q := &v.Rules[i]; len(v.Rules) > 1 || q.Reason != v.Reason { // otherwise the verdict has said it
			found = append(found, q.Sentence())
		}
	}
	if r.Data.Manifest.Hypothesis == "" { // the suite asks more than its claim
		found = append(found, strings.Split(findings.Answer(r.Data), "\n")...)
	}
	return append(found, why...)
}

// Against returns the sentences that contradict a claim: on contradicted
// rules, on findings against the pattern if the suite has no rules, and on
// ratios that break the suite's promise.
func (r *run) Against() []string {
	var against []string
	if r.Verdict != nil && r.Verdict.Outcome == verdict.Contradicted {
		who := cmp.Or(r.Verdict.Hypothesis, "The claim")
		if r.Verdict.Claim != "" {
			who += ` ("` + strings.TrimSuffix(r.Verdict.Claim, ".") + `")`
		}
		for i := range r.Verdict.Rules {
			if q := &r.Verdict.Rules[i]; q.Outcome == verdict.Contradicted {
				against = append(against, who+" is contradicted. "+q.Sentence())
			}
		}
	}
	if r.Verdict == nil {
		for _, p := range findings.Paragraphs(findings.Arrange(r.Data)) {
			against = append(against, againstPattern(p)...)
		}
	}
	for _, q := range r.Data.Ratios() {
		if q.Promise() == "no" {
			against = append(against, fmt.Sprintf("%s was promised to be at most %.4g and is %s (%s, against %s, %d blocks).",
				q.Title, q.Most, q.Of, record.Label(r.Data.Manifest.Axes, q.Cell), q.To, q.Of.N))
		}
	}
	return against
}

// againstPattern returns the sentences of a paragraph that contradict the
// pattern. It adds the circumstances to a difference that is not first, because
// only the first sentence of a paragraph names them.
func againstPattern(p findings.Paragraph) []string {
	var against []string
	for i, f := range p.Findings {
		if !f.Against() {
			continue
		}
		s := f.Sentence()
		if d, ok := f.(*findings.Difference); ok && i > 0 {
			s = d.Where + ": " + s
		}
		against = append(against, s)
	}
	return against
}

// Trials says how many trials there are, how many count in every phase, and how many are
// missing or cannot be read.
func (r *run) Trials() string {
	valid := 0
	for i := range r.Data.Trials {
		if r.Data.Trials[i].Clean() {
			valid++
		}
	}
	text := fmt.Sprintf("%s, %d of them valid in every phase", words.Count(len(r.Data.Trials), "trial", "trials"), valid)
	if n := len(r.Data.Manifest.Plan); n != len(r.Data.Trials) {
		text = fmt.Sprintf("%d of %d planned trials, %d of them valid in every phase", len(r.Data.Trials), n, valid)
	}
	if n := r.Data.Manifest.Makeups; n > 0 {
		text += fmt.Sprintf(", %d of them planned to make up for others", n)
	}
	if n := len(r.Data.Damaged); n > 0 {
		text += fmt.Sprintf("; %d cannot be read", n)
	}
	return text
}

// Machine names the machine, its kernel and Go's version.
func (r *run) Machine() string {
	m := r.Data.Manifest.Before
	parts := []string{fmt.Sprintf("%d CPUs", m.CPUs)}
	if m.CPU != "" {
		parts[0] += " (" + m.CPU + ")"
	}
	if m.Kernel != "" {
		parts = append(parts, "Linux "+m.Kernel)
	}
	if m.Virtualised != "" && m.Virtualised != "none" {
		parts = append(parts, "under "+m.Virtualised)
	}
	if g := r.Data.Manifest.GoVersion; g != "" {
		parts = append(parts, g)
	}
	return strings.Join(parts, ", ")
}

// Revision names the source revision that ran.
func (r *run) Revision() string {
	g := r.Data.Manifest.Git
	text := cmp.Or(g.Revision[:min(12, len(g.Revision))], "unknown")
	if g.Dirty {
		text += ", with changes"
	}
	return text
}

// Recorded lists the phases in which the flight recorder was on.
func (r *run) Recorded() string {
	var on []string
	for _, ph := range r.Data.Manifest.Phases {
		if ph.Flight {
			on = append(on, ph.Name)
		}
	}
	return words.List(on)
}
