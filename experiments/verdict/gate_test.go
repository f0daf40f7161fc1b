package verdict

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lflab/experiments/record"
	"lflab/experiments/suite"
)

// measured makes a run of three MPMs whose CPU time per request spreads by the
// given share from trial to trial. slower is the factor of leader's.
func measured(rng *rand.Rand, blocks int, spread, slower float64) *record.Run {
	run := made([]record.Axis{{Name: "mpm", Values: []string{"leader", "worker", "event"}}}, blocks, func(record.Cell, int) float64 { return 1 }, suite.Rule{})
	for i := range run.Trials {
		t := &run.Trials[i]
		cpu := 20 * math.Exp(spread*rng.NormFloat64())
		if t.Cell["mpm"] == "leader" {
			cpu *= slower
		}
		t.Phases[0].CPUPerRequest, t.Phases[0].RequestsPerSecond = cpu, 1e6/cpu
	}
	return run
}

func newGate(t *testing.T, a, b *record.Run, bounds []Bound) *Gate {
	t.Helper()
	g, err := NewGate(a, b, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGateCatchesFivePercent: with the spread that CPU time per request has in
// the reference runs, 1.5 %, a server that is 5 % slower fails a gate of 2 % in
// at least 9 of 10 pairs of runs of 12 blocks, and an unchanged one in at most
// 1 of 20, whatever the bound.
func TestGateCatchesFivePercent(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	const rounds = 100
	fails := func(slower float64, bounds ...Bound) (failed, passed int) {
		for range rounds {
			switch newGate(t, measured(rng, 12, 0.015, 1), measured(rng, 12, 0.015, slower), bounds).Result {
			case GateFailed:
				failed++
			case GatePassed:
				passed++
			}
		}
		return failed, passed
	}
	if failed, _ := fails(1.05, Bound{"", "cpu_us_per_request", 0.02}); failed < rounds*9/10 {
		t.Errorf("5 %% slower: failed in %d of %d", failed, rounds)
	}
	failed, passed := fails(1, Bound{"", "cpu_us_per_request", 0.02})
	if failed > rounds/20 || passed < rounds/2 {
		t.Errorf("unchanged: failed in %d and passed in %d of %d", failed, passed, rounds)
	}
	if failed, _ := fails(1, Bound{"", "cpu_us_per_request", 0}, Bound{"", "requests_per_second", 0}); failed > rounds/20 {
		t.Errorf("unchanged, without tolerance: failed in %d of %d", failed, rounds)
	}
	if failed, _ := fails(1/1.05, Bound{"", "cpu_us_per_request", 0.02}); failed > 0 {
		t.Errorf("5 %% faster: failed in %d of %d", failed, rounds)
	}
}

// TestGateSaysWhatItNeeds: few or wildly spread trials cannot tell.
func TestGateSaysWhatItNeeds(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	g := newGate(t, measured(rng, 9, 0.1, 1), measured(rng, 9, 0.1, 1.05), []Bound{{"", "cpu_us_per_request", 0.02}})
	if g.Result != GateUnknown || len(g.Lines) != 3 {
		t.Fatalf("%+v", g)
	}
	i := slices.IndexFunc(g.Lines, func(l GateLine) bool { return l.Blocks > 9 })
	if i < 0 {
		t.Errorf("no line says how many blocks it needs: %+v", g.Lines)
	}
	var b strings.Builder
	if err := g.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "cannot tell: leader, open, cpu_us_per_request: ") || !strings.Contains(b.String(), "blocks in each run would tell with a probability of 80 %") ||
		!strings.Contains(b.String(), "0 worse") {
		t.Errorf("%s", b.String())
	}
	if g := newGate(t, measured(rng, 3, 0.001, 1), measured(rng, 3, 0.001, 2), []Bound{{"", "cpu_us_per_request", 0.02}}); g.Result != GateUnknown {
		t.Errorf("three trials of each: %d", g.Result)
	}
	if g := newGate(t, measured(rng, 9, 0.01, 1), measured(rng, 9, 0.01, 1), []Bound{{"", "cpu_us_per_request", 0.2}, {"", "probe_H_p50_ns", 0.02}}); g.Result != GateUnknown || len(g.Lines) != 4 {
		t.Errorf("a metric that no run has, beside one that passes: %+v", g)
	}
	less := measured(rng, 9, 0.01, 1)
	less.Trials = slices.DeleteFunc(less.Trials, func(t record.Trial) bool { return t.Cell["mpm"] == "leader" })
	if g := newGate(t, measured(rng, 9, 0.01, 1), less, []Bound{{"", "cpu_us_per_request", 0.2}}); g.Result != GateUnknown {
		t.Errorf("a cell that the candidate lacks: %+v", g)
	}
	for n, want := range map[int]GateResult{2: GateUnknown, 5: GateUnknown, 9: GateFailed} {
		if g := newGate(t, measured(rng, 9, 0.001, 1), measured(rng, n, 0.001, 3), []Bound{{"", "cpu_us_per_request", 0.02}}); g.Result != want {
			t.Errorf("%d trials, three times as slow: %d, want %d", n, g.Result, want)
		}
	}
}

// TestGateOfThroughput: where higher is better, a smaller value is worse.
func TestGateOfThroughput(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	g := newGate(t, measured(rng, 12, 0.01, 1), measured(rng, 12, 0.01, 1.2), []Bound{{"", "requests_per_second", 0.05}})
	var b strings.Builder
	if err := g.Write(&b); err != nil {
		t.Fatal(err)
	}
	if g.Result != GateFailed || !strings.HasPrefix(b.String(), "worse: leader, open, requests_per_second: 1.") || strings.Count(b.String(), "worse: ") != 1 {
		t.Errorf("%s", b.String())
	}
}

// TestGateOfSome compares chosen cells and phases only.
func TestGateOfSome(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 8))
	a, b := measured(rng, 12, 0.01, 1), measured(rng, 12, 0.01, 1.2)
	for _, c := range []struct {
		bound Bound
		only  []string
		want  GateResult
		lines int
	}{
		{Bound{"open", "cpu_us_per_request", 0.05}, nil, GateFailed, 3},
		{Bound{"", "cpu_us_per_request", 0.05}, []string{"mpm=worker", "mpm=event"}, GatePassed, 2},
	} {
		if g, err := NewGate(a, b, []Bound{c.bound}, c.only); err != nil || g.Result != c.want || len(g.Lines) != c.lines {
			t.Errorf("%+v of %v: %+v, %v", c.bound, c.only, g, err)
		}
	}
	if _, err := NewGate(a, b, []Bound{{"shut", "cpu_us_per_request", 0.05}}, nil); err == nil || !strings.Contains(err.Error(), `no phase "shut"`) {
		t.Errorf("an unknown phase: %v", err)
	}
	if _, err := NewGate(a, b, nil, []string{"mpm=beauty"}); err == nil {
		t.Error("an unknown cell")
	}
}

func TestParseBound(t *testing.T) {
	if b, err := ParseBound("latency_p99_ns = 7.5 %"); err == nil {
		t.Errorf("a space in the name: %+v", b)
	}
	if b, err := ParseBound("latency_p99_ns=7.5%"); err != nil || b.Metric != "latency_p99_ns" || math.Abs(b.Share-0.075) > 1e-12 {
		t.Errorf("%+v, %v", b, err)
	}
	for _, bad := range []string{"", "cpu_us_per_request", "beauty=5%", "cpu_us_per_request=5", "cpu_us_per_request=-1%", "cpu_us_per_request=NaN%", "cpu_us_per_request=x%"} {
		if _, err := ParseBound(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Bounds([]Bound{{"", "cpu_us_per_request", 1}, {"", "cpu_us_per_request", 2}}); err == nil {
		t.Error("two bounds of one metric")
	}
}
