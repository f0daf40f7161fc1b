package findings

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/words"
)

// The pattern's own subject, the rival that its literature compares it with,
// and the baseline that every claim about it needs.
const (
	Pattern  = "leader"
	Rival    = "worker"
	Baseline = "kernel"
)

// Answer says what a run found, one paragraph a line, computed from the data.
// It compares leader with worker and with the kernel's own queue, and begins
// with a summary. In a suite without leader and worker it names the first and
// the last subject, in one with a step of load what the servers did. It reports
// a difference only if the signed-rank test on the blocks' ratios shows it,
// after Holm's correction for all comparisons of the paragraph. It compares no
// subject that has fewer than stats.Fewest trials that count. It names trials
// that do not count at the end.
func Answer(run *record.Run) string {
	var parts []string
	for _, p := range Paragraphs(Arrange(run)) {
		parts = append(parts, p.Text())
	}
	return strings.Join(parts, "\n")
}

// Paragraphs returns the paragraphs of Answer as findings.
func Paragraphs(v *View) []Paragraph {
	var ps []Paragraph
	switch {
	case slices.ContainsFunc(v.Phases, func(ph record.Phase) bool { return ph.Step != nil }):
		ps = v.answerStep()
	case slices.Contains(v.Subjects, Pattern) && slices.Contains(v.Subjects, Rival):
		ps = v.answerPattern()
	default:
		ps = v.answerRanking()
	}
	if len(ps) == 0 {
		ps = []Paragraph{{Findings: remarks("No trial that counts measured anything to compare, so this run has no answer.")}}
	}
	ps = append(v.answerPromises(), append(ps, v.pays()...)...)
	if left := v.answerLeftOut(); left != "" {
		ps = append(ps, Paragraph{Findings: remarks(left)})
	}
	return ps
}

// claim holds what the answer compares in one panel: the costs in one phase,
// and the throughput in a closed loop if there is one.
type claim struct {
	panel              Panel
	costs, closed      record.Phase
	cpu, switches      Comparison // against the rival
	kernel             Comparison // CPU against the baseline
	throughput         Comparison // against the rival
	baselineThroughput stats.Interval
}

func (v *View) compare(phase string, p Panel, key, a, b string) Comparison {
	m := MetricOf(key)
	return Compare(m, v.Sample(phase, p, a, m), v.Sample(phase, p, b, m))
}

func (v *View) answerPattern() []Paragraph {
	var claims []*claim
	byLoad := v.PhasesByLoad()
	for _, p := range v.Panels {
		c := &claim{panel: p}
		for _, ph := range byLoad {
			if c.cpu = v.compare(ph.Name, p, KeyCPU, Pattern, Rival); c.cpu.Known() {
				c.costs = ph
				c.switches = v.compare(ph.Name, p, KeySwitches, Pattern, Rival)
				c.kernel = v.compare(ph.Name, p, KeyCPU, Pattern, Baseline)
				break
			}
		}
		for _, ph := range byLoad {
			if w := v.compare(ph.Name, p, KeyRate, Pattern, Rival); v.Offered(ph.Name, p) == 0 && w.Known() {
				c.closed, c.throughput = ph, w
				c.baselineThroughput = stats.Summarise(v.Sample(ph.Name, p, Baseline, w.Metric).Valid)
				break
			}
		}
		Correct([]*Comparison{&c.cpu, &c.switches, &c.kernel, &c.throughput})
		claims = append(claims, c)
	}
	var leads []string
	var ps []Paragraph
	for _, c := range claims {
		if !c.cpu.Known() && !c.throughput.Known() {
			leads = append(leads, words.Capital(strings.TrimPrefix(fmt.Sprintf("with %s, there are no trials of both %s and %s that count.",
				c.panel.Title, Pattern, Rival), "with , ")))
			continue
		}
		leads = append(leads, c.lead())
		ps = append(ps, Paragraph{Head: words.Capital(c.panel.Title), Findings: v.tell(c)})
	}
	if len(ps) == 0 {
		return nil
	}
	return append([]Paragraph{{Findings: remarks(leads...), Lead: true}}, ps...)
}

// lead writes the claim as one sentence, without evidence.
func (c *claim) lead() string {
	subject := Pattern
	if c.panel.Title != "" {
		subject = "With " + c.panel.Title + ", " + Pattern
	}
	var done, open, few []string
	for _, x := range []struct {
		w            Comparison
		verb, noun   string
		fewer, extra string
	}{
		{c.cpu, "used", "CPU time", "less", "more"},
		{c.switches, "made", "context switches", "fewer", "more"},
		{c.throughput, "answered", "requests/s", "fewer", "more"},
	} {
		switch {
		case !x.w.Known():
		case !x.w.Enough():
			few = append(few, x.noun)
		case x.w.Differs():
			done = append(done, fmt.Sprintf("%s %s %s", x.verb, percent(x.w, x.fewer, x.extra), x.noun))
		default:
			open = append(open, x.noun)
		}
	}
	var s string
	switch {
	case len(done) > 0:
		s = fmt.Sprintf("%s %s than %s", subject, words.List(done), Rival)
		if len(open) > 0 {
			s += "; in " + words.List(open) + " no difference could be shown"
		}
	case len(open) > 0:
		s = fmt.Sprintf("%s showed no difference from %s in %s", subject, Rival, words.List(open))
	default:
		s = fmt.Sprintf("%s and %s had too few trials to be told apart in %s", subject, Rival, words.List(few))
	}
	switch w := c.kernel; {
	case !w.Known() || !w.Enough():
		return s + "."
	case w.Differs():
		return s + fmt.Sprintf("; it used %s CPU time than the kernel's own wake-one queue.", percent(w, "less", "more"))
	}
	return s + "; its CPU time could not be told from that of the kernel's own wake-one queue."
}

// percent says by how many percent a is below or above b, or only which of the
// two if b is 0.
func percent(w Comparison, below, above string) string {
	r := w.Ratio.Center
	switch {
	case math.IsInf(r, 0):
		return above
	case r < 1:
		return fmt.Sprintf("%.0f %% %s", 100*(1-r), below)
	}
	return fmt.Sprintf("%.0f %% %s", 100*(r-1), above)
}

// tell returns a claim's known comparisons as findings.
func (v *View) tell(c *claim) []Finding {
	where, load := v.condition(c)
	var fs []Finding
	add := func(w Comparison, about aspect, to string) {
		if w.Known() {
			fs = append(fs, &Difference{Comparison: w, Subject: Pattern, To: to, Where: where, about: about, load: load, closed: closedText(c.closed), per: perOf(c.panel), beside: c.baselineThroughput})
		}
	}
	add(c.cpu, aboutCost, Rival)
	add(c.switches, aboutSwitches, Rival)
	add(c.kernel, aboutBaseline, Baseline)
	add(c.throughput, aboutThroughput, Rival)
	return fs
}

// perOf names the unit of work that a panel's costs are per.
func perOf(p Panel) string {
	if p.Cell["mode"] == "close" {
		return "connection"
	}
	return "request"
}

// condition returns the circumstances of a claim, "With deferred accept and
// closing connections", and the load, "at 3,000 connections/s". In a closed
// loop load is empty, and where says so.
func (v *View) condition(c *claim) (where, load string) {
	var parts []string
	if v.flag(c.panel, "defer-accept") == "true" {
		parts = append(parts, "deferred accept")
	}
	if c.panel.Title != "" {
		parts = append(parts, c.panel.Title)
	}
	where = "Under load"
	if len(parts) > 0 {
		where = "With " + words.List(parts)
	}
	if rate := v.Offered(c.costs.Name, c.panel); rate > 0 {
		return where, fmt.Sprintf("at %s %ss/s", words.Thousands(rate), perOf(c.panel))
	}
	return where + " in a " + closedText(c.costs), ""
}

func closedText(ph record.Phase) string {
	if ph.Connections > 0 {
		return "closed loop of " + words.Count(ph.Connections, "connection", "connections")
	}
	return "closed loop"
}

// flag returns the value of a flag if all servers of a panel were started with
// the same one, and otherwise "".
func (v *View) flag(p Panel, name string) string {
	value := ""
	for _, s := range v.Subjects {
		for _, t := range v.Trials(p, s) {
			got := flagValue(t.Command, name)
			if got == "" || value != "" && got != value {
				return ""
			}
			value = got
		}
	}
	return value
}

func flagValue(argv []string, name string) string {
	for i, a := range argv {
		if a == "--"+name {
			if i+1 < len(argv) && !strings.HasPrefix(argv[i+1], "-") {
				return argv[i+1]
			}
			return "true"
		}
		if value, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// answerLeftOut names the trials that do not count, and says how many planned
// ones were not run.
func (v *View) answerLeftOut() string {
	var parts []string
	if bad := v.Invalid(); len(bad) > 0 {
		var names []string
		for _, t := range bad[:min(len(bad), 4)] {
			names = append(names, v.Name(t))
		}
		more := ""
		if len(bad) > 4 {
			more = fmt.Sprintf(" and %d more", len(bad)-4)
		}
		parts = append(parts, fmt.Sprintf("Left out: %d of %s that failed or did not pass their validity gates (%s%s).",
			len(bad), words.Count(len(v.Run.Trials), "trial", "trials"), strings.Join(names, "; "), more))
	}
	if planned := len(v.Run.Manifest.Plan); planned > len(v.Run.Trials) {
		parts = append(parts, fmt.Sprintf("Only %d of %d planned trials were run.", len(v.Run.Trials), planned))
	}
	return strings.Join(parts, " ")
}
