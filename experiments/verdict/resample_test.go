package verdict

import (
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

func TestHistogramOf(t *testing.T) {
	for metric, want := range map[string]string{
		"latency_p99_ns": "latency", "service_time_p50_ns": "service", "D_p50_ns": "D", "probe_D_p50_ns": "probe.D", "G_none_p50_ns": "G_none",
		"latency_mean_ns": "", "requests_per_second": "", "cpu_us_per_request": "",
	} {
		if tag, _, ok := histogramOf(metric); tag != want || ok != (want != "") {
			t.Errorf("%s is of %q, %v", metric, tag, ok)
		}
	}
	if _, q, _ := histogramOf("latency_p999_ns"); q != 0.999 {
		t.Errorf("p999 is %v", q)
	}
}

// From histograms and from series, the bootstrap finds the ratio that the data
// were made with. Without either it returns no interval.
func TestResample(t *testing.T) {
	run := pairOf(0.5, 8, ratioBelow(1))
	if iv := Judge(run).Rules[0].Pairs[0].Resampled; iv.N != 0 {
		t.Errorf("without histograms: %v", iv)
	}
	for i := range run.Trials {
		r := &run.Trials[i].Phases[0]
		h := hdrhistogram.New(1, 60e9, 3)
		bins := &record.Bins{WidthS: 0.01}
		for k := range 100 {
			if err := h.RecordValue(int64(r.D.P50) + int64(k)); err != nil {
				t.Fatal(err)
			}
			bins.Requests = append(bins.Requests, uint64(1e7/r.D.P50)+uint64(k%3))
			bins.MeanNS = append(bins.MeanNS, r.D.P50)
		}
		r.Histograms, r.Bins = map[string]*hdrhistogram.Histogram{"D": h}, bins
		r.RequestsPerSecond = 1e9 / r.D.P50
	}
	v := Judge(run)
	iv := v.Rules[0].Pairs[0].Resampled
	if iv.N != 8 || iv.Lo > 0.5 || iv.Hi < 0.49 || iv.Hi-iv.Lo > 0.1 {
		t.Errorf("from histograms: %v", iv)
	}
	var b strings.Builder
	if err := v.Write(&b); err != nil || !strings.Contains(b.String(), "resampled") || !strings.Contains(b.String(), span(iv)) {
		t.Errorf("the table is\n%s%v", b.String(), err)
	}
	run.Manifest.Rules[0].Metric, run.Manifest.Rules[0].ToMetric = "requests_per_second", "requests_per_second"
	if iv := Judge(run).Rules[0].Pairs[0].Resampled; iv.N != 8 || iv.Lo > 2 || iv.Hi < 1.98 || iv.Hi-iv.Lo > 0.3 {
		t.Errorf("from series: %v", iv)
	}
}

// A gain without a unit is in the unit of the metric.
func TestGainWithoutUnit(t *testing.T) {
	q := leaderToWorker(suite.RuleGain)
	q.Above = 5000
	run := pairOf(0.5, 8, q)
	r := Judge(run).Rules[0]
	if r.Outcome != Confirmed || !strings.Contains(r.Sentence(), "claimed more by over 5 µs") || !strings.Contains(r.Sentence(), "a difference of 16") {
		t.Errorf("%s", r.Sentence())
	}
	q.Above = 50_000
	if r := Judge(pairOf(0.5, 8, q)).Rules[0]; r.Outcome != Refuted {
		t.Errorf("%s", r.Sentence())
	}
}
