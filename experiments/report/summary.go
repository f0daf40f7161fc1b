package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"lflab/experiments/findings"
	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/terminal"
	"lflab/experiments/words"
)

// mostSummary is the largest number of lines of a summary, of which its table
// has what the other parts leave.
const mostSummary = 20

// mostRules is the largest number of rules that a summary lists.
const mostRules = 6

// mostApart is the largest number of rules whose effects have a line of their own.
const mostApart = 3

// summaryColumns is the largest number of columns of a summary's table.
const summaryColumns = 6

// Next is a line at the end of a summary.
type Next struct {
	Name string
	Text string // a command or a path
	Note string // a few words; left out where the line has no room
}

// WriteSummary writes what a run has found for a terminal of width columns, 60
// or more: one line for each rule with its mark, effect and interval, the
// client's line for the first rule on a dispatch latency, a small table, how much
// data there are, and next. It is at most 20 lines. A line is longer than width
// only where a word of next is. emphasise makes a text stand out, without making
// it wider; it may be nil.
func WriteSummary(w io.Writer, r *record.Run, width int, emphasise func(string) string, next []Next) error {
	if emphasise == nil {
		emphasise = func(s string) string { return s }
	}
	v := newView(r)
	c := v.card()
	head := r.Manifest.Title + " — " + c.Headline
	if c.Mark != "" {
		head = c.Mark + " " + head
	}
	lines := []string{emphasise(terminal.Cut(head, width))}
	lines = append(lines, ruleSummary(v, c, width)...)
	if len(c.Client) > 0 {
		more := ""
		if n := len(c.Client) - 1; n > 0 {
			more = fmt.Sprintf(" (%d more in the report)", n)
		}
		lines = append(lines, terminal.Wrap("  client: "+c.Client[0]+more, width, 10)...)
	}
	var end []string
	if parts := fitting(c.Trust, width); parts != "" {
		end = append(end, parts)
	}
	if s := r.Manifest.Skipped; len(s) > 0 {
		more := ""
		if len(s) > 1 {
			more = fmt.Sprintf(" (and %d more)", len(s)-1)
		}
		why := terminal.Wrap("left out: "+s[0], width-terminal.Width(more), 10)
		if len(why) > 2 {
			why = []string{why[0], terminal.Cut(why[1]+" …", width-terminal.Width(more))}
		}
		why[len(why)-1] += more
		end = append(end, why...)
	}
	for _, n := range next {
		end = append(end, nextLines(n, width)...)
	}
	table := v.summaryTable(width, mostSummary-len(lines)-len(end)-1, emphasise)
	if len(table) > 0 {
		lines = append(append(lines, ""), table...)
	}
	_, err := io.WriteString(w, strings.Join(append(lines, end...), "\n")+"\n")
	return err
}

// nextLines writes a command or a path, broken like a shell's command where it
// is too long.
func nextLines(n Next, width int) []string {
	line := terminal.Left(n.Name, 8) + n.Text
	if noted := line + "  # " + n.Note; n.Note != "" && terminal.Width(noted) <= width {
		return []string{noted}
	}
	if terminal.Width(line) <= width {
		return []string{line}
	}
	lines := terminal.Wrap(line, width-2, 12)
	for i := range lines[:len(lines)-1] {
		lines[i] += " \\"
	}
	return lines
}

// fitting joins as many parts as fit into a line.
func fitting(parts []string, width int) string {
	line := ""
	for _, p := range parts {
		longer := strings.TrimPrefix(line+" · "+p, " · ")
		if terminal.Width(longer) > width {
			break
		}
		line = longer
	}
	return line
}

// ruleSummary writes a line for each rule, or for each of the card's other lines
// if the suite has no rules: mark, title, effect with its interval. What is
// claimed follows where there is room in all lines. Where titles have no room
// and the lines are few, each effect has a line of its own.
func ruleSummary(v *view, c *card, width int) []string {
	shown := c.Lines[:min(len(c.Lines), mostRules)]
	titles := slices.Collect(func(yield func(string) bool) {
		for _, l := range shown {
			if !yield(l.Title) {
				return
			}
		}
	})
	effect, claimed := 0, 0
	for _, l := range shown {
		effect = max(effect, terminal.Width(effectOf(l)))
		claimed = max(claimed, terminal.Width(l.Claimed))
	}
	room := width - 2 - 2 - effect
	if longest(titles) > room {
		titles = shortTitles(v, titles)
	}
	if longest(titles) > room && len(shown) <= mostApart {
		var lines []string
		for i, l := range shown {
			lines = append(lines, cmp.Or(l.Mark, "·")+" "+terminal.Cut(titles[i], width-2), terminal.Cut("  "+effectOf(l)+"  "+l.Claimed, width))
		}
		return lines
	}
	wide := min(longest(titles), room)
	tail := wide+2+claimed <= room
	var lines []string
	for i, l := range shown {
		line := fmt.Sprintf("%s %s  %s", cmp.Or(l.Mark, "·"), terminal.Left(terminal.Cut(titles[i], wide), wide), terminal.Left(effectOf(l), effect))
		if tail {
			line += "  " + l.Claimed
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	if more := len(c.Lines) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more in the report", more))
	}
	return lines
}

func effectOf(l cardLine) string { return cmp.Or(l.Effect, "not measured") }

func longest(texts []string) int {
	n := 0
	for _, s := range texts {
		n = max(n, terminal.Width(s))
	}
	return n
}

// shortTitles returns a rule's metric and the two that it compares instead of
// its title, "Switches per request, leader / worker", if these differ from each
// other.
func shortTitles(v *view, titles []string) []string {
	j := v.Judged()
	if j == nil {
		return titles
	}
	var short []string
	for i := range titles {
		q := &j.Rules[i]
		m, p := record.MetricOf(q.Rule.Metric), q.Decisive()
		if m == nil || p == nil || p.Of.Name == "" {
			return titles
		}
		s := words.Capital(m.Short()) + ", " + p.Of.Name + " / " + p.To.Name
		if slices.Contains(short, s) {
			return titles
		}
		short = append(short, s)
	}
	return short
}

// summaryColumn is one column of the table: a metric in a phase.
type summaryColumn struct {
	metric *record.Metric
	phase  record.Phase
}

// summaryTable returns the lines of the table: a row for each subject of the
// panel that the verdict is about, a column for each number. Of each column the
// best median is marked. It has at most most lines, and is nil if there is no
// number or no room.
func (v *view) summaryTable(width, most int, emphasise func(string) string) []string {
	p, ok := v.summaryPanel()
	if !ok || most < 5 {
		return nil
	}
	name := max(longest(v.Subjects), 6) + 2
	const least = 11 // columns of the terminal for a column of the table
	cols := v.columnsOf(p)
	cols = cols[:min(len(cols), summaryColumns, (width-name)/least)]
	if len(cols) == 0 {
		return nil
	}
	wide := min((width-name)/len(cols), 14)
	var heads [][]string
	high := 0
	for _, c := range cols {
		h := terminal.Wrap(c.metric.Short(), wide-1, 0)
		if c.metric.Unit != "" && !strings.Contains(strings.Join(h, " "), c.metric.Unit) {
			h = append(h, c.metric.Unit)
		}
		heads, high = append(heads, h), max(high, len(h))
	}
	var lines []string
	for i := range high {
		line := terminal.Left("", name)
		for _, h := range heads {
			cell := ""
			if at := i - (high - len(h)); at >= 0 {
				cell = terminal.Cut(h[at], wide-1)
			}
			line += terminal.Right(cell, wide-1) + " "
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	rows := v.summaryRows(p, cols)
	fit, all := most-high-1, len(rows)
	if fit < 1 {
		return nil
	}
	if len(rows) > fit {
		about := v.subjectsOfRules()
		slices.SortStableFunc(rows, func(a, b summaryRow) int {
			switch in := slices.Contains(about, a.name); {
			case in == slices.Contains(about, b.name):
				return 0
			case in:
				return -1
			}
			return 1
		})
		rows = rows[:fit]
	}
	for _, row := range rows {
		line := terminal.Left(row.name, name)
		for _, c := range row.cells {
			text := terminal.Right(strings.TrimSuffix(c, "*"), wide-1)
			if strings.HasSuffix(c, "*") {
				text = emphasise(text + "*")
			} else {
				text += " "
			}
			line += text
		}
		lines = append(lines, strings.TrimRight(line, " "))
	}
	note := []string{"medians, * is the best (not tested)"}
	if more := all - len(rows); more > 0 {
		note = append(note, words.Count(more, "more row in the report", "more rows in the report"))
	}
	if p.Title != "" {
		note = append(note, p.Title)
	}
	return append(lines, terminal.Cut(strings.Join(note, " · "), width))
}

// subjectsOfRules returns the subjects of the pairs that decide the rules. Where
// a table has no room for all rows, theirs come first.
func (v *view) subjectsOfRules() (names []string) {
	j := v.Judged()
	if j == nil {
		return nil
	}
	for i := range j.Rules {
		if p := j.Rules[i].Decisive(); p != nil {
			names = append(names, p.Of.Cell[v.Group], p.To.Cell[v.Group])
		}
	}
	return names
}

// summaryPanel returns the panel of the verdict's deciding pair, otherwise the
// first.
func (v *view) summaryPanel() (findings.Panel, bool) {
	if j := v.Judged(); j != nil {
		if q := j.Decisive(); q != nil {
			if d := q.Decisive(); d != nil {
				if i := slices.IndexFunc(v.Panels, func(p findings.Panel) bool { return d.Of.Cell.Has(p.Cell) }); i >= 0 {
					return v.Panels[i], true
				}
			}
		}
	}
	if len(v.Panels) == 0 {
		return findings.Panel{}, false
	}
	return v.Panels[0], true
}

// summaryMetrics are the numbers of a table in the order of its columns. Those of
// the suite's rules come before all of them.
var summaryMetrics = []string{"requests_per_second", "cpu_us_per_request", "switches_per_request", "D_p50_ns", "latency_p50_ns", "latency_p99_ns", "H_p50_ns", "H_mean_ns", "G_p50_ns"}

// columnsOf chooses the table's columns in a panel: the metrics of the rules in
// the rules' phases, then summaryMetrics, throughput in a closed loop and the
// others in the phase that PhasesByLoad has first. It leaves out metrics that
// nobody has.
func (v *view) columnsOf(p findings.Panel) []summaryColumn {
	var cols []summaryColumn
	add := func(name string, phases []record.Phase) {
		m := record.MetricOf(name)
		if m == nil || slices.ContainsFunc(cols, func(c summaryColumn) bool { return c.metric.Name == name }) {
			return
		}
		for _, ph := range phases {
			if v.Has(ph.Name, p, *m) {
				cols = append(cols, summaryColumn{m, ph})
				return
			}
		}
	}
	if j := v.Judged(); j != nil {
		for i := range j.Rules {
			q := j.Rules[i].Rule
			add(q.Metric, slices.DeleteFunc(slices.Clone(v.Phases), func(ph record.Phase) bool { return ph.Name != q.Phase }))
		}
	}
	closed := slices.DeleteFunc(slices.Clone(v.Phases), func(ph record.Phase) bool { return v.Offered(ph.Name, p) > 0 })
	for _, name := range summaryMetrics {
		if name == "requests_per_second" {
			add(name, closed)
			continue
		}
		add(name, v.PhasesByLoad())
	}
	return cols
}

// summaryRow is a row of the table. A cell ends in * if it is the best.
type summaryRow struct {
	name  string
	cells []string
}

// summaryRows returns the rows of the subjects that have some number. Nothing is
// marked in a column whose numbers are all equal.
func (v *view) summaryRows(p findings.Panel, cols []summaryColumn) []summaryRow {
	rows := make([]summaryRow, len(v.Subjects))
	for i, s := range v.Subjects {
		rows[i].name = s
	}
	for _, c := range cols {
		medians := make([]stats.Interval, len(rows))
		known, best, equal := 0, 0.0, true
		for i, s := range v.Subjects {
			medians[i] = stats.Summarise(v.Sample(c.phase.Name, p, s, *c.metric).Valid)
			if x := medians[i]; x.N > 0 {
				before := best
				if known == 0 || c.metric.Higher == (x.Center > best) && x.Center != best {
					best = x.Center
				}
				equal = equal && (known == 0 || x.Center == before)
				known++
			}
		}
		for i, x := range medians {
			cell := "-"
			if x.N > 0 {
				if cell = words.Short(x.Center); !equal && x.Center == best {
					cell += "*"
				}
			}
			rows[i].cells = append(rows[i].cells, cell)
		}
	}
	return slices.DeleteFunc(rows, func(r summaryRow) bool {
		return !slices.ContainsFunc(r.cells, func(c string) bool { return c != "-" })
	})
}
