package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

func TestRatios(t *testing.T) {
	r := made(t) // "one" has 1000, 2000 and 3000 requests per second, "two" ten times that in its two valid blocks
	r.Manifest.Ratios = []suite.Ratio{
		{Title: "rate / best", Metric: "requests_per_second", Phase: "closed", Axis: "mpm", Values: []string{"one", "two"}, Most: 0},
		{Title: "rate / two", Metric: "requests_per_second", Phase: "closed", Axis: "mpm", Values: []string{"two"}, Most: 0},
		{Title: "mean / closed", Metric: "latency_mean_ns", Phase: "open", Axis: "phase", Values: []string{"closed"}, Most: 0},
		{Title: "nothing", Metric: "D_p50_ns", Phase: "open", Axis: "phase", Values: []string{"closed"}, Most: 0},
		{Title: "later", Metric: "no_such_metric", Phase: "open", Axis: "phase", Values: []string{"closed"}, Most: 0},
	}
	var got []string
	for _, row := range r.Ratios() {
		got = append(got, fmt.Sprintf("%s: %s to %s %.2f [%.2f, %.2f] of %d", row.Title, row.Cell["mpm"], row.To, row.Of.Center, row.Of.Lo, row.Of.Hi, row.Of.N))
	}
	want := []string{ // the axis lists two first; the invalid block of two is left out
		"rate / two: one to two 0.10 [0.10, 0.10] of 2",
		"mean / closed: two to closed 1.50 [1.50, 1.50] of 2",
		"mean / closed: one to closed 1.50 [1.50, 1.50] of 3",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("ratios are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if err := r.WriteTables(); err != nil {
		t.Fatal(err)
	}
	csv, err := os.ReadFile(filepath.Join(r.Dir, "ratios.csv"))
	if err != nil || !strings.HasPrefix(string(csv), "ratio,metric,phase,to,mpm,mode,blocks,ratio_estimate,ratio_lo,ratio_hi\nrate / two,requests_per_second,closed,two,one,close,2,0.1,,\n") {
		t.Errorf("%v\n%s", err, csv)
	}
	var text strings.Builder
	if err := r.WriteRatios(&text); err != nil || !strings.Contains(text.String(), "\nrate / two\n  one/close\t/ two\t0.1000 (n = 2)\t\n") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

// Seven blocks, of which six have both cells, give an interval.
func TestRatiosWithIntervals(t *testing.T) {
	r := madeOf(t, 7)
	r.Manifest.Ratios = []suite.Ratio{{Title: "rate / two", Metric: "requests_per_second", Phase: "closed", Axis: "mpm", Values: []string{"two"}, Most: 1.1}}
	if err := r.WriteTables(); err != nil {
		t.Fatal(err)
	}
	csv, err := os.ReadFile(filepath.Join(r.Dir, "ratios.csv"))
	if err != nil || !strings.HasSuffix(string(csv), "\nrate / two,requests_per_second,closed,two,one,close,6,0.1,0.1,0.1\n") {
		t.Errorf("%v\n%s", err, csv)
	}
	var text strings.Builder
	if err := r.WriteRatios(&text); err != nil || !strings.Contains(text.String(), "0.100 [0.100, 0.100]\tat most 1.10: yes\t\n") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

// The best of several values is the denominator, for either sense of better.
func TestRatioToTheBest(t *testing.T) {
	r := made(t)
	cell := Cell{"mpm": "three", "mode": "close"}
	for _, c := range []struct{ metric, want string }{{"requests_per_second", "two"}, {"cpu_us_per_request", "one"}} {
		for i := range r.Trials {
			if r.Trials[i].Cell["mpm"] == "one" {
				r.Trials[i].Phases[0].CPUPerRequest = 3
			}
		}
		q := suite.Ratio{Metric: c.metric, Phase: "closed", Axis: "mpm", Values: []string{"one", "two", "four"}}
		if to, values := r.best(q, cell, *MetricOf(c.metric)); to != c.want || len(values) == 0 {
			t.Errorf("%s: the best is %q with %v, want %s", c.metric, to, values, c.want)
		}
	}
}

// A promise is kept or broken only if the whole interval says so.
func TestPromises(t *testing.T) {
	enough := []float64{1, 1.01, 1.02, 1.03, 1.04, 1.05}
	for _, c := range []struct {
		most   float64
		values []float64
		want   string
	}{
		{0, enough, ""}, {1.10, enough, "yes"}, {1.05, enough, "yes"}, {1.03, enough, "open"}, {0.99, enough, "no"}, {1.10, enough[:3], "open"},
	} {
		row := RatioRow{Ratio: suite.Ratio{Most: c.most}, Of: stats.Summarise(c.values)}
		if got := row.Promise(); got != c.want {
			t.Errorf("%v of at most %v: %q, want %q", row.Of, c.most, got, c.want)
		}
	}
	r := made(t)
	r.Manifest.Ratios = []suite.Ratio{{Title: "rate / two", Metric: "requests_per_second", Phase: "closed", Axis: "mpm", Values: []string{"two"}, Most: 1.1}}
	var text strings.Builder
	if err := r.WriteRatios(&text); err != nil || !strings.Contains(text.String(), "0.1000 (n = 2)\tat most 1.10: open\t\n") {
		t.Errorf("%v\n%s", err, text.String())
	}
}
