package report

import (
	"fmt"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
	"lflab/experiments/terminal"
)

var someNext = []Next{
	{Name: "report", Text: "results/made-1/report.html"},
	{Name: "decide", Text: "lflab run --resume results/made-1", Note: "up to 3 more blocks of 2 cells"},
}

func summarised(t *testing.T, r *record.Run, width int, next []Next) []string {
	t.Helper()
	var out strings.Builder
	if err := WriteSummary(&out, r, width, nil, next); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestSummaryHasRuleTableAndNext(t *testing.T) {
	for factor, mark := range map[float64]string{0.5: "✔", 1.5: "✘"} {
		effect := stats.Interval{Center: factor, Lo: factor, Hi: factor, N: 8, Confidence: 1}
		got := strings.Join(summarised(t, made("H2", 1, 8, factor), 80, someNext), "\n")
		for _, want := range []string{
			mark + " Who dispatches sooner — H2: ",
			fmt.Sprintf("\n%s Dispatch latency, leader / worker  %s  claimed below 1\n", mark, effect),
			"\n  client: leader / worker, ratio of latency: p50 ",
			"8 blocks · 16 trials, all passed every gate · made up, 2 CPUs",
			"\nreport  results/made-1/report.html",
			"\ndecide  lflab run --resume results/made-1  # up to 3 more blocks of 2 cells",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("factor %g: no %q in\n%s", factor, want, got)
			}
		}
		// Of six columns, throughput and switches are equal: nothing is marked there.
		leader, worker := rowOf(t, got, "leader"), rowOf(t, got, "worker")
		better, other := leader, worker
		if factor > 1 {
			better, other = worker, leader
		}
		if n := strings.Count(better, "*"); n != 4 {
			t.Errorf("factor %g: %d numbers of %q are marked in\n%s", factor, n, better, got)
		}
		if n := strings.Count(other, "*"); n != 0 {
			t.Errorf("factor %g: %d numbers of %q are marked in\n%s", factor, n, other, got)
		}
	}
}

func rowOf(t *testing.T, text, name string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name+" ") {
			return line
		}
	}
	t.Fatalf("no row of %s in\n%s", name, text)
	return ""
}

// However many rules and subjects there are, whatever was left out and however
// long the words are, a summary has at most 20 lines, none longer than the
// terminal.
func TestSummaryFits(t *testing.T) {
	big := func(rules, subjects int) *record.Run {
		r := made("", 1, 7, 0.9)
		r.Manifest.Title = strings.Repeat("a long title ", 12)
		r.Manifest.Skipped = []string{strings.Repeat("the probe is not allowed ", 8), "another"}
		q := suite.Rule{Title: strings.Repeat("a rule of many words, ", 5), Kind: suite.RuleRatio, Metric: "D_p50_ns", Phase: "open",
			Of: suite.Match{"mpm": {"leader"}}, To: suite.Match{"mpm": {"worker"}}, Below: 1}
		for range rules {
			r.Manifest.Rules = append(r.Manifest.Rules, q)
		}
		axis := record.Axis{Name: "mpm", Values: []string{"leader", "worker"}}
		for i := range subjects {
			name := fmt.Sprintf("made-up-architecture-%d", i)
			axis.Values = append(axis.Values, name)
			r.Trials = append(r.Trials, record.Trial{Cell: record.Cell{"mpm": name}, Phases: []record.PhaseResult{{Name: "open", Requests: 9, DurationS: 1,
				Latency: stats.Dist{Count: 1000, P50: 1e9, P99: 1e10}, D: &stats.Dist{Count: 1000, Mean: 1, P50: 1e8}}}})
		}
		r.Manifest.Axes = []record.Axis{axis}
		return r
	}
	for _, c := range [][2]int{{0, 0}, {1, 0}, {2, 6}, {9, 30}} {
		for _, width := range []int{60, 80, 120, 200} {
			lines := summarised(t, big(c[0], c[1]), width, someNext)
			if len(lines) > 20 {
				t.Errorf("%d rules, %d subjects, width %d: %d lines", c[0], c[1], width, len(lines))
			}
			for _, l := range lines {
				if terminal.Width(l) > width {
					t.Errorf("%d rules, %d subjects: %q takes %d columns of %d", c[0], c[1], l, terminal.Width(l), width)
				}
			}
		}
	}
}

// Where not all rows have room, those that the rules are about come first.
func TestSummaryKeepsTheRowsOfItsRules(t *testing.T) {
	r := made("H2", 1, 8, 0.5)
	var others []string
	for i := range 30 {
		name := fmt.Sprintf("other-%d", i)
		others = append(others, name)
		r.Trials = append(r.Trials, record.Trial{Cell: record.Cell{"mpm": name}, Phases: []record.PhaseResult{{Name: "open", Requests: 9, DurationS: 1, D: &stats.Dist{Count: 1000, Mean: 1, P50: 1e8}}}})
	}
	r.Manifest.Axes = []record.Axis{{Name: "mpm", Values: append(others, "leader", "worker")}}
	got := strings.Join(summarised(t, r, 80, nil), "\n")
	rowOf(t, got, "leader")
	rowOf(t, got, "worker")
	if !strings.Contains(got, " more rows in the report") {
		t.Errorf("nothing says that rows are left out:\n%s", got)
	}
}

// Rules that their short names would not tell apart keep their titles.
func TestSummaryTellsRulesApart(t *testing.T) {
	r := made("H2", 1, 8, 0.5)
	first, second := r.Manifest.Rules[0], r.Manifest.Rules[0]
	first.Title = "first: " + strings.Repeat("long ", 20)
	second.Title = "second: " + strings.Repeat("long ", 20)
	r.Manifest.Rules = []suite.Rule{first, second}
	got := strings.Join(summarised(t, r, 80, nil), "\n")
	if !strings.Contains(got, "✔ First: ") || !strings.Contains(got, "✔ Second: ") {
		t.Errorf("the titles are gone:\n%s", got)
	}
}

// A command that is too long is broken like a shell's.
func TestSummaryBreaksCommands(t *testing.T) {
	lines := nextLines(Next{Name: "decide", Text: "lflab run --resume " + strings.Repeat("d", 50)}, 60)
	if len(lines) != 2 || !strings.HasSuffix(lines[0], " --resume \\") || strings.TrimSpace(lines[1]) != strings.Repeat("d", 50) {
		t.Errorf("broken to %q", lines)
	}
}
