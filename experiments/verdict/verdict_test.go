package verdict

import (
	"bytes"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// TestVerdictFlipsWithTheData judges every kind of rule on data and on their
// mirror image, so that a rule that ignores the data or looks at the wrong side
// fails.
func TestVerdictFlipsWithTheData(t *testing.T) {
	gain := leaderToWorker(suite.RuleGain)
	gain.Above, gain.Unit = 0.2, "H_p50_ns"
	means := map[string][]float64{"same": {1000, 2000, 3000}, "cross": {1000, 2000, 3000}}
	turned := map[string][]float64{"same": {1000, 2000, 3000}, "cross": {3000, 2000, 1000}}
	for _, c := range []struct {
		name               string
		confirmed, refuted *record.Run
	}{
		{"ratio below", pairOf(0.7, 9, ratioBelow(1)), pairOf(1/0.7, 9, ratioBelow(1))},
		{"ratio above", pairOf(1/0.7, 9, ratioAbove(1)), pairOf(0.7, 9, ratioAbove(1))},
		{"gain", pairOf(0.7, 9, gain), pairOf(1/0.7, 9, gain)},
		{"trend", alongWork([]float64{0.5, 0.7, 0.9}, 9, trendTowards(1)), alongWork([]float64{0.9, 0.7, 0.5}, 9, trendTowards(1))},
		{"crossing", alongWork([]float64{0.5, 0.9, 1.5}, 9, crossing(true)), alongWork([]float64{1.5, 1.1, 0.5}, 9, crossing(true))},
		{"ranking", primitives(turned, 9), primitives(means, 9)},
	} {
		if v := Judge(c.confirmed); v.Outcome != Confirmed {
			t.Errorf("%s: %s", c.name, v.Sentence())
		}
		if v := Judge(c.refuted); v.Outcome != Contradicted {
			t.Errorf("%s, mirrored: %s", c.name, v.Sentence())
		}
		// The same data with both names exchanged.
		for _, run := range []*record.Run{c.confirmed, c.refuted} {
			before := Judge(run)
			q := &run.Manifest.Rules[0]
			if q.Kind == suite.RuleRanking {
				continue // it is symmetric
			}
			for i := range run.Trials {
				cell := record.Cell{}
				for k, v := range run.Trials[i].Cell {
					cell[k] = v
				}
				cell["mpm"] = map[string]string{"leader": "worker", "worker": "leader"}[cell["mpm"]]
				run.Trials[i].Cell = cell
			}
			if after := Judge(run); q.Kind != suite.RuleTrend && after.Outcome == before.Outcome {
				t.Errorf("%s: leader's data are worker's and the verdict is the same: %s", c.name, after.Sentence())
			}
		}
	}
}

// TestWhole combines the outcomes of several rules.
func TestWhole(t *testing.T) {
	yes, no, open := ratioBelow(1), ratioAbove(1), ratioBelow(0.7)
	less, alike := ratioBelow(0.6), ratioBelow(1)
	less.Title, alike.Margin = "less", 0.5
	alike.Below = 0.5
	for _, c := range []struct {
		rules []suite.Rule
		want  Outcome
		why   string
	}{
		{nil, Undecided, "the suite states no rule"},
		{[]suite.Rule{yes}, Confirmed, "leader's median dispatch latency D"},
		{[]suite.Rule{yes, yes, yes}, Confirmed, "of 3 rules 3 confirmed; "},
		{[]suite.Rule{yes, no}, Contradicted, "of 2 rules 1 confirmed, 1 contradicted; dispatch latency, leader / worker (claimed above 1): "},
		{[]suite.Rule{open, no}, Contradicted, "of 2 rules 1 contradicted, 1 undecided"},
		{[]suite.Rule{yes, open, open}, Undecided, "of 3 rules 1 confirmed, 2 undecided; dispatch latency, leader / worker (claimed below 0.7): "},
		{[]suite.Rule{yes, less}, Smaller, "of 2 rules 1 confirmed, 1 smaller than claimed; less (claimed below 0.6): "},
		{[]suite.Rule{alike, alike}, Equivalent, "of 2 rules 2 equivalent; "},
	} {
		run := pairOf(0.7, 9, yes)
		run.Manifest.Rules = c.rules
		if v := Judge(run); v.Outcome != c.want || !strings.Contains(v.Reason, c.why) {
			t.Errorf("%d rules: %s", len(c.rules), v.Sentence())
		}
	}
}

// TestCPUs checks that data from 2 CPUs do not decide a claim about 8, whatever
// they are.
func TestCPUs(t *testing.T) {
	for _, factor := range []float64{0.5, 2} {
		run := pairOf(factor, 8, ratioBelow(1))
		run.Manifest.Claim.CPUs = 8
		v := Judge(run)
		if v.Outcome != NotTestable || v.Sentence() != "H2 is not testable here: needs 8 CPUs, this machine has 2." {
			t.Errorf("factor %g: %s", factor, v.Sentence())
		}
		if v.Rules[0].Outcome == NotTestable {
			t.Errorf("factor %g: the rule's own outcome is lost: %+v", factor, v.Rules[0])
		}
		run.Manifest.Before.CPUs = 8
		if v := Judge(run); v.Outcome == NotTestable {
			t.Errorf("factor %g on 8 CPUs: %s", factor, v.Sentence())
		}
	}
}

// exact makes a run without noise, so that its sentences are known.
func exact(q suite.Rule, more ...record.Axis) *record.Run {
	return made(append([]record.Axis{mpms}, more...), 9, func(c record.Cell, block int) float64 {
		d := 30_000 + 1000*float64(block)
		if c["mpm"] == "leader" {
			d *= 0.75
		}
		return d
	}, q)
}

func TestSentences(t *testing.T) {
	const median = "leader's median dispatch latency D is 25.5 µs [23.2, 27.8] against worker's 34.0 µs [31.0, 37.0]"
	v := Judge(exact(ratioBelow(1)))
	if got, want := v.Sentence(), "H2 is confirmed: "+median+" (ratio 0.750 [0.750, 0.750], 9 blocks, p = 0.004)."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := v.Rules[0].Sentence(), "Dispatch latency, leader / worker (claimed below 1) is confirmed: "+median+" (ratio 0.750 [0.750, 0.750], 9 blocks, p = 0.004)."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	v = Judge(exact(ratioAbove(1), record.Axis{Name: "threads", Values: []string{"8", "64"}}))
	if got, want := v.Sentence(), "H2 is contradicted: 2 of 2 pairs are contradicted: with threads = 8, "+median+" (ratio 0.750 [0.750, 0.750], 9 blocks, p = 0.004)."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := v.Rules[0].Pairs[1].Sentence(), "With threads = 64, "+median+" (ratio 0.750 [0.750, 0.750], 9 blocks, p = 0.004)."; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	gain := leaderToWorker(suite.RuleGain)
	gain.Above, gain.Unit = 0.2, "H_p50_ns"
	if got := Judge(exact(gain)).Sentence(); !strings.Contains(got, " (a gain of 0.759 [0.754, 0.763] times the median hand-off latency H, 9 blocks, p = 0.004).") {
		t.Errorf("%s", got)
	}
}

func TestClaimed(t *testing.T) {
	gain := suite.Rule{Kind: suite.RuleGain, Above: 0.2, Unit: "H_p50_ns"}
	for _, c := range []struct {
		q    suite.Rule
		want string
	}{
		{ratioBelow(0.95), "below 0.95"}, {ratioAbove(1), "above 1"}, {ratioDiffers(0.05), "to differ by more than 5 %"},
		{gain, "more by over 0.2 times the median hand-off latency H"}, {trendTowards(1), "to approach 1 as work rises"},
		{crossing(true), "to begin below 1 and end above it as work rises"}, {crossing(false), "to begin above 1 and end below it as work rises"},
		{suite.Rule{Kind: suite.RuleRanking}, "to rank otherwise under other conditions"},
	} {
		if got := Claimed(c.q); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestQuantities checks that every metric has a description without
// underscores, and the unit that its name says.
func TestQuantities(t *testing.T) {
	for _, m := range record.Metrics {
		q := quantityOf(m.Name)
		if q.Words == "" || strings.Contains(q.Words, "_") || strings.HasSuffix(m.Name, "_ns") != (q.Unit == "µs" && q.Per == 1e3 || q.Unit == "ns") {
			t.Errorf("%s: %+v", m.Name, q)
		}
	}
	for name, want := range map[string]string{
		"cpu_us_per_request": "CPU time per request in µs is", "switches_per_request": "switches per request in  are",
		"second_D_mean_ns": "mean dispatch latency D of the second in µs is", "probe_D_p99_ns": "p99 of dispatch latency D by the probe in µs is",
		"rss_bytes_per_idle_connection": "resident memory per idle connection in KiB is", "wakes_per_connection": "wake-ups per connection in  are",
		"of_a_later_version": "of a later version in  is",
	} {
		if q := quantityOf(name); q.Words+" in "+q.Unit+" "+q.are() != want {
			t.Errorf("%s: %q %q %q, want %q", name, q.Words, q.Unit, q.are(), want)
		}
	}
}

func TestWrite(t *testing.T) {
	text := func(run *record.Run) string {
		var b bytes.Buffer
		if err := Judge(run).Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	got := text(exact(ratioBelow(1)))
	want := `H2 is confirmed: leader's median dispatch latency D is 25.5 µs [23.2, 27.8] against worker's 34.0 µs [31.0, 37.0] (ratio 0.750 [0.750, 0.750], 9 blocks, p = 0.004).
claimed: A leader dispatches sooner.

confirmed  dispatch latency, leader / worker (claimed below 1)
  pair             median dispatch latency D  against median dispatch latency D  ratio                 blocks  p      
  leader / worker  25.5 µs [23.2, 27.8]       34.0 µs [31.0, 37.0]               0.750 [0.750, 0.750]  9       0.004  confirmed
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	threads := record.Axis{Name: "threads"}
	for i := range 20 {
		threads.Values = append(threads.Values, number(float64(i+1)))
	}
	got = text(pairOf(0.7, 6, ratioBelow(1), threads))
	if n := strings.Count(got, "\n"); n > 9 || !strings.Contains(got, "the smallest and the largest ratio of 20 pairs") {
		t.Errorf("20 pairs take %d lines:\n%s", n, got)
	}
	if got := text(pairOf(0.7, 0, ratioBelow(1))); !strings.Contains(got, "no two cells of the plan") {
		t.Errorf("no plan:\n%s", got)
	}
}

// TestSensitivity: the two trials that a gate leaves out would turn the verdict.
func TestSensitivity(t *testing.T) {
	run := pairOf(0.7, 9, ratioBelow(1))
	if v := Judge(run); v.Unfiltered != "" || v.Sensitivity() != "" {
		t.Errorf("nothing is left out: %q", v.Sensitivity())
	}
	for i := range run.Trials {
		if tr := &run.Trials[i]; tr.Repetition < 2 && tr.Cell["mpm"] == "leader" {
			tr.Phases[0].D = &stats.Dist{Count: 1000, P50: 1e6}
			tr.Gates = []record.Gate{{Name: "steady", Phase: "open"}}
		}
	}
	v := Judge(run)
	if v.Outcome != Confirmed || v.Unfiltered != Undecided || v.Sensitivity() != "With no trial left out for its gates it would be undecided." {
		t.Errorf("%s %s", v.Sentence(), v.Sensitivity())
	}
	left := 0
	for i := range run.Trials {
		left += len(run.Trials[i].Gates)
	}
	if left != 2 {
		t.Errorf("judging changed the run: %d gates are left of 2", left)
	}
}

// TestClientsLine: beside a dispatch latency stands what the client felt, with
// the sign that the client's own data have; beside a count nothing does.
func TestClientsLine(t *testing.T) {
	run := pairOf(0.7, 12, ratioBelow(1))
	for i := range run.Trials {
		p := &run.Trials[i].Phases[0]
		p.Latency = stats.Dist{Count: 10_000, P50: 100_000 * drift(run.Trials[i].Repetition), Mean: 120_000, P99: 200_000}
		if run.Trials[i].Cell["mpm"] == "leader" {
			p.Latency.P50, p.Latency.Mean = 0.95*p.Latency.P50, 1.04*p.Latency.Mean
		}
	}
	const want = "; the ratio of latencies that the client felt: p50 0.950 [0.950, 0.950], mean 1.04 [1.04, 1.04], p99 1.00 [1.00, 1.00]"
	if got := Judge(run).Sentence(); !strings.Contains(got, want) {
		t.Errorf("%s", got)
	}
	run.Manifest.Rules[0].Metric, run.Manifest.Rules[0].ToMetric = "allocations_per_request", "allocations_per_request"
	if got := Judge(run).Sentence(); strings.Contains(got, "client") {
		t.Errorf("of a count: %s", got)
	}
}
