package model

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"lflab/experiments/record"
	"lflab/experiments/stats"
)

// residuals are, by rate, the shares by which the D of the made-up servers
// exceeds the model's. At the rate that the inputs come from it is 0.
var residuals = map[string]float64{"1000": 0, "4000": 0.05, "8000": 0.10, "16000": 0.40}

// ratesRun makes up a run over rates. Its D is the model's, increased by
// residuals, and each block's process differs by a factor.
func ratesRun(blocks int, rates ...string) *record.Run {
	return made{axes: []record.Axis{axis("mpm", "leader", "worker"), axis("rate", rates...)}, blocks: blocks,
		trial: func(tr *record.Trial, p *record.PhaseResult) {
			rate, _ := strconv.ParseFloat(tr.Cell["rate"], 64)
			p.Probe.D.Mean = 1e6 // overloaded
			if d := truth[tr.Cell["mpm"]].Dispatch(rate); !math.IsInf(d, 1) {
				p.Probe.D.Mean = d * (1 + residuals[tr.Cell["rate"]]) * (1 + 0.02*float64(tr.Repetition-blocks/2))
			}
		}}.run()
}

func TestPredict(t *testing.T) {
	fits, err := Predict(ratesRun(7, "8000", "1000", "16000", "4000", "30000"), "probed")
	if err != nil {
		t.Fatal(err)
	}
	if len(fits) != 1 || len(fits[0].Curves) != 2 || fits[0].Curve("worker").MPM != "worker" || fits[0].Curve("kernel") != nil {
		t.Fatalf("fits %+v, want one with two curves", fits)
	}
	f := &fits[0]
	for _, c := range f.Curves {
		if len(c.Points) != 5 {
			t.Fatalf("%s: %d points, want 5", c.MPM, len(c.Points))
		}
		for i, rate := range []string{"1000", "4000", "8000", "16000"} {
			p := c.Points[i]
			if x, _ := strconv.ParseFloat(rate, 64); p.X != x || p.Source != (i == 0) || !near(p.Predicted, truth[c.MPM].Dispatch(x), 1e-9) {
				t.Errorf("%s: point %d is %+v, want rate %s, predicted %.0f", c.MPM, i, p, rate, truth[c.MPM].Dispatch(x))
			}
			if want := residuals[rate]; math.Abs(p.Residual()-want) > 1e-9 || !near(p.Excess()+1, want*p.Predicted+1, 1e-6) {
				t.Errorf("%s at %s/s: residual %v, %v ns, want %v", c.MPM, rate, p.Residual(), p.Excess(), want)
			}
			if r := p.Ratio(); !near(r.Lo, 0.94*r.Center, 1e-9) || !near(r.Hi, 1.06*r.Center, 1e-9) || r.N != 7 {
				t.Errorf("%s at %s/s: ratio %v of %d, want 6 %% to both sides", c.MPM, rate, r, r.N)
			}
		}
		if band := c.Band(8000); !near(band.Center, c.At(8000), 1e-9) || !(band.Lo < band.Center && band.Center < band.Hi) {
			t.Errorf("%s: band %v around %v", c.MPM, band, c.At(8000))
		}
	}
	leader := f.Curve("leader")
	if p := leader.Points[4]; p.Carried() || !math.IsInf(leader.Band(24_500).Hi, 1) { // 25,000 at 100 %, 23,585 at 106 %
		t.Errorf("30000/s is %+v, the band at 24500/s %v; want neither carried", p, leader.Band(24_500))
	}
	if line := leader.Sample(0, 50_000, 51); len(line) != 25 || line[0] != (XY{0, leader.At(0)}) {
		t.Errorf("%d places of the line, want 25: below 25,000/s", len(line))
	}
	r := leader.Residual()
	if r.Points != 3 || r.InSample || r.Beyond != 1 || !near(r.Median, 0.10, 1e-6) || r.Largest.X != 16_000 || !math.IsNaN(r.Spreading) {
		t.Errorf("residual %+v, want the median of 3 to be 0.10, the largest at 16,000/s, 1 beyond", r)
	}
}

func TestPredictCrossing(t *testing.T) {
	want, ok := Crossover(truth["leader"], truth["worker"])
	if !ok || want < 8000 || want > 16_000 {
		t.Fatalf("the made-up servers cross at %.0f/s; the test needs it between 8000 and 16000", want)
	}
	fits, err := Predict(ratesRun(7, "1000", "8000", "16000"), "probed")
	if err != nil {
		t.Fatal(err)
	}
	f := fits[0]
	if c := f.Predicted; !c.Found || !c.InRange || !near(c.Rate, want, 1e-6) {
		t.Errorf("predicted %+v, want %.0f", c, want)
	}
	if c := f.Measured; !c.Found || !c.Sure || c.From != 8000 || c.To != 16_000 || c.Rate <= 8000 || c.Rate >= 16_000 {
		t.Errorf("measured %+v, want one between 8000 and 16000 that is sure", c)
	}
	for i, r := range f.Ratios { // both servers of a block have the same factor
		if !near(r.Measured.Center, r.Predicted, 1e-9) || r.Measured.Hi-r.Measured.Lo > 1e-9 {
			t.Errorf("ratio %d is %+v, want what is predicted, without width", i, r)
		}
	}

	for rates, want := range map[string]string{
		"1000 8000":   "outside of what was measured, as measured wherever it was tried, from 1,000 to 8,000 connections/s.",
		"16000 20000": "as measured nowhere that it was tried, from 16,000 to 20,000 connections/s.",
		"4000":        "as measured wherever it was tried, at 4,000 connections/s, the one rate.",
	} {
		fits, err := Predict(ratesRun(7, strings.Fields(rates)...), "probed")
		if err != nil {
			t.Fatal(err)
		}
		all := fits[0].Sentences()
		if got := all[len(all)-1]; !strings.HasSuffix(got, want) || fits[0].Predicted.InRange {
			t.Errorf("rates %s: %q, want an end of %q", rates, got, want)
		}
	}
}

func TestCrossing(t *testing.T) {
	at := func(x, lo, center, hi float64) RatioPoint {
		return RatioPoint{X: x, Measured: stats.Interval{Center: center, Lo: lo, Hi: hi, N: 6, Confidence: 0.97}}
	}
	for name, c := range map[string]struct {
		ratios []RatioPoint
		want   Crossing
	}{
		"sure":   {[]RatioPoint{at(1, 0.4, 0.5, 0.6), at(3, 1.9, 2, 2.1)}, Crossing{Found: true, InRange: true, Rate: 2, From: 1, To: 3, Sure: true}},
		"unsure": {[]RatioPoint{at(1, 0.4, 0.5, 1.1), at(3, 1.9, 2, 2.1)}, Crossing{Found: true, InRange: true, Rate: 2, From: 1, To: 3}},
		"for good, not at first": {[]RatioPoint{at(1, 0.8, 0.9, 0.95), at(2, 1.01, 1.02, 1.03), at(4, 0.4, 0.5, 0.6), at(6, 1.9, 2, 2.1)},
			Crossing{Found: true, InRange: true, Rate: 5, From: 4, To: 6, Sure: true}},
		"exactly there": {[]RatioPoint{at(1, 0.4, 0.5, 0.6), at(3, 0.9, 1, 1.1)}, Crossing{Found: true, InRange: true, Rate: 3, From: 1, To: 3}},
		"ahead":         {[]RatioPoint{at(1, 0.4, 0.5, 0.6), at(3, 0.8, 0.9, 0.95)}, Crossing{From: 1, To: 3, Ahead: true, Sure: true}},
		"perhaps ahead": {[]RatioPoint{at(1, 0.4, 0.5, 0.6), at(3, 0.8, 0.9, 1)}, Crossing{From: 1, To: 3, Ahead: true}},
		"behind":        {[]RatioPoint{at(1, 1.1, 1.2, 1.3)}, Crossing{From: 1, To: 1, Sure: true}},
	} {
		if got := crossing(c.ratios); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	fits, err := Predict(ratesRun(7, "1000", "4000", "8000", "16000", "30000"), "probed")
	if err != nil {
		t.Fatal(err)
	}
	sentences(t, fits[0].Sentences(), []string{
		"leader: the measured mean D lies 10 % above the predicted in the median of 3 rates, and 40 % above it (+23.6 µs) at the farthest, at 16,000 connections/s, where the measured mean D is 82.5 [77.5, 87.4] µs and the predicted 58.9 µs. Not counted: 1 of its rates, above the 25,000 connections/s that the model says it can take.",
		"worker: the measured mean D lies 8 % above the predicted in the median of 4 rates, and 40 % above it (+16.5 µs) at the farthest, at 16,000 connections/s, where the measured mean D is 57.9 [54.4, 61.3] µs and the predicted 41.3 µs.",
		"By the model the leader's mean D is lower than the worker's up to 11,700 connections/s, as measured up to 11,000 (it turns between 8,000 and 16,000).",
	})
}

// A run without a rate axis has the load's own rate. Its inputs and points then
// come from the same cells.
func TestSentencesOfOneRate(t *testing.T) {
	run := made{axes: []record.Axis{axis("mpm", "leader", "worker"), axis("mode", "close")}, blocks: 7,
		trial: func(tr *record.Trial, p *record.PhaseResult) {
			mpm := tr.Cell["mpm"]
			s := truth[mpm]
			s.Spread = 2.25
			p.Probe.D.Mean = s.Dispatch(3000)
			p.Histograms = map[string]*hdrhistogram.Histogram{"probe.G": spread(p.Probe.G.Mean)}
		}}.run()
	fits, err := Predict(run, "probed")
	if err != nil {
		t.Fatal(err)
	}
	sentences(t, fits[0].Sentences(), []string{
		"close: leader: the measured mean D lies 22 % above the predicted (+6.1 µs) at 3,000 connections/s, where the measured mean D is 33.5 [33.5, 33.5] µs and the predicted 27.4 µs; the inputs come from there. With the gap's spread as measured it lies 3 % above it.",
		"close: worker: the measured mean D lies 1 % above the predicted (+0.3 µs) at 3,000 connections/s, where the measured mean D is 42.1 [42.1, 42.1] µs and the predicted 41.8 µs; the inputs come from there. With the gap's spread as measured it lies within 1 % of it.",
		"close: By the model the leader's mean D is lower than the worker's up to 11,700 connections/s, which lies outside of what was measured, as measured wherever it was tried, at 3,000 connections/s, the one rate.",
	})
}

// Made-up pairs of servers of which the leader is never ahead, ahead from some
// rate on, and always ahead.
func TestSentencesWithoutCrossover(t *testing.T) {
	defer func(before map[string]Server) { truth = before }(truth)
	leader := truth["leader"]
	for want, worker := range map[string]Server{
		"at no rate, ":                           {Wake: 16e3, Gap: 10e3, Rest: 5e3, Accept: 3e3},
		"only from 5,060 connections/s on, ":     {Wake: 16e3, Gap: 60e3, Rest: 1e3, Accept: 3e3},
		"at every rate, as measured wherever it": {Wake: 16e3, Gap: 60e3, Rest: 20e3, Accept: 3e3},
	} {
		truth = map[string]Server{"leader": leader, "worker": worker}
		fits, err := Predict(ratesRun(7, "1000"), "probed")
		if err != nil {
			t.Fatal(err)
		}
		if got := fits[0].Sentences()[2]; !strings.Contains(got, "than the worker's "+want) {
			t.Errorf("%+v: %q, want %q", worker, got, want)
		}
	}
}

func sentences(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d sentences, want %d: %q", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("sentence %d is\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
}

func TestPredictPairs(t *testing.T) {
	spacings := []string{"0", "5", "15", "50", "54", "100"}
	slower := map[string]float64{"15": 1.25}
	run := made{axes: []record.Axis{axis("mpm", "leader", "worker"), axis("spacing", spacings...)}, blocks: 7,
		trial: func(tr *record.Trial, p *record.PhaseResult) {
			us, _ := strconv.ParseFloat(tr.Cell["spacing"], 64)
			p.D = &stats.Dist{Mean: truth[tr.Cell["mpm"]].Second(us*1e3) + trueHandler}
			if by := slower[tr.Cell["spacing"]]; by > 0 {
				p.D.Mean *= by
			}
			if tr.Cell["spacing"] != "100" {
				p.Probe.G.Mean *= 2
			}
		}}.run()
	d2 := func(p *record.PhaseResult) (float64, bool) {
		if p.D == nil {
			return 0, false
		}
		return p.D.Mean, true
	}
	fits, err := PredictPairs(run, "probed", d2, AtHandler)
	if err != nil {
		t.Fatal(err)
	}
	f := fits[0]
	if len(fits) != 1 || len(f.Curves) != 2 || len(f.Ratios) != len(spacings) || f.Predicted.Found {
		t.Fatalf("fits %+v, want one with two curves, a ratio for each spacing and no crossing", fits)
	}
	for _, c := range f.Curves {
		if c.Inputs.Spacing != 100 {
			t.Errorf("%s: inputs from %v µs, want the widest spacing", c.MPM, c.Inputs.Spacing)
		}
		for i, p := range c.Points {
			if want := truth[c.MPM].Second(p.X*1e3) + trueHandler; exactly(p.X) != spacings[i] || !near(p.Predicted, want, 1e-9) || p.Source != (spacings[i] == "100") {
				t.Errorf("%s: point %d is %+v, want %s µs, predicted %.0f", c.MPM, i, p, spacings[i], want)
			}
		}
	}
	leader := f.Curve("leader")
	if r := leader.Residual(); r.Points != 5 || r.InSample || r.Beyond != 0 || math.Abs(r.Median) > 1e-9 || !near(r.Largest.Residual(), 0.25, 1e-6) {
		t.Errorf("residual %+v, want a median of 0 and 0.25 at most over 5 spacings", r)
	}
	sentences(t, f.Sentences()[:1], []string{
		"leader: the measured D of a pair's second connection lies within 1 % of the predicted in the median of 5 spacings, and 25 % above it (+13.0 µs) at the farthest, at 15 µs between the two, where the measured D of a pair's second connection is 65.0 [65.0, 65.0] µs and the predicted 52.0 µs.",
	})
	// The line jumps at V + G = 56 µs and changes its slope at G = 40 and 53
	// µs.
	var before, at XY
	for _, p := range leader.Sample(0, 100, 11) {
		if p.X < 56 {
			before = p
		} else if at.X == 0 {
			at = p
		}
	}
	if !near(before.X, 56, 1e-9) || !near(before.Y, 14e3, 1e-6) || !near(at.X, 56, 1e-9) || !near(at.Y, 27e3, 1e-6) {
		t.Errorf("the line goes from %v to %v at V + G, want from 14 to 27 µs at 56 µs", before, at)
	}
	if n := len(leader.Sample(0, 100, 11)); n != 17 {
		t.Errorf("%d places of the line, want 11 and 2 for each of 3 bends", n)
	}

	for i := range run.Trials {
		run.Trials[i].Phases[1].User = nil
	}
	if _, err := PredictPairs(run, "probed", d2, AtHandler); err == nil || !strings.Contains(err.Error(), "switch recorder and probe on together") {
		t.Errorf("error %v, want one that asks for recorder and probe", err)
	}
	if _, err := PredictPairs(run, "probed", d2, AtRead); err != nil {
		t.Error(err)
	}
	if _, err := PredictPairs(ratesRun(1, "1000"), "probed", d2, AtRead); err == nil || !strings.Contains(err.Error(), `no axis "spacing"`) {
		t.Errorf("error %v, want one that names the axis", err)
	}
}

// Each group is predicted by itself: a missing server in one does not affect
// the other.
func TestPredictGroups(t *testing.T) {
	run := made{axes: []record.Axis{axis("mpm", "leader", "worker"), axis("place", "free", "same", "cross"), axis("rate", "1000", "4000"), axis("idle", "default")}, blocks: 3,
		trial: func(tr *record.Trial, p *record.PhaseResult) {
			if tr.Cell["place"] == "cross" && tr.Cell["mpm"] == "leader" {
				p.Probe.D.Mean *= 2
			}
			if tr.Cell["place"] == "same" {
				p.Probe.G.Mean += 7e3
				tr.Gates[0].OK = tr.Cell["mpm"] == "leader"
			}
		}}.run()
	fits, err := Predict(run, "probed")
	if err != nil {
		t.Fatal(err)
	}
	if len(fits) != 3 || fits[0].Group != "free/default" || fits[1].Group != "same/default" || fits[2].Group != "cross/default" ||
		len(fits[0].Curves) != 2 || len(fits[1].Curves) != 1 || len(fits[2].Curves) != 2 {
		t.Fatalf("fits %+v, want free/default of two, same/default of one, cross/default of two", fits)
	}
	for i, r := range fits[0].Ratios {
		if other := fits[2].Ratios[i].Measured; !near(other.Center, 2*r.Measured.Center, 1e-9) || other.N != 3 {
			t.Errorf("ratio %v where the leader takes twice as long, %v where it does not", other, r.Measured)
		}
	}
	if g := fits[1].Curves[0].Inputs.Gap.Center - fits[0].Curves[0].Inputs.Gap.Center; !near(g, 7e3, 1e-9) {
		t.Errorf("gaps differ by %v ns, want 7000", g)
	}
	if len(fits[1].Sentences()) != 1 {
		t.Errorf("sentences %q, want the one of the leader", fits[1].Sentences())
	}
}

func TestPredictRefusesClosedLoop(t *testing.T) {
	run := made{axes: []record.Axis{axis("mpm", "leader")}, blocks: 1, trial: func(_ *record.Trial, p *record.PhaseResult) { p.OfferedRate = 0 }}.run()
	if _, err := Predict(run, "probed"); err == nil || !strings.Contains(err.Error(), "a closed loop has no rate") {
		t.Errorf("error %v, want one that speaks of the closed loop", err)
	}
	if in, err := FromRun(run, "probed"); err != nil || len(in) != 1 {
		t.Errorf("inputs %v, %v; want those of the leader, which a closed loop tells too", in, err)
	}
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		exactly(0): "0", exactly(999): "999", exactly(1000): "1,000", exactly(1234567): "1,234,567", exactly(2.5): "2.5", exactly(1000.25): "1,000.25",
		roughly(11724.76): "11,700", roughly(99_960): "100,000", roughly(7.891): "8", roughly(1_000_000): "1,000,000",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
