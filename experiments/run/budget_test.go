package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lflab/experiments/record"
	"lflab/experiments/stats"
	"lflab/experiments/suite"
)

// spread returns an invented run of that many blocks. spreads says, by the
// value of the axis "mpm", how far CPU times per request lie from their middle.
// A trial takes 1 s.
func spread(blocks, repeat int, spreads map[string]float64, rules ...suite.Rule) (*Experiment, *record.Run, *pace) {
	axes := []record.Axis{{Name: "mpm", Values: []string{"a", "b", "c"}}, {Name: "mode", Values: []string{"close", "keepalive"}}}
	m := record.Manifest{Suite: "small", Seed: 5, Repeat: repeat, Axes: axes, Phases: []record.Phase{{Name: "closed"}}, Rules: rules}
	var cells []record.Cell
	for _, mpm := range axes[0].Values {
		for _, mode := range axes[1].Values {
			cells = append(cells, record.Cell{"mpm": mpm, "mode": mode})
		}
	}
	m.Plan = record.NewPlan(cells, blocks, m.Seed)
	r := &record.Run{Manifest: m}
	for _, p := range m.Plan {
		t := record.Trial{ID: p.ID, Cell: p.Cell, Repetition: p.Repetition}
		if s, ok := spreads[p.Cell["mpm"]]; ok {
			v := 10 * (1 + s*(2*float64(p.Repetition%6)/5-1))
			t.Phases = []record.PhaseResult{{Name: "closed", Requests: 100, CPUPerRequest: v, Latency: stats.Dist{P50: 1000}}}
		} else {
			t.Failed = true
		}
		r.Trials = append(r.Trials, t)
	}
	return &Experiment{Manifest: m}, r, newPace(func(record.Cell) float64 { return 1 })
}

func labels(m *record.Manifest, round []record.Planned) string {
	var all []string
	for _, p := range round {
		all = append(all, fmt.Sprintf("%s:%d", record.Label(m.Axes, p.Cell), p.Repetition))
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestNextRound(t *testing.T) {
	same := map[string]float64{"a": 0.01, "b": 0.01, "c": 0.01}
	wideB := map[string]float64{"a": 0.02, "b": 0.2, "c": 0.01}
	ratio := suite.Rule{Kind: suite.RuleRatio, Metric: "cpu_us_per_request", ToMetric: "cpu_us_per_request", Phase: "closed", ToPhase: "closed",
		Of: suite.Match{"mpm": {"a"}}, To: suite.Match{"mpm": {"b"}}, Where: suite.Match{"mode": {"close"}}}
	ranking := suite.Rule{Kind: suite.RuleRanking, Metric: "cpu_us_per_request", ToMetric: "cpu_us_per_request", Phase: "closed", ToPhase: "closed", Axis: "mpm"}
	all := func(block int) string {
		return fmt.Sprintf("a/close:%d a/keepalive:%[1]d b/close:%[1]d b/keepalive:%[1]d c/close:%[1]d c/keepalive:%[1]d", block)
	}
	for _, c := range []struct {
		name           string
		blocks, repeat int
		spreads        map[string]float64
		rules          []suite.Rule
		left           float64
		want           string // the expected round
		why            string // or why there is none
	}{
		{"a whole block", 2, 6, same, nil, 100, all(2), ""},
		{"no interval is narrow of five", 5, 5, same, nil, 100, all(5), ""},
		{"nine of them are enough", 9, 12, same, nil, 100, "", "within 5 %"},
		{"eight are not", 8, 12, same, nil, 100, all(8), ""},
		{"as many as the suite has, if two looks are narrow", 7, 7, same, nil, 100, "", "within 5 %"},
		{"one look is not enough", 6, 6, same, nil, 100, all(6), ""},
		{"the widest", 6, 6, wideB, nil, 100, "b/close:6 b/keepalive:6", ""},
		{"the widest, although the suite has more blocks", 6, 9, wideB, nil, 5, "b/close:6 b/keepalive:6", ""},
		{"a whole block before the widest", 6, 9, wideB, nil, 6, all(6), ""},
		{"one of the widest", 6, 6, wideB, nil, 1.5, "b/close:6", ""},
		{"none fits", 6, 6, wideB, nil, 0.5, "", "no further trials fit"},
		{"with what it is compared with", 6, 6, wideB, []suite.Rule{ratio}, 100, "a/close:6 b/close:6", ""},
		{"a pair or nothing", 6, 6, wideB, []suite.Rule{ratio}, 1.5, "", "no further trials fit"},
		{"what is ranked", 6, 6, wideB, []suite.Rule{ranking}, 3, "a/close:6 b/close:6 c/close:6", ""},
		{"no rule looks at the wide ones", 9, 9, map[string]float64{"a": 0.01, "b": 0.01, "c": 0.5}, []suite.Rule{ratio}, 100, "", "within 5 %"},
		{"a cell that never counts is left alone", 9, 9, map[string]float64{"a": 0.01, "b": 0.01}, nil, 100, "", "but for 2 cells of which no trial counts"},
		{"one that did not count yet is not", 5, 5, map[string]float64{"a": 0.01, "b": 0.01}, nil, 2, "c/close:5 c/keepalive:5", ""},
	} {
		x, r, p := spread(c.blocks, c.repeat, c.spreads, c.rules...)
		round, why := x.next(r, p, c.left)
		if got := labels(&x.Manifest, round); got != c.want || (c.why == "") != (why == "") || !strings.Contains(why, c.why) {
			t.Errorf("%s: %q (%q), want %q (%q)", c.name, got, why, c.want, c.why)
		}
		again, _ := x.next(r, p, c.left)
		if !reflect.DeepEqual(again, round) {
			t.Errorf("%s: equal data give %v, then %v", c.name, round, again)
		}
		for i := range round { // pairs are of one block, and each trial has its own ID
			if round[i].ID != record.TrialID(round[i].Cell, round[i].Repetition) {
				t.Errorf("%s: %+v", c.name, round[i])
			}
		}
	}
}

func TestPace(t *testing.T) {
	p := newPace(func(c record.Cell) float64 { return map[string]float64{"a": 1, "b": 2, "c": 4}[c["mpm"]] })
	a, b, c := record.Cell{"mpm": "a"}, record.Cell{"mpm": "b"}, record.Cell{"mpm": "c"}
	check := func(cell record.Cell, want float64) {
		t.Helper()
		if got := p.trial(cell); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v takes %g s, want %g", cell, got, want)
		}
	}
	check(a, 1)
	p.learn(a, 2)
	p.learn(a, 3)
	check(a, 2.5)
	check(b, 5) // 2.5 times the estimate
	p.learn(b, 2)
	check(b, 2)
	check(c, 7) // trials estimated at 4 s in all took 7 s
	if got := p.of([]record.Planned{{Cell: a}, {Cell: b}, {Cell: b}, {Cell: c}}); math.Abs(got-13.5) > 1e-9 {
		t.Errorf("together %g s, want 13.5", got)
	}
}

func TestBudgetTooShort(t *testing.T) {
	_, err := New(openSuite(t, smallSuite), Options{Budget: 100 * time.Millisecond, NoMakeups: true, Serve: fakeCommand(t)})
	if short, ok := errors.AsType[*BudgetError](err); !ok || short.Needed < 500*time.Millisecond || short.Budget != 100*time.Millisecond {
		t.Errorf("%v", err)
	}
}

// A run with a budget grows block by block. After an interruption it goes on
// with the same plan and the rest of the budget.
func TestBudgetIsSpent(t *testing.T) {
	t.Parallel()
	_, noneLeft := pids(t)
	path, dir := writeSuite(t, smallSuite), filepath.Join(t.TempDir(), "out")
	x, err := New(openFile(t, path), Options{Dir: dir, Seed: 3, Budget: 4 * time.Second, Only: []string{"mode=close"}, NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := 4 * time.Second
	x.opts.Progress = func(p Progress) {
		if p.Budget > last || p.Done > p.Total || p.Trial == nil && p.Total != 2 {
			t.Errorf("progress %+v after %v", p, last)
		}
		last = p.Budget
		if p.Done == 5 { // the third of them is in the second block
			cancel()
		}
	}
	before, err := x.Run(ctx)
	if !errors.Is(err, ErrInterrupted) && before.Manifest.Stopped == "" {
		t.Fatal(err)
	}
	x2, err := Resume(dir, Options{NoMakeups: true, Serve: fakeCommand(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer x2.Close()
	if !reflect.DeepEqual(x2.Manifest.Plan, before.Manifest.Plan) {
		t.Errorf("the plan was\n%v, and is\n%v", before.Manifest.Plan, x2.Manifest.Plan)
	}
	r, err := x2.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	noneLeft()
	m := r.Manifest
	if m.BudgetS != 4 || m.Stopped == "" || len(r.Trials) != len(m.Plan) || !reflect.DeepEqual(m.Plan[:len(before.Manifest.Plan)], before.Manifest.Plan) {
		t.Errorf("manifest %+v, %d trials", m, len(r.Trials))
	}
	seen, sum := map[string]bool{}, 0.0
	for i, p := range m.Plan {
		if seen[p.ID] || i > 0 && p.Repetition < m.Plan[i-1].Repetition {
			t.Errorf("plan %+v", m.Plan)
		}
		seen[p.ID] = true
		sum += r.Trials[i].DurationS
	}
	for i := range before.Trials {
		if !before.Trials[i].Started.Equal(r.Trials[i].Started) {
			t.Errorf("trial %d was run again", i)
		}
	}
	if len(m.Plan) < 4 && sum < 1.5 {
		t.Errorf("%d trials in %.1f s of a budget of 4 s", len(m.Plan), sum)
	}
}
