package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"unicode"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/verdict"
	"lflab/experiments/words"
)

// card is the beginning of a report: what the run has shown and how far it can
// be trusted. It is made of typed findings.
type card struct {
	Headline string
	Class    string // of the verdict; "open" if the suite has no rules
	Mark     string // "" if it has none
	Lines    []cardLine
	Client   []string // what the client felt, a sentence for each rule on a dispatch latency
	Means    []string // sentences
	Trust    []string // parts of a line
	Shaded   bool     // some plot has a claimed side
}

// cardLine is one line of the card: a rule, a promise of the suite, or, in a
// suite without either, a comparison.
type cardLine struct {
	Mark    string
	Outcome verdict.Outcome // "" if the line was not judged
	Title   string
	Claimed string
	Effect  string // with its interval; "" if nothing was measured
	Blocks  string // "9 blocks"; of a rule with several pairs also their number
	Plot    template.HTML
}

// A line of the card draws so many pairs, or so many levels of a series.
const (
	mostPairs  = 4
	mostLevels = 8
)

// mostLines is the number of ratios or comparisons that the card shows.
const mostLines = 4

// card returns the card of a run.
func (v *view) card() *card {
	c := &card{Trust: v.trust(), Headline: headline("", ""), Class: "open"}
	switch j := v.Judged(); {
	case j != nil:
		c.Headline, c.Class, c.Mark = headline(j.Hypothesis, j.Outcome), string(j.Outcome), j.Outcome.Mark()
		c.Lines, c.Shaded = ruleLines(j)
		for i := range j.Rules {
			if s := clientLine(&j.Rules[i]); s != "" {
				c.Client = append(c.Client, s)
			}
		}
		c.Means = means(j)
	case len(v.Run.Ratios()) > 0:
		c.Lines, c.Means = v.ratioLines()
		c.Shaded = slices.ContainsFunc(c.Lines, func(l cardLine) bool { return l.Mark != "" })
	default:
		c.Lines = v.differenceLines()
		for _, p := range findings.Paragraphs(v.View.View) {
			if text := p.Text(); p.Lead || len(c.Means) == 0 {
				shown, _, _ := captions([]string{text})
				c.Means = []string{cmp.Or(shown[0], sentences(text)[0])}
				if p.Lead {
					break
				}
			}
		}
	}
	return c
}

// ruleLines returns a line for each rule. shaded reports whether a plot has a
// claimed side.
func ruleLines(j *verdict.Verdict) (lines []cardLine, shaded bool) {
	scale := newRatioScale()
	for i := range j.Rules {
		if r := &j.Rules[i]; r.Rule.Kind != suite.RuleGain {
			for _, iv := range ruleRows(r) {
				scale.include(iv.Of)
			}
			for _, s := range verdict.ClaimedSide(r.Rule) {
				scale.bound(s.Lo)
				scale.bound(s.Hi)
			}
		}
	}
	for i := range j.Rules {
		r := &j.Rules[i]
		l := cardLine{Mark: r.Outcome.Mark(), Outcome: r.Outcome, Title: words.Capital(r.Rule.Title), Claimed: "claimed " + verdict.Claimed(r.Rule), Effect: r.Effect(), Blocks: behind(r)}
		plot := forestLine{Scale: scale, Rows: ruleRows(r), Claimed: verdict.ClaimedSide(r.Rule)}
		if r.Rule.Kind == suite.RuleGain {
			plot.Scale = newGainScale(plot.Rows, plot.Claimed)
		}
		if len(plot.Rows) > 0 {
			l.Plot = plot.svg(l.Title + ": " + l.Effect)
			shaded = shaded || len(plot.Claimed) > 0
		}
		lines = append(lines, l)
	}
	return lines, shaded
}

// ruleRows returns the intervals that a rule's line draws, the deciding one
// marked.
func ruleRows(r *verdict.RuleResult) []forestRow {
	var rows []forestRow
	deciding, per := r.Decisive(), verdict.UnitOf(r.Rule)
	most := mostPairs
	if r.Series != nil {
		most = mostLevels
	}
	for _, p := range r.Shown(most) {
		if p.Interval.N == 0 || r.Ranking != nil {
			continue
		}
		iv := p.Interval
		iv.Center, iv.Lo, iv.Hi = iv.Center/per, iv.Lo/per, iv.Hi/per
		rows = append(rows, forestRow{Of: iv, Bold: p == deciding, Title: p.Label(r.Rule) + ": " + p.Interval.String()})
	}
	return rows
}

// behind counts the blocks behind a rule's effect, and its pairs if it has
// several.
func behind(r *verdict.RuleResult) string {
	var parts []string
	if n := r.Blocks(); n > 0 {
		parts = append(parts, words.Count(n, "block", "blocks"))
	}
	switch {
	case len(r.Series) > 1:
		parts = append(parts, fmt.Sprintf("%d series", len(r.Series)))
	case r.Ranking != nil:
		parts = append(parts, words.Count(len(r.Pairs), "comparison", "comparisons"))
	case len(r.Series) == 0 && len(r.Pairs) > 1:
		parts = append(parts, fmt.Sprintf("deciding pair of %d", len(r.Pairs)))
	}
	return strings.Join(parts, ", ")
}

// clientLine says what the client felt of a rule's dispatch latency, "" if
// nothing is known of that.
func clientLine(r *verdict.RuleResult) string {
	if len(r.Felt) == 0 {
		return ""
	}
	var parts, shorter, longer []string
	for _, f := range r.Felt {
		parts = append(parts, f.Of+" "+f.Ratio.String())
		switch f.Ratio.Side(1) {
		case stats.Below:
			shorter = append(shorter, f.Of)
		case stats.Above:
			longer = append(longer, f.Of)
		}
	}
	says := "no difference shows"
	switch {
	case len(shorter) > 0 && len(longer) > 0:
		says = "shorter in " + words.List(shorter) + ", longer in " + words.List(longer)
	case len(shorter) > 0:
		says = "shorter in " + words.List(shorter)
	case len(longer) > 0:
		says = "longer in " + words.List(longer)
	}
	p := r.Decisive()
	line := fmt.Sprintf("%s / %s, ratio of latency: %s: %s.", p.Of.Name, p.To.Name, strings.Join(parts, ", "), says)
	if r.Mean.N > 0 {
		line += fmt.Sprintf(" Of the mean dispatch latency the ratio is %s.", r.Mean)
	}
	return line
}

// means says in a sentence or two what a verdict means, beginning with the
// claim.
func means(j *verdict.Verdict) []string {
	claim := strings.TrimSuffix(j.Claim, ".")
	s := map[verdict.Outcome]string{
		verdict.Confirmed:    "The claim holds in this run: ",
		verdict.Smaller:      "The claim holds in part only, or by less than it says: ",
		verdict.Equivalent:   "There is no difference beyond the margin, although it is claimed: ",
		verdict.Contradicted: "The claim does not hold in this run: ",
		verdict.Undecided:    "These data do not decide the claim: ",
		verdict.NotTestable:  "This machine cannot test the claim: ",
	}[j.Outcome]
	ss := []string{s + "“" + claim + ".”"}
	switch j.Outcome {
	case verdict.NotTestable:
		ss = append(ss, "It "+j.Reason+".")
	case verdict.Undecided:
		why := j.Reason
		if i := slices.IndexFunc(j.Rules, func(r verdict.RuleResult) bool { return r.Forecast != nil }); i >= 0 {
			why = j.Rules[i].Rule.Title + ": " + j.Rules[i].Forecast.Text()
		}
		ss = append(ss, sentenceOf(why))
	}
	return ss
}

// trust says how much data there are, how many of them count, and where they
// were measured.
func (v *view) trust() []string {
	m := &v.Run.Manifest
	blocks := 0
	for _, t := range v.Run.Trials {
		blocks = max(blocks, t.Repetition+1)
	}
	parts := []string{words.Count(blocks, "block", "blocks")}
	if n, bad := len(v.Run.Trials), len(v.Invalid()); bad == 0 {
		parts = append(parts, words.Count(n, "trial", "trials")+", all passed every gate")
	} else {
		parts = append(parts, fmt.Sprintf("%d of %s passed every gate", n-bad, words.Count(n, "trial", "trials")))
	}
	if m.Makeups > 0 {
		parts = append(parts, words.Count(m.Makeups, "make-up", "make-ups"))
	}
	if n := len(v.Run.Damaged); n > 0 {
		parts = append(parts, words.Count(n, "trial", "trials")+" cannot be read")
	}
	if j := v.Judged(); j != nil && j.Unfiltered != "" && j.Unfiltered != j.Outcome {
		parts = append(parts, "with no trial left out: "+string(j.Unfiltered))
	}
	if m.Before.CPU != "" {
		parts = append(parts, m.Before.CPU+", "+words.Count(m.Before.CPUs, "CPU", "CPUs"))
	}
	if m.Before.Kernel != "" {
		parts = append(parts, "Linux "+m.Before.Kernel)
	}
	if virt := m.Before.Virtualised; virt != "" && virt != "none" {
		parts = append(parts, "virtual ("+virt+")")
	}
	if at := when(*m); at != "" {
		parts = append(parts, at)
	}
	return parts
}

// ratioLines returns lines for ratios that the suite asks for, and what they
// mean in a sentence. Of those whose size it promises the broken ones come
// first. Without promises these are the ratios furthest from 1, without a mark.
func (v *view) ratioLines() (lines []cardLine, means []string) {
	sign := map[string]verdict.Outcome{"yes": verdict.Confirmed, "no": verdict.Contradicted, "open": verdict.Undecided}
	counts := map[string]int{}
	var promised, rows []record.RatioRow
	for _, q := range v.Run.Ratios() {
		rows = append(rows, q)
		counts[q.Promise()]++
	}
	for _, kept := range []string{"no", "open", "yes"} {
		promised = append(promised, slices.DeleteFunc(slices.Clone(rows), func(q record.RatioRow) bool { return q.Promise() != kept })...)
	}
	if len(promised) > 0 {
		means = []string{fmt.Sprintf("Of %s that the suite promises %d are kept, %d are broken and %d cannot be told.", words.Count(len(promised), "limit", "limits"), counts["yes"], counts["no"], counts["open"])}
		rows = promised
	} else {
		slices.SortStableFunc(rows, func(a, b record.RatioRow) int { return cmp.Compare(distance(b.Of.Center), distance(a.Of.Center)) })
		if len(rows) > mostLines {
			means = []string{fmt.Sprintf("Of %s these are the furthest from 1; the others are under Numbers.", words.Count(len(rows), "ratio", "ratios"))}
		}
	}
	rows = rows[:min(len(rows), mostLines)]
	scale := newRatioScale()
	for _, q := range rows {
		scale.include(q.Of)
		scale.bound(q.Most)
	}
	for _, q := range rows {
		l := cardLine{Title: words.Capital(q.Title), Claimed: record.Label(v.Run.Manifest.Axes, q.Cell), Effect: words.Ratio(q.Of), Blocks: words.Count(q.Of.N, "block", "blocks")}
		plot := forestLine{Scale: scale, Rows: []forestRow{{Of: q.Of, Bold: true, Title: l.Effect}}}
		if o, judged := sign[q.Promise()]; judged {
			l.Mark, l.Outcome = o.Mark(), o
			l.Claimed = fmt.Sprintf("promised at most %.4g, %s", q.Most, l.Claimed)
			plot.Claimed = []verdict.Span{{Lo: 0, Hi: q.Most}}
		}
		l.Plot = plot.svg(l.Title + ": " + l.Effect)
		lines = append(lines, l)
	}
	return lines, means
}

// distance returns how far a ratio is from 1, in either direction.
func distance(ratio float64) float64 { return math.Abs(math.Log(ratio)) }

// differenceLines returns a line for each comparison of the answer. They have
// no mark, because the suite claims nothing.
func (v *view) differenceLines() []cardLine {
	var ds []*findings.Difference
	scale := newRatioScale()
	for _, p := range findings.Paragraphs(v.View.View) {
		for _, f := range p.Findings {
			if d, ok := f.(*findings.Difference); ok && len(ds) < mostLines {
				ds = append(ds, d)
				scale.include(d.Ratio)
			}
		}
	}
	var lines []cardLine
	for _, d := range ds {
		l := cardLine{Title: fmt.Sprintf("%s, %s / %s", words.Capital(d.Metric.Words), d.Subject, d.To), Claimed: d.Where, Effect: words.Ratio(d.Ratio), Blocks: words.Count(d.Ratio.N, "block", "blocks")}
		l.Plot = forestLine{Scale: scale, Rows: []forestRow{{Of: d.Ratio, Bold: true, Title: l.Effect}}}.svg(l.Title + ": " + l.Effect)
		lines = append(lines, l)
	}
	return lines
}

// sentenceOf begins a text with a capital letter and ends it with a full stop.
func sentenceOf(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + strings.TrimSuffix(s[i+len(string(r)):], ".") + "."
	}
	return s
}

// headline names the verdict: "H2: confirmed".
func headline(hypothesis string, o verdict.Outcome) string {
	if o == "" {
		return "What it shows"
	}
	return cmp.Or(hypothesis, "The claim") + ": " + string(o)
}
